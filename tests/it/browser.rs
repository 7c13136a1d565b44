//! The pages in a real browser: headless Chromium, driven over WebDriver (W3C), without JavaScript of ours because there is
//! none. Screenshots lie in target/screenshots.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Client;
use serde_json::{Value, json};
use skillwire_directory::admin;
use skillwire_tests::World;
use skillwire_tests::world::{partnership, person};

/// A browser window.
struct Browser {
    driver: Child,
    client: Client,
    session: String,
    base: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn program(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

impl Browser {
    async fn open(base: &str, width: u32) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = program("SKILLWIRE_TEST_CHROMEDRIVER", "chromedriver");
        let driver = Command::new(&driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{driver} does not start ({e}); run the tests by ./tests/run"));
        // Held by the value from here on: whatever fails, the driver is ended and waited for.
        let mut browser = Self { driver, client: Client::new(), session: String::new(), base: base.to_owned() };
        let options = json!({"binary": program("SKILLWIRE_TEST_CHROMIUM", "/usr/bin/chromium"),
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", format!("--window-size={width},1000")]});
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}});
        for _ in 0..200 {
            let asked = browser.client.post(format!("http://127.0.0.1:{port}/session")).json(&wanted).send().await;
            if let Ok(answer) = asked {
                let body: Value = answer.json().await.unwrap();
                let id = body["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {body}"));
                browser.session = format!("http://127.0.0.1:{port}/session/{id}");
                return browser;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("chromedriver does not answer");
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(format!("{}{path}", self.session)).json(&body).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        assert!(body["value"]["error"].is_null(), "{path}: {body}");
        body["value"].clone()
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.session)).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["value"].as_str().unwrap_or_default().to_owned()
    }

    async fn go(&self, path: &str) {
        self.post("/url", json!({"url": format!("{}{path}", self.base)})).await;
    }

    async fn find(&self, css: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": css})).await;
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Whether the next page is there; while one page gives way to the other a script has none to run in, and that is a no.
    async fn has_arrived(&self) -> bool {
        let script = json!({"script": "return !window.isLeft && document.readyState === 'complete'", "args": []});
        let answer = self.client.post(format!("{}/execute/sync", self.session)).json(&script).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["value"] == json!(true)
    }

    /// Clicks what stays on the page.
    async fn tick(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Clicks what leads to another page, and waits for it: the page that was left is marked, the next one is not.
    async fn click(&self, css: &str) {
        self.run("window.isLeft = true").await;
        self.tick(css).await;
        for _ in 0..1_000 {
            if self.has_arrived().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{css} leads nowhere");
    }

    async fn write(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/value"), json!({"text": text})).await;
    }

    async fn text(&self) -> String {
        let element = self.find("main").await;
        self.get(&format!("/element/{element}/text")).await
    }

    /// The text of the page, once it says so: after a key, unlike after a click, the next page is not yet on its way.
    async fn until(&self, wanted: &str) -> String {
        let script = "return (document.querySelector('main') || {}).innerText || ''";
        let mut text = String::new();
        for _ in 0..250 {
            text = self.run(script).await.as_str().unwrap_or_default().to_owned();
            if text.contains(wanted) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("'{wanted}' does not come: {text}");
    }

    /// Takes a picture and checks that the page is no wider than the window.
    async fn picture(&self, name: &str) {
        let over = self.run("return document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(over.as_i64().unwrap() <= 1, "{name} is {over} pixels wider than the window");
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let image = self.get("/screenshot").await;
        let image = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, image).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), image).unwrap();
    }

    async fn sign_in(&self, world: &World, who: &str) {
        let db = world.house.db("directory");
        let of = partnership(who.split('-').next().unwrap());
        let ttl = TimeDelta::hours(1);
        let path = admin::sign_in_link(&db, &*world.house.env.ids, person(who), of, world.now(), ttl).await.unwrap();
        self.go(&path).await;
        self.click("main button").await;
        assert!(self.text().await.contains("Welcome"), "{}", self.text().await);
    }
}

#[tokio::test]
async fn an_employer_states_a_need_and_sees_what_it_became() {
    let world = World::new().await;
    let browser = Browser::open(&world.url, 1280).await;
    browser.go("/").await;
    browser.picture("welcome").await;
    browser.sign_in(&world, "kc-e1").await;
    browser.go("/submit").await;
    browser.picture("submit").await;
    browser.write("input[name=occupation]", "MIG Welder 2nd shift").await;
    browser.write("input[name=new_now]", "3").await;
    browser.write("input[name=wage_min]", "21.50").await;
    browser.write("textarea[name=required_skills]", "MIG welding\nmust love dogs").await;
    browser.click("main form button.primary").await;
    let receipt = browser.text().await;
    assert!(receipt.contains("Accepted\n1") && receipt.contains("accepted"), "{receipt}");
    world.drain().await;
    browser.go("/needs").await;
    let needs = browser.text().await;
    assert!(needs.contains("Welders, Cutters, Solderers, and Brazers") && needs.contains("must love dogs"), "{needs}");
    browser.picture("needs").await;
    browser.click("table.data a").await;
    let need = browser.text().await;
    assert!(need.contains("nothing is") && need.contains("$21.50"), "{need}");
    browser.picture("need").await;
    // Filled: one press.
    browser.go("/needs").await;
    world.pass(Duration::from_secs(5));
    browser.click("table.data form:nth-of-type(2) button").await;
    world.drain().await;
    browser.go("/needs").await;
    assert!(browser.text().await.contains("withdrawn"), "{}", browser.text().await);
    // And open again: one press, nothing typed.
    world.pass(Duration::from_secs(5));
    browser.click("table.data form button").await;
    world.drain().await;
    browser.go("/needs").await;
    let needs = browser.text().await;
    assert!(needs.contains("Filled") && !needs.contains("Open again"), "{needs}");
}

/// Keys by their WebDriver names.
const ENTER: &str = "\u{E007}";
const SPACE: &str = "\u{E00D}";

#[tokio::test]
async fn staff_decide_what_words_mean_with_the_keyboard() {
    let world = World::new().await;
    for n in 1..=3 {
        let need = json!({"needs": [{"reference": "A", "occupation": "Welder", "county": "29095",
            "openings": [{"horizon": "now", "new": 2}],
            "required_skills": ["cobot wrangling", "must love dogs", "tacking/gizmo fitting"]}]});
        let who = format!("kc-e{n}");
        let answer = world.submit(&who, &who, "application/json", need.to_string().as_bytes()).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    world.drain().await;
    let browser = Browser::open(&world.url, 1280).await;
    browser.sign_in(&world, "kc-staff").await;
    browser.go("/terms").await;
    let terms = browser.text().await;
    assert!(terms.contains("cobot wrangling") && terms.contains("Welders, Cutters"), "{terms}");
    browser.picture("terms").await;
    // Two rows are ticked and ignored in one go; meanwhile a colleague has decided about one of them.
    browser.write("input[name=pick][aria-label='Choose must love dogs']", SPACE).await;
    browser.write("input[name=pick][aria-label='Choose cobot wrangling']", SPACE).await;
    let asked = json!({"kind": "requirement", "text": "cobot wrangling", "version": 0, "note": "it is the robots",
        "answer": {"action": "map", "concept": "skillwire:industrial-robot-operation"}});
    world.call(Some("kc-staff"), reqwest::Method::POST, "/api/v1/decisions", Some(asked)).await;
    browser.write("button[name=action][value=ignore]", ENTER).await;
    let decided = browser.until("#2 asks for nothing").await;
    assert!(decided.contains("409 nothing was written") && decided.contains("it is the robots"), "{decided}");
    browser.picture("decided").await;
    world.drain().await;
    // One text on its own page: split, with the reason.
    browser.go("/terms").await;
    assert!(!browser.text().await.contains("dogs"), "{}", browser.text().await);
    browser.click("table.data a").await;
    browser.picture("term").await;
    browser.write("input[name=note]", "two jobs").await;
    browser.write("textarea[name=parts]", "tacking = skillwire:welding\ngizmo fitting").await;
    browser.write("button[value=split]", ENTER).await;
    let split = browser.until("is several: tacking; gizmo fitting").await;
    assert!(split.contains("two jobs"), "{split}");
    world.drain().await;
    browser.go("/decisions").await;
    let log = browser.text().await;
    assert!(log.contains("Person kc-staff") && log.contains("3 read again, 3 changed"), "{log}");
    browser.picture("decisions").await;
    // Undone from the text's page.
    browser.go("/terms/term?kind=requirement&text=must%20love%20dogs").await;
    browser.write("form[action='/decisions/2/undo'] button", ENTER).await;
    browser.until("undone by #4").await;
    world.drain().await;
    browser.go("/terms").await;
    assert!(browser.text().await.contains("must love dogs"));
}

#[tokio::test]
async fn a_college_subscribes_and_staff_see_everything_at_phone_width_too() {
    let world = World::new().await;
    for n in 1..=4 {
        world.need(&format!("kc-e{n}"), "W-1", "MIG Welder", "29095", n + 1).await;
    }
    world.drain().await;
    let browser = Browser::open(&world.url, 1280).await;
    browser.sign_in(&world, "kc-college").await;
    browser.go("/signals?kind=occupation").await;
    let signals = browser.text().await;
    assert!(signals.contains("Welders") && signals.contains("14"), "{signals}");
    browser.picture("signals").await;
    browser.click("table.data a").await;
    browser.picture("signal").await;
    browser.go("/subscriptions/new").await;
    browser.write("input[name=name]", "Welding").await;
    browser.tick("input[name=channels][value=stream]").await;
    browser.click("button[name=preview]").await;
    assert!(browser.text().await.contains("this brings"), "{}", browser.text().await);
    browser.picture("subscription").await;
    browser.click("form.card button.primary").await;
    assert!(browser.text().await.contains("feed."), "{}", browser.text().await);
    world.drain().await;
    browser.go("/deliveries").await;
    assert!(browser.text().await.contains("sent"), "{}", browser.text().await);
    browser.picture("deliveries").await;

    let phone = Browser::open(&world.url, 500).await;
    phone.sign_in(&world, "kc-staff").await;
    for page in [
        "/",
        "/submit",
        "/submit/upload",
        "/submit/paste",
        "/submissions",
        "/needs",
        "/terms",
        "/decisions",
        "/signals",
        "/subscriptions",
        "/deliveries",
        "/people",
        "/partnerships",
        "/tokens",
        "/docs",
    ] {
        phone.go(page).await;
        assert!(!phone.text().await.contains("Code: "), "{page}: {}", phone.text().await);
        phone.picture(&format!("phone{}", page.replace('/', "-"))).await;
    }
}
