//! Feeds: what readers of others make of them, what a cursor promises, and what an address opens.

use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use tokio::io::AsyncWriteExt;

pub(crate) const COLLEGE: &str = "kc-college";
/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn asked(paused: bool) -> Value {
    json!({"name": "Welders <here> & \"there\"", "channels": ["feed"], "cadence": "daily", "paused": paused,
        "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}})
}

/// A subscription by feed of somebody; gives its id.
pub(crate) async fn subscribed(world: &World, who: &str) -> String {
    let made = world.call(Some(who), Method::POST, "/api/v1/subscriptions", Some(asked(false))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    made.body["id"].as_str().unwrap().to_owned()
}

/// New addresses, told to their owner.
pub(crate) async fn addresses(world: &World, who: &str, id: &str) -> Value {
    let told = world.call(Some(who), Method::POST, &format!("/api/v1/feeds/{id}/address"), None).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    told.body
}

/// Welders are needed: from the third employer on each makes a revision that is told.
pub(crate) async fn welders(world: &World, employers: std::ops::RangeInclusive<u32>) {
    for n in employers {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
        world.drain().await;
    }
}

/// A world in which a feed has three entries: the world, the subscription, its addresses.
pub(crate) async fn told() -> (World, String, Value) {
    let world = World::new().await;
    let id = subscribed(&world, COLLEGE).await;
    welders(&world, 1..=5).await;
    let told = addresses(&world, COLLEGE, &id).await;
    (world, id, told)
}

pub(crate) fn text<'a>(told: &'a Value, key: &str) -> &'a str {
    told[key].as_str().unwrap()
}

pub(crate) async fn fetch(world: &World, address: &str) -> (StatusCode, Value) {
    let answer = world.client().get(address).send().await.unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// The numbers of all entries behind one.
pub(crate) async fn numbers(world: &World, told: &Value, after: i64) -> Vec<i64> {
    let (status, page) = fetch(world, &format!("{}?after={after}", text(told, "signals"))).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["entries"].as_array().unwrap().iter().map(|e| e["number"].as_i64().unwrap()).collect()
}

/// What a script of ours found in Python, with the receivers' own libraries.
async fn python(script: &str, input: &Value) -> Value {
    let folder = std::env::var("SKILLWIRE_TEST_PYTHONPATH")
        .unwrap_or_else(|_| panic!("SKILLWIRE_TEST_PYTHONPATH is not set: run the tests by ./tests/run"));
    let mut child = tokio::process::Command::new("python3")
        .arg(format!("{}/{script}", env!("CARGO_MANIFEST_DIR")))
        .env("PYTHONPATH", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn every_format_is_read_by_readers_of_others() {
    let (world, id, told) = told().await;
    world.pass(Duration::from_secs(10));
    let found = python("read_feeds.py", &told).await;
    let list = |key: &str| found[key].as_array().unwrap().clone();
    assert_eq!(found["atom"], found["json_feed"], "both say the same, under the same ids");
    assert_eq!(list("atom").len(), 3);
    let [newest, words] = [&found["atom"][0][1], &found["atom"][0][2]].map(|v| v.as_str().unwrap());
    assert!(newest.contains("Welder") && newest.contains(": 15 openings, "), "{newest}");
    assert!(words.contains("stated by 5 employers"), "{words}");
    let numbered: Vec<_> = list("log").iter().map(|entry| entry[0].as_i64().unwrap()).collect();
    assert_eq!(numbered, [1, 2, 3]);
    assert_eq!(found["log"][0][2], "skillwire.signal.published.v1");
    assert_eq!(found["atom"][0][0], format!("urn:uuid:{}", found["log"][2][1].as_str().unwrap()));
    let state = list("state");
    assert_eq!((state.len(), &state[0]["number"], &state[0]["openings"]), (1, &json!("3"), &json!("15")), "{state:?}");
    // What the deliveries say is what the feed has, and what the page shows.
    let deliveries = world.get(COLLEGE, "/api/v1/deliveries?channel=feed&state=sent").await;
    assert_eq!(deliveries["deliveries"].as_array().unwrap().len(), 3, "{deliveries}");
    let view = world.get(COLLEGE, &format!("/api/v1/feeds/{id}")).await;
    assert_eq!((&view["last"], &view["own"]), (&json!(3), &json!(true)));
    assert!(view["last_used_at"].is_string() && view["begins"].as_str().unwrap().len() == 12, "{view}");
}

#[tokio::test]
async fn a_page_of_readers_leads_to_the_next_and_the_state_is_the_newest() {
    let (world, _, told) = told().await;
    let mut found = Vec::new();
    let mut at = Some(format!("{}?limit=2", text(&told, "json_feed")));
    while let Some(address) = at {
        let (status, page) = fetch(&world, &address).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        found.extend(page["items"].as_array().unwrap().iter().map(|i| i["_skillwire"]["number"].as_i64().unwrap()));
        at = page["next_url"].as_str().map(ToOwned::to_owned);
    }
    assert_eq!(found, [3, 2, 1]);
    // Another concept: two rows of state, one a page.
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "M-1", "Machinist", "29095", 4).await;
    }
    world.drain().await;
    let (_, first) = fetch(&world, &format!("{}?view=state&limit=1", text(&told, "signals"))).await;
    let (_, second) = fetch(&world, text(&first, "next")).await;
    let revision = |page: &Value| page["entries"][0]["event"]["data"]["signal"]["revision"].as_i64().unwrap();
    assert_eq!((&first["more"], &second["more"], &second["next"]), (&json!(true), &json!(false), &Value::Null));
    assert_ne!(first["entries"][0]["event"]["subject"], second["entries"][0]["event"]["subject"]);
    let (_, all) = fetch(&world, text(&told, "signals")).await;
    let newest = all["entries"].as_array().unwrap().iter().map(|e| e["event"]["data"]["signal"]["revision"].as_i64());
    assert_eq!(revision(&first).max(revision(&second)), newest.max().flatten().unwrap());
    // Numbers that are no longer told are named as such, in every format.
    world.pass(Duration::from_secs(1));
    for n in 2..=5 {
        let need = world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
        let change = json!({"changes": [{"need": need, "action": "withdraw"}]}).to_string();
        let request = world.client().post(format!("{}/api/v1/submissions/changes", world.url));
        let request = request.bearer_auth(world.token(&format!("kc-e{n}"))).header("idempotency-key", format!("w{n}"));
        let done = request.header("content-type", "application/json").body(change).send().await.unwrap();
        assert!(done.status().is_success(), "{}", done.text().await.unwrap());
        world.drain().await;
    }
    for (format, words) in
        [("atom", "kept back"), ("json_feed", "kept back"), ("csv", "\"suppressed\",\"few_employers\",,")]
    {
        let answer = world.client().get(text(&told, format)).send().await.unwrap().text().await.unwrap();
        assert!(answer.contains(words), "{format}: {answer}");
    }
}

/// Somebody who listens.
pub(crate) struct Listening {
    body: futures::stream::BoxStream<'static, Option<Vec<u8>>>,
    read: String,
}

impl Listening {
    pub(crate) fn to(answer: Response) -> Self {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        Self {
            body: answer.bytes_stream().map(|piece| piece.ok().map(|bytes| bytes.to_vec())).boxed(),
            read: String::new(),
        }
    }

    /// What stands before the next empty line; none when the other side has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(block);
            }
            self.read.push_str(&String::from_utf8_lossy(&self.body.next().await??));
        }
    }

    /// The next event: its id and what it carries.
    pub(crate) async fn event(&mut self) -> Option<(i64, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let Some(data) = field("data:") else { continue };
            assert_eq!(field("event:"), Some("signal"), "{block}");
            return Some((field("id:").unwrap().parse().unwrap(), serde_json::from_str(data).unwrap()));
        }
    }
}

pub(crate) async fn listen(world: &World, address: &str, seen: Option<i64>) -> Response {
    let mut request = world.client().get(address);
    if let Some(seen) = seen {
        request = request.header("last-event-id", seen.to_string());
    }
    request.send().await.unwrap()
}

/// The numbers of the next events, while the loops run.
pub(crate) async fn hear(world: &World, listening: &mut Listening, count: usize) -> Vec<i64> {
    let mut found = Vec::new();
    while found.len() < count {
        let next = tokio::time::timeout(PATIENCE, world.while_it_runs(listening.event())).await.unwrap();
        found.push(next.unwrap().0);
    }
    found
}

#[tokio::test]
async fn a_listener_goes_on_where_it_was_cut_off() {
    let (world, id, told) = told().await;
    let events = text(&told, "events");
    let mut one = Listening::to(listen(&world, &format!("{events}?after=1"), None).await);
    assert!(one.block().await.unwrap().contains("retry: 2000"));
    assert_eq!(hear(&world, &mut one, 2).await, [2, 3]);
    // It is cut off; meanwhile there is news.
    drop(one);
    world.need("kc-e6", "W-1", "Welder", "29095", 3).await;
    world.drain().await;
    // A browser sends the number and keeps the address: the number wins.
    let mut one = Listening::to(listen(&world, &format!("{events}?after=1"), Some(3)).await);
    assert_eq!(hear(&world, &mut one, 1).await, [4]);
    // One who says nothing hears what is new; what is said is the stream's event.
    let mut other = Listening::to(listen(&world, events, None).await);
    world.need("kc-e6", "W-2", "Welder", "29095", 1).await;
    let (number, event) = world.while_it_runs(other.event()).await.unwrap();
    assert_eq!((number, &event["type"]), (5, &json!("skillwire.signal.published.v1")));
    assert_eq!(hear(&world, &mut one, 1).await, [5], "and nothing twice");
    let (_, page) = fetch(&world, &format!("{}?after=4", text(&told, "signals"))).await;
    assert_eq!(page["entries"][0]["event"], event);
    // An address that is replaced lets its listeners go.
    let second = addresses(&world, COLLEGE, &id).await;
    assert_eq!(tokio::time::timeout(PATIENCE, one.event()).await.unwrap(), None);
    assert_eq!(tokio::time::timeout(PATIENCE, other.event()).await.unwrap(), None);
    // What another process did (here: the row itself) is heard by the follower.
    let mut one = Listening::to(listen(&world, text(&second, "events"), None).await);
    assert!(one.block().await.is_some());
    let gone = "update deliver.feed_addresses set token_hash = null, token_prefix = null, revoked_at = now()";
    sqlx::query(gone).execute(world.house.db("deliver").pool()).await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, world.while_it_runs(one.event())).await.unwrap(), None);
}

#[tokio::test]
async fn listeners_are_bounded_hear_a_heartbeat_and_hold_no_connection() {
    let world = World::with(|s| {
        s.deliver.feed_listeners_per_feed_max = 12;
        s.deliver.feed_listeners_max = 13;
        s.deliver.feed_heartbeat_s = 1;
    })
    .await;
    let (first, second) = (subscribed(&world, COLLEGE).await, subscribed(&world, COLLEGE).await);
    let [one, other] = [addresses(&world, COLLEGE, &first).await, addresses(&world, COLLEGE, &second).await];
    let mut open = Vec::new();
    // More than there are connections to PostgreSQL.
    for _ in 0..12 {
        open.push(Listening::to(listen(&world, text(&one, "events"), None).await));
    }
    let full = listen(&world, text(&one, "events"), None).await;
    assert_eq!(full.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(full.headers().contains_key("retry-after"));
    open.push(Listening::to(listen(&world, text(&other, "events"), None).await));
    let full = listen(&world, text(&other, "events"), None).await;
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers().contains_key("retry-after"));
    world.get(COLLEGE, "/api/v1/feeds").await;
    let last = open.last_mut().unwrap();
    assert!(last.block().await.unwrap().contains(": open"));
    assert_eq!(tokio::time::timeout(PATIENCE, last.block()).await.unwrap().unwrap().trim(), ": heartbeat");
    // A place is free again when its listener is gone.
    open.clear();
    for _ in 0..500 {
        let answer = listen(&world, text(&one, "events"), None).await;
        if answer.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("places are not given back");
}
