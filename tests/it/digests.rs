//! Mails by period: what they say against the last one, their page, a test of one, how often they go.

use std::time::Duration;

use mailparse::{MailHeaderMap, ParsedMail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A subscription of totals; its id.
async fn subscribed(world: &World, cadence: &str) -> String {
    let body =
        json!({"name": "Totals", "channels": ["email"], "cadence": cadence, "predicate": {"region_levels": ["total"]}});
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    made.body["id"].as_str().unwrap().to_owned()
}

async fn welders(world: &World, openings: u32) {
    for n in 1..=4 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", openings).await;
    }
    world.drain().await;
}

/// Lets days go by, one at a time, as they do.
async fn days(world: &World, many: u32) {
    for _ in 0..many {
        world.pass(DAY);
        world.drain().await;
    }
}

fn part(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
    if mail.ctype.mimetype == kind {
        return mail.get_body().ok();
    }
    mail.subparts.iter().find_map(|inner| part(inner, kind))
}

/// (subject, text, html) of the n-th mail.
fn mail(world: &World, n: u64) -> (String, String, String) {
    let raw = world.catcher.mailbox.raw(n).unwrap_or_else(|| panic!("no mail {n}: {:?}", world.catcher.mailbox.list()));
    let parsed = mailparse::parse_mail(&raw).unwrap();
    let subject = parsed.headers.get_first_value("Subject").unwrap();
    (subject, part(&parsed, "text/plain").unwrap().replace("\r\n", "\n"), part(&parsed, "text/html").unwrap())
}

/// Sends a form as somebody who is not signed in; the status.
async fn form(world: &World, path: &str, fields: &[(String, &str)]) -> StatusCode {
    let body: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let request = world.client().post(format!("{}{path}", world.url)).body(body.join("&"));
    request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap().status()
}

async fn deliveries(world: &World) -> Vec<Value> {
    let list = world.get("kc-college", "/api/v1/deliveries?channel=email").await;
    list["deliveries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_weekly_mail_goes_once_a_week_and_says_what_changed_since_the_last_one() {
    let world = World::new().await;
    subscribed(&world, "weekly").await;
    welders(&world, 3).await;
    days(&world, 8).await;
    let (subject, text, html) = mail(&world, 1);
    assert!(subject.starts_with("New: ") && subject.ends_with(" - Totals"), "{subject}");
    assert!(text.contains("\nNEW\n") && text.contains("12 openings, now"), "{text}");
    assert!(html.contains("cid:needs"), "with a chart of the biggest needs");
    assert_eq!(world.catcher.mailbox.list().len(), 1, "once");

    // The next week has more of it, and one employer less.
    welders(&world, 5).await;
    days(&world, 3).await;
    welders(&world, 6).await;
    days(&world, 7).await;
    assert_eq!(world.catcher.mailbox.list().len(), 2, "however often it changed: one a week");
    let (subject, text, _) = mail(&world, 2);
    assert!(subject.contains(": 24 openings (+12)"), "{subject}");
    assert!(text.contains("\nGREW\n") && text.contains("24 openings (+12 since the last mail), now"), "{text}");
    assert!(!text.contains("\nNEW\n"), "{text}");

    world.need("kc-e1", "W-1", "Welder", "29095", 1).await;
    days(&world, 8).await;
    let (subject, text, _) = mail(&world, 3);
    assert!(subject.contains("(-5)") && text.contains("\nFADED\n"), "{subject}\n{text}");
}

#[tokio::test]
async fn a_mail_shows_its_picture_and_a_test_of_it_goes_to_who_asks_and_counts_for_nothing() {
    let world = World::new().await;
    subscribed(&world, "weekly").await;
    welders(&world, 3).await;
    let gathering = deliveries(&world).await.remove(0);
    assert_eq!(gathering["state"], "gathering");
    let path = format!("/deliveries/{}/mail", gathering["id"].as_str().unwrap());
    let asking = world.client().get(format!("{}{path}", world.url)).bearer_auth(world.token("kc-college"));
    let page = asking.send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let shown = page.text().await.unwrap();
    assert!(shown.contains("data:image/png;base64,") && !shown.contains("cid:"), "its picture is in it");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    let other = world.call(Some("mv-staff"), Method::GET, &path, None).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "another subscriber's mail is nobody else's");

    let test = format!("/api/v1/deliveries/{}/test", gathering["id"].as_str().unwrap());
    let other = world.call(Some("mv-staff"), Method::POST, &test, None).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let asked = world.call(Some("kc-staff"), Method::POST, &test, None).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    world.drain().await;
    let caught = world.catcher.mailbox.list();
    assert_eq!(caught.len(), 1);
    let (subject, text, _) = mail(&world, 1);
    assert!(subject.starts_with("[Test] New: "), "{subject}");
    assert!(text.contains("12 openings"), "{text}");
    let still = world.get("kc-college", "/api/v1/deliveries?channel=email").await;
    let still = still["deliveries"].as_array().unwrap().iter().find(|d| d["id"] == gathering["id"]).unwrap().clone();
    assert_eq!(still["state"], "gathering", "the mail itself goes in its time");
    days(&world, 8).await;
    let (subject, ..) = mail(&world, 2);
    assert!(subject.starts_with("New: "), "nothing counts as told by a test: {subject}");

    for _ in 0..10 {
        let again = world.call(Some("kc-staff"), Method::POST, &test, None).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    }
    let many = world.call(Some("kc-staff"), Method::POST, &test, None).await;
    assert_eq!(many.status, StatusCode::TOO_MANY_REQUESTS, "{}", many.body);
}

#[tokio::test]
async fn how_often_mail_goes_is_changed_by_the_link_in_it_without_a_sign_in() {
    let world = World::new().await;
    let id = subscribed(&world, "daily").await;
    welders(&world, 3).await;
    days(&world, 2).await;
    let (_, text, _) = mail(&world, 1);
    let link = |what: &str| {
        let at = text.find(&format!("/{what}/")).unwrap_or_else(|| panic!("{what}: {text}"));
        text[at..].split_whitespace().next().unwrap().to_owned()
    };
    let preferences = link("subscriptions/preferences");
    let shown = world.call(None, Method::GET, &preferences, None).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let shown = shown.body.as_str().unwrap();
    assert!(shown.contains("Totals") && shown.contains("value=\"daily\" selected"), "{shown}");
    let saved =
        form(&world, &preferences, &[(format!("cadence.{id}"), "monthly"), (format!("paused.{id}"), "on")]).await;
    assert_eq!(saved, StatusCode::SEE_OTHER);
    world.drain().await;
    let now = world.get("kc-college", &format!("/api/v1/subscriptions/{id}")).await;
    assert_eq!((now["cadence"].as_str(), now["paused"].as_bool()), (Some("monthly"), Some(true)), "{now}");
    let wrong = form(&world, &preferences, &[(format!("cadence.{id}"), "hourly")]).await;
    assert_eq!(wrong, StatusCode::UNPROCESSABLE_ENTITY);
    // A signature for one thing opens no other, nor another's.
    let unsubscribe = link("unsubscribe");
    let tag = |path: &str| path.rsplit('.').next().unwrap().to_owned();
    for forged in [
        format!("/subscriptions/preferences/{id}.{}", tag(&unsubscribe)),
        format!("/subscriptions/preferences/{id}"),
        format!("/subscriptions/preferences/{}.{}", uuid::Uuid::nil(), tag(&preferences)),
        format!("/unsubscribe/{id}.{}", tag(&preferences)),
    ] {
        assert_eq!(world.call(None, Method::GET, &forged, None).await.status, StatusCode::NOT_FOUND, "{forged}");
    }

    // Stopped by one click, and started again by who holds the link.
    assert_eq!(form(&world, &unsubscribe, &[("List-Unsubscribe".to_owned(), "One-Click")]).await, StatusCode::OK);
    form(&world, &preferences, &[(format!("cadence.{id}"), "daily")]).await;
    world.drain().await;
    welders(&world, 4).await;
    days(&world, 2).await;
    assert_eq!(world.catcher.mailbox.list().len(), 1, "stopped is stopped, whatever else is saved");
    assert_eq!(form(&world, &format!("{unsubscribe}/again"), &[]).await, StatusCode::OK);
    welders(&world, 5).await;
    days(&world, 2).await;
    assert_eq!(world.catcher.mailbox.list().len(), 2, "{:?}", deliveries(&world).await);
}
