//! A subscription that is paused gets nothing, whatever was gathered; what was gathered is not lost.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use skillwire_tests::sink::React;

use crate::pipeline::feed;
use crate::webhooks::{COLLEGE, deliveries, delivery, posted, step};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A subscription of totals and its path.
async fn subscribed(world: &World, channels: &[&str], cadence: &str) -> (String, Value) {
    let body =
        json!({"name": "Totals", "channels": channels, "cadence": cadence, "predicate": {"region_levels": ["total"]}});
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(body.clone())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    (format!("/api/v1/subscriptions/{}", made.body["id"].as_str().unwrap()), body)
}

async fn pause(world: &World, path: &str, body: &Value, paused: bool) {
    let mut body = body.clone();
    body["paused"] = paused.into();
    let answer = world.call(Some("kc-college"), Method::PUT, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.drain().await;
}

async fn welders(world: &World) {
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
}

/// (state, reason, signals) of each mail delivery, newest first.
async fn mails(world: &World) -> Vec<(String, String, u64)> {
    let list = world.get("kc-college", "/api/v1/deliveries?channel=email").await;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let all = list["deliveries"].as_array().unwrap();
    all.iter().map(|d| (text(&d["state"]), text(&d["reason"]), d["signals"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn what_was_gathered_before_a_pause_comes_with_the_first_mail_after_it() {
    for cadence in ["daily", "instant"] {
        let world = World::new().await;
        let (path, body) = subscribed(&world, &["email"], cadence).await;
        welders(&world).await;
        let gathered = mails(&world).await[0].2;
        assert!(gathered >= 3, "{gathered}");
        pause(&world, &path, &body, true).await;
        let held = [("held".to_owned(), "the subscription is paused".to_owned(), gathered)];
        assert_eq!(mails(&world).await, held, "{cadence}");
        // Days go by, and there is news of which a paused subscription hears nothing.
        world.pass(3 * DAY);
        world.need("kc-e4", "W-1", "Welder", "29095", 9).await;
        world.drain().await;
        assert!(world.catcher.mailbox.list().is_empty(), "{cadence}: a paused subscription got a mail");
        assert_eq!(mails(&world).await, held, "{cadence}");

        pause(&world, &path, &body, false).await;
        world.pass(DAY);
        world.drain().await;
        assert_eq!(world.catcher.mailbox.list().len(), 1, "{cadence}: one mail, once");
        let now = mails(&world).await;
        assert_eq!((now[0].0.as_str(), now[0].2), ("sent", gathered), "{cadence}: all that was gathered: {now:?}");
        let folded = ("skipped".to_owned(), "was paused; comes with the first mail after it".to_owned(), gathered);
        assert_eq!(now[1..], [folded], "{cadence}");
        let raw = world.catcher.mailbox.raw(1).unwrap();
        let text = mailparse::parse_mail(&raw).unwrap().subparts[0].get_body().unwrap();
        assert!(text.contains("18") && text.contains("4 employers"), "with what was said meanwhile: {text}");
    }
}

#[tokio::test]
async fn a_pause_that_is_over_before_the_mail_goes_changes_nothing() {
    let world = World::new().await;
    let (path, body) = subscribed(&world, &["email"], "daily").await;
    welders(&world).await;
    pause(&world, &path, &body, true).await;
    pause(&world, &path, &body, false).await;
    assert_eq!(mails(&world).await[0].0, "gathering");
    world.pass(DAY);
    world.drain().await;
    let now = mails(&world).await;
    assert_eq!((now.len(), now[0].0.as_str(), world.catcher.mailbox.list().len()), (1, "sent", 1));
}

#[tokio::test]
async fn an_ended_subscription_gets_no_mail_and_no_channel_it_left() {
    let world = World::new().await;
    let (path, mut body) = subscribed(&world, &["email", "stream"], "daily").await;
    welders(&world).await;
    body["channels"] = json!(["stream"]);
    pause(&world, &path, &body, false).await;
    let (state, reason, _) = mails(&world).await.remove(0);
    assert_eq!((state.as_str(), reason.as_str()), ("skipped", "no longer wanted by this channel"));

    let (path, _) = subscribed(&world, &["email"], "daily").await;
    world.drain().await;
    assert_eq!(mails(&world).await[0].0, "gathering");
    let gone = world.call(Some("kc-college"), Method::DELETE, &path, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    world.drain().await;
    world.pass(2 * DAY);
    world.drain().await;
    let (state, reason, _) = mails(&world).await.remove(0);
    assert_eq!((state.as_str(), reason.as_str()), ("skipped", "the subscription was ended"));
    assert!(world.catcher.mailbox.list().is_empty());
}

#[tokio::test]
async fn what_is_routed_before_route_knows_of_the_pause_waits_too() {
    let world = World::new().await;
    let (path, body) = subscribed(&world, &["email", "stream"], "daily").await;
    world.drain().await;
    // Deliver knows of the pause, route not yet: what a request on its way meets.
    let paused =
        sqlx::query("update deliver.subscriptions set paused = true").execute(&world.house.pool).await.unwrap();
    assert_eq!(paused.rows_affected(), 1);
    welders(&world).await;
    world.pass(2 * DAY);
    world.drain().await;
    assert!(feed(&world).await.is_empty() && world.catcher.mailbox.list().is_empty());
    let list = world.get("kc-college", "/api/v1/deliveries").await;
    assert!(list["deliveries"].as_array().unwrap().iter().all(|d| d["state"] == "held"), "{list}");

    pause(&world, &path, &body, false).await;
    assert!(feed(&world).await.len() >= 3);
    world.pass(DAY);
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1);
}

#[tokio::test]
async fn a_paused_webhook_gets_tests_only_and_what_waited_when_it_is_resumed() {
    let (world, sink, id) = posted(&[React::Say(500, "")]).await;
    let pause = async |paused: bool| {
        let asked = json!({"name": "Hook", "channels": ["webhook"], "webhook_url": sink.url(), "cadence": "daily",
            "paused": paused, "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}});
        let path = format!("/api/v1/subscriptions/{id}");
        let answer = world.call(Some(COLLEGE), Method::PUT, &path, Some(asked)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        world.drain().await;
    };
    pause(true).await;
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["reason"].as_str()), (Some("held"), Some("the subscription is paused")));
    step(&world, 3_600).await;
    // One that was on its way when it was paused, and failed: it waits, but for the end of the pause.
    let set = "update deliver.deliveries set state = $1 where channel = 'webhook' and state = $2";
    let pool = world.house.db("deliver").pool().clone();
    let back = async |to: &str, from: &str| sqlx::query(set).bind(to).bind(from).execute(&pool).await.unwrap();
    assert_eq!(back("waiting", "held").await.rows_affected(), 1);
    step(&world, 3_600).await;
    assert_eq!(sink.taken().len(), 1, "nothing is posted while it is paused");
    let test = world.call(Some(COLLEGE), Method::POST, &format!("/api/v1/webhooks/{id}/test"), None).await;
    assert_eq!(test.status, StatusCode::ACCEPTED);
    world.drain().await;
    let types: Vec<Value> = sink.taken().iter().map(|t| serde_json::from_slice(&t.body).unwrap()).collect();
    assert_eq!((types.len(), types[1]["type"].as_str()), (2, Some("skillwire.webhook.test.v1")));

    assert_eq!(back("held", "waiting").await.rows_affected(), 1);
    pause(false).await;
    let ids: Vec<String> = sink.taken().iter().map(|t| t.headers["webhook-id"].clone()).collect();
    assert_eq!((ids.len(), &ids[2]), (3, &ids[0]), "what waited is posted, with its id");
    assert!(deliveries(&world).await.iter().all(|d| d["state"] == "sent"));
}

#[tokio::test]
async fn its_owner_is_told_that_it_is_off_though_it_is_paused_meanwhile() {
    let (world, sink, id) = posted(&[React::Say(410, "")]).await;
    // The notice has not left yet: the mail server was away, say.
    let pool = world.house.db("deliver").pool().clone();
    let unsent = "update deliver.deliveries set state = 'waiting', due_at = $1 where channel = 'email'";
    let later = world.now() + chrono::TimeDelta::hours(1);
    assert_eq!(sqlx::query(unsent).bind(later).execute(&pool).await.unwrap().rows_affected(), 1);
    let before = world.catcher.mailbox.list().len();
    let asked =
        json!({"name": "Hook", "channels": ["webhook"], "webhook_url": sink.url(), "cadence": "daily", "paused": true});
    let answer = world.call(Some(COLLEGE), Method::PUT, &format!("/api/v1/subscriptions/{id}"), Some(asked)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.drain().await;
    step(&world, 3_601).await;
    assert_eq!(world.catcher.mailbox.list().len(), before + 1, "a notice is no signal");
}
