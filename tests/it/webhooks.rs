//! Webhooks against a real receiver on loopback: what it is sent, how it is told apart, and what becomes of each fault.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use skillwire_tests::sink::{React, Sink, Taken};

pub(crate) const COLLEGE: &str = "kc-college";

/// A subscription by webhook to one signal: the welders of the whole partnership. Gives its id.
async fn subscribed(world: &World, sink: &Sink) -> String {
    let asked = json!({"name": "Hook", "channels": ["webhook"], "webhook_url": sink.url(), "cadence": "daily",
        "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}});
    let made = world.call(Some(COLLEGE), Method::POST, "/api/v1/subscriptions", Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    made.body["id"].as_str().unwrap().to_owned()
}

async fn secret(world: &World, id: &str) -> String {
    let told = world.call(Some(COLLEGE), Method::POST, &format!("/api/v1/webhooks/{id}/secret"), None).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    told.body["secret"].as_str().unwrap().to_owned()
}

async fn employers_need_welders(world: &World) {
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
}

/// A world with one webhook delivery on its way to a sink that was planned before.
pub(crate) async fn posted(reactions: &[React]) -> (World, Sink, String) {
    let (world, sink) = (World::new().await, Sink::start().await);
    let id = subscribed(&world, &sink).await;
    secret(&world, &id).await;
    sink.plan(reactions);
    employers_need_welders(&world).await;
    (world, sink, id)
}

pub(crate) async fn deliveries(world: &World) -> Vec<Value> {
    world.get(COLLEGE, "/api/v1/deliveries?channel=webhook").await["deliveries"].as_array().unwrap().clone()
}

/// The one delivery, with its attempts.
pub(crate) async fn delivery(world: &World) -> Value {
    let all = deliveries(world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    world.get(COLLEGE, &format!("/api/v1/deliveries/{}", all[0]["id"].as_str().unwrap())).await
}

async fn webhook(world: &World, id: &str) -> Value {
    world.get(COLLEGE, &format!("/api/v1/webhooks/{id}")).await
}

pub(crate) async fn step(world: &World, seconds: u64) {
    world.pass(Duration::from_secs(seconds));
    world.drain().await;
}

/// What the `standardwebhooks` library of PyPI says: the event's type, or why it is not ours.
fn verify(secret: &str, taken: &Taken, now: i64) -> Result<String, String> {
    let given = json!({"secret": secret, "headers": taken.headers, "body": String::from_utf8(taken.body.clone()).unwrap(), "now": now});
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify_webhook.py");
    let folder = std::env::var("SKILLWIRE_TEST_PYTHONPATH")
        .unwrap_or_else(|_| panic!("SKILLWIRE_TEST_PYTHONPATH is not set: run the tests by ./tests/run"));
    let mut child = Command::new("python3")
        .arg(script)
        .env("PYTHONPATH", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[tokio::test]
async fn a_post_is_verified_by_another_languages_library() {
    let (world, sink) = (World::new().await, Sink::start().await);
    let id = subscribed(&world, &sink).await;
    employers_need_welders(&world).await;
    assert!(sink.taken().is_empty(), "nothing leaves before its receiver can verify it");
    assert_eq!(webhook(&world, &id).await["waiting"], 1);
    let secret = secret(&world, &id).await;
    world.drain().await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 1);
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["tries"].as_i64()), (Some("sent"), Some(1)), "{one}");
    assert_eq!(taken[0].headers["webhook-id"], one["id"].as_str().unwrap());
    assert_eq!(taken[0].headers["content-type"], "application/json");
    assert_eq!(taken[0].line, "POST /hook?key=k HTTP/1.1");
    assert!(taken[0].body.len() < 20_000);
    let now = world.now().timestamp();
    assert_eq!(verify(&secret, &taken[0], now).as_deref(), Ok("skillwire.signal.published.v1"));
    // The library's own tolerance: the time of the attempt is signed, and an old capture is refused.
    assert!(verify(&secret, &taken[0], now + 3_600).unwrap_err().contains("too old"));
    let mut forged = taken[0].clone();
    let text = String::from_utf8(forged.body.clone()).unwrap().replace("\"openings_new\":9", "\"openings_new\":99");
    assert_ne!(text.as_bytes(), &forged.body[..], "there is something to forge");
    forged.body = text.into_bytes();
    assert!(verify(&secret, &forged, now).unwrap_err().contains("No matching signature"));
    let mut renamed = taken[0].clone();
    renamed.headers.insert("webhook-id".to_owned(), "another".to_owned());
    assert!(verify(&secret, &renamed, now).is_err());
}

#[tokio::test]
async fn during_a_rotation_either_secret_verifies() {
    let (world, sink, id) = posted(&[]).await;
    let first = secret(&world, &id).await;
    let second = secret(&world, &id).await;
    let view = webhook(&world, &id).await;
    assert!(view["previous_secret_until"].is_string() && !view.to_string().contains("whsec_"), "{view}");
    world.need("kc-e4", "W-1", "Welder", "29095", 5).await;
    world.drain().await;
    let taken = sink.taken().pop().unwrap();
    assert_eq!(taken.headers["webhook-signature"].split(' ').count(), 2);
    let now = world.now().timestamp();
    assert!(verify(&first, &taken, now).is_ok() && verify(&second, &taken, now).is_ok());
    step(&world, 24 * 3_600 + 1).await;
    world.need("kc-e5", "W-1", "Welder", "29095", 5).await;
    world.drain().await;
    let (taken, now) = (sink.taken().pop().unwrap(), world.now().timestamp());
    assert!(verify(&first, &taken, now).is_err(), "a day later the former one is no more");
    assert!(verify(&second, &taken, now).is_ok());
    let kept: Vec<u8> = sqlx::query_scalar("select secret from deliver.endpoints")
        .fetch_one(world.house.db("deliver").pool())
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("whsec"), "sealed at rest");
}

#[tokio::test]
async fn every_answer_but_2xx_is_tried_again_by_the_schedule_with_one_id() {
    let plan = [React::Say(500, ""), React::Fall, React::Silence, React::Say(302, "location: http://127.0.0.1:1/\r\n")];
    let (world, sink, _) = posted(&plan).await;
    let mut states = vec![delivery(&world).await];
    // 5 s, 5 min, 30 min, 2 h, each a fifth later at most; a moment before, nothing happens.
    for wait in [5, 300, 1_800, 7_200] {
        let before = sink.taken().len();
        step(&world, wait - 1).await;
        assert_eq!(sink.taken().len(), before, "not before {wait} s");
        step(&world, 1 + wait / 5 + 1).await;
        assert_eq!(sink.taken().len(), before + 1, "after {wait} s");
        states.push(delivery(&world).await);
    }
    let seen: Vec<&str> = states.iter().map(|d| d["state"].as_str().unwrap()).collect();
    assert_eq!(seen, ["waiting", "waiting", "waiting", "waiting", "sent"]);
    let last = states.last().unwrap();
    assert_eq!((last["tries"].as_i64(), last["uncertain"].as_i64()), (Some(5), Some(2)), "{last}");
    let outcomes: Vec<&str> =
        last["attempts"].as_array().unwrap().iter().rev().map(|a| a["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["temporary", "uncertain", "uncertain", "temporary", "sent"]);
    let taken = sink.taken();
    assert!(taken.iter().all(|t| t.headers["webhook-id"] == last["id"].as_str().unwrap()), "one id");
    assert!(taken.windows(2).all(|w| w[0].body == w[1].body), "the same words");
    let times: Vec<i64> = taken.iter().map(|t| t.headers["webhook-timestamp"].parse().unwrap()).collect();
    assert!(times.windows(2).all(|w| w[1] - w[0] >= 5), "each attempt has its own time: {times:?}");
}

#[tokio::test]
async fn an_endpoint_that_asks_for_time_gets_it() {
    for status in [429, 503] {
        let (world, sink, id) = posted(&[React::Say(status, "retry-after: 200\r\n")]).await;
        assert_eq!(webhook(&world, &id).await["breaker"], "open");
        world.need("kc-e4", "W-1", "Welder", "29095", 5).await;
        step(&world, 190).await;
        assert_eq!(sink.taken().len(), 1, "{status}: neither this one nor another before its time");
        step(&world, 11).await;
        world.drain().await;
        let states: Vec<Value> = deliveries(&world).await;
        assert!(states.iter().all(|d| d["state"] == "sent"), "{states:?}");
        assert_eq!(sink.taken().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn gone_switches_it_off_and_its_owner_is_told_and_may_replay() {
    let (world, sink, id) = posted(&[React::Say(410, "")]).await;
    let view = webhook(&world, &id).await;
    assert_eq!(view["state"], "disabled");
    assert!(view["reason"].as_str().unwrap().contains("410"), "{view}");
    world.drain().await;
    let mails = world.catcher.mailbox.list();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("kc-college@people.example", "Your webhook for Hook was switched off")
    );
    let raw = String::from_utf8(world.catcher.mailbox.raw(mails[0].id).unwrap()).unwrap();
    assert!(!raw.contains("key=k"), "the address may hold a secret: it is not mailed");
    world.need("kc-e4", "W-1", "Welder", "29095", 5).await;
    world.drain().await;
    assert_eq!(sink.taken().len(), 1, "nothing more is posted");
    assert!(deliveries(&world).await.iter().all(|d| d["state"] == "failed"), "and what was not is told");
    let replay = json!({"since": "2026-11-24T00:00:00Z"});
    let path = |what: &str| format!("/api/v1/webhooks/{id}/{what}");
    let refused = world.call(Some(COLLEGE), Method::POST, &path("replay"), Some(replay.clone())).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let enabled = world.call(Some(COLLEGE), Method::POST, &path("enable"), None).await;
    assert_eq!(enabled.status, StatusCode::NO_CONTENT, "{}", enabled.body);
    let replayed = world.call(Some(COLLEGE), Method::POST, &path("replay"), Some(replay)).await;
    assert_eq!(replayed.body["deliveries"], 2, "{}", replayed.body);
    world.drain().await;
    let all = deliveries(&world).await;
    assert!(all.iter().all(|d| d["state"] == "sent"), "{all:?}");
    let ids: Vec<String> = sink.taken().iter().map(|t| t.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.iter().filter(|id| **id == ids[0]).count(), 2, "the replay of the first has its id: {ids:?}");
    assert_eq!(world.catcher.mailbox.list().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_fails_is_left_alone_and_after_five_days_switched_off() {
    let (world, sink, id) = posted(&[]).await;
    sink.otherwise(React::Say(500, ""));
    // Six signals more: the first that fails lets only one through at a time, the fifth failure opens the breaker.
    for n in 1..=6 {
        world.need(&format!("kc-e{n}"), "W-2", "Welder", "29095", 3 + n).await;
        world.drain().await;
    }
    let view = webhook(&world, &id).await;
    assert_eq!((view["breaker"].as_str(), view["failures"].as_i64()), (Some("open"), Some(5)), "{view}");
    let before = sink.taken().len();
    step(&world, 20).await;
    assert_eq!(sink.taken().len(), before, "left alone");
    // Who asks by hand gets one through at once.
    let test = world.call(Some(COLLEGE), Method::POST, &format!("/api/v1/webhooks/{id}/test"), None).await;
    assert_eq!(test.status, StatusCode::ACCEPTED);
    world.drain().await;
    assert_eq!(sink.taken().len(), before + 1, "one, and it failed");
    let before = before + 1;
    step(&world, 59).await;
    assert_eq!(sink.taken().len(), before, "twice as long");
    step(&world, 14).await;
    assert_eq!(sink.taken().len(), before + 1, "one probe");
    assert_eq!(webhook(&world, &id).await["failures"], 7);
    // One success closes it and lets the others through.
    sink.otherwise(React::Say(204, ""));
    step(&world, 3_600).await;
    assert_eq!(webhook(&world, &id).await["breaker"], "closed");
    assert!(deliveries(&world).await.iter().all(|d| d["state"] == "sent"));
    // Five days of failure.
    sink.otherwise(React::Say(500, ""));
    for day in 0..6 {
        let off = webhook(&world, &id).await["state"] == "disabled";
        assert_eq!(off, day > 5, "day {day}");
        world.need("kc-e1", &format!("D-{day}"), "Welder", "29095", 3).await;
        step(&world, 24 * 3_600).await;
    }
    step(&world, 3_600).await;
    let view = webhook(&world, &id).await;
    assert!(
        view["state"] == "disabled" && view["reason"].as_str().unwrap().contains("nothing was taken since"),
        "{view}"
    );
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1, "its owner is told, once");
    assert!(deliveries(&world).await.iter().all(|d| ["sent", "failed"].contains(&d["state"].as_str().unwrap())));
}

#[tokio::test]
async fn a_process_that_dies_while_it_posts_leaves_it_uncertain_and_it_goes_again() {
    let (world, sink, id) = posted(&[]).await;
    let pool = world.house.db("deliver").pool().clone();
    // What a kill -9 after the claim leaves behind.
    let delivery_id = delivery(&world).await["id"].as_str().unwrap().to_owned();
    let dead =
        "with d as (update deliver.deliveries set state = 'handing_over', tries = 2, sent_at = null, lease_until = $1
             where channel = 'webhook' returning id)
         insert into deliver.attempts (id, delivery, number, began_at, phase)
         select 'f0000000-0000-0000-0000-000000000000', id, 2, $1, 'handing_over' from d";
    sqlx::query(dead).bind(world.now() + chrono::TimeDelta::seconds(300)).execute(&pool).await.unwrap();
    step(&world, 299).await;
    assert_eq!(sink.taken().len(), 1, "its lease runs");
    step(&world, 2).await;
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["uncertain"].as_i64()), (Some("waiting"), Some(1)), "{one}");
    step(&world, 3_600).await;
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["tries"].as_i64()), (Some("sent"), Some(3)), "{one}");
    assert_eq!(sink.taken()[1].headers["webhook-id"], delivery_id);
    assert_eq!(webhook(&world, &id).await["failures"], 0, "the endpoint is not to blame");
}

#[tokio::test]
async fn tests_replays_and_secrets_are_for_those_who_may() {
    let (world, sink, id) = posted(&[]).await;
    let path = |what: &str| format!("/api/v1/webhooks/{id}/{what}");
    let status = async |who: &'static str, what: &str, body: Option<Value>| {
        world.call(Some(who), Method::POST, &path(what), body).await.status.as_u16()
    };
    let since = json!({"since": "2026-11-24T00:00:00Z", "all": true});
    let one = delivery(&world).await["id"].as_str().unwrap().to_owned();
    let again = format!("deliveries/{one}/replay");
    for what in ["secret", "test", "enable", "replay", &again] {
        let body = (what == "replay").then(|| since.clone());
        assert_eq!(status("mv-staff", what, body.clone()).await, 404, "{what} as another partnership's staff");
        assert_eq!(status("mv-college", what, body.clone()).await, 404, "{what} as another's subscriber");
        assert_eq!(status("kc-e1", what, body).await, 403, "{what} as an employer");
    }
    assert_eq!(status("kc-staff", "secret", None).await, 403, "staff may help, not speak in its name");
    let seen = world.get("kc-staff", &format!("/api/v1/webhooks/{id}")).await;
    assert!(seen["own"] == false && !seen["url"].as_str().unwrap().contains("key="), "{seen}");
    assert_eq!(status("kc-staff", "test", None).await, 202);
    assert_eq!(status(COLLEGE, &again, None).await, 204);
    world.drain().await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 3);
    assert_eq!(taken.iter().filter(|t| t.headers["webhook-id"] == one).count(), 2, "a replay has the id of the first");
    let test = taken.iter().find(|t| t.headers["webhook-id"] != one).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&test.body).unwrap()["type"], "skillwire.webhook.test.v1");
    assert_eq!(world.call(Some(COLLEGE), Method::POST, &path("replay"), Some(since)).await.body["deliveries"], 1);
    for _ in 0..9 {
        assert_eq!(status(COLLEGE, "test", None).await, 202);
    }
    assert_eq!(status(COLLEGE, "test", None).await, 429, "a test is a call that somebody else bears");
    world.drain().await;
    // The subscription ends: its endpoint and secret are no more, and nothing is posted.
    let count = sink.taken().len();
    world.need("kc-e4", "W-1", "Welder", "29095", 5).await;
    let ended = world.call(Some(COLLEGE), Method::DELETE, &format!("/api/v1/subscriptions/{id}"), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    world.drain().await;
    assert_eq!(status(COLLEGE, "test", None).await, 404);
    let secrets: i64 = sqlx::query_scalar("select count(*) from deliver.endpoints where secret is not null")
        .fetch_one(world.house.db("deliver").pool())
        .await
        .unwrap();
    assert_eq!((sink.taken().len(), secrets), (count, 0));
}

#[tokio::test]
async fn an_address_of_ours_is_refused_when_the_subscription_is_made() {
    let world = World::new().await;
    for url in
        ["http://127.0.0.2/", "https://2130706434/", "https://[::1]/", "https://10.0.0.8/", "ftp://example.org/", ""]
    {
        let asked = json!({"name": "Hook", "channels": ["webhook"], "webhook_url": url, "cadence": "daily"});
        let made = world.call(Some(COLLEGE), Method::POST, "/api/v1/subscriptions", Some(asked)).await;
        assert_eq!(made.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}: {}", made.body);
        assert_eq!(made.body["errors"][0]["field"], "webhook_url", "{url}");
    }
}
