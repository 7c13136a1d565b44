//! What operators see and do: who got what and why, deliveries by hand, dead letters.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_deliver::catcher::Fault;
use skillwire_tests::sink::React;
use skillwire_tests::world::person;
use skillwire_tests::{Answer, World};

use crate::commands::{run, well};
use crate::pipeline::feed;
use crate::webhooks;

const STAFF: &str = "kc-staff";
const COLLEGE: &str = "kc-college";

async fn post(world: &World, path: &str, body: Option<Value>) -> Answer {
    world.call(Some(STAFF), Method::POST, &format!("/api/v1/deliveries/{path}"), body).await
}

fn at_once() -> Value {
    json!({"name": "At once", "channels": ["email", "stream"], "cadence": "instant",
        "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}})
}

/// The college is told at once, by a mail that is gathered and by stream.
async fn subscribed(world: &World) {
    let made = world.call(Some(COLLEGE), Method::POST, "/api/v1/subscriptions", Some(at_once())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
}

async fn mail(world: &World) -> Value {
    let list = world.get(STAFF, "/api/v1/deliveries?channel=email").await;
    assert_eq!(list["deliveries"].as_array().unwrap().len(), 1, "{list}");
    let id = list["deliveries"][0]["id"].as_str().unwrap();
    world.get(STAFF, &format!("/api/v1/deliveries/{id}")).await
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failed_mail_is_retried_and_a_sent_one_sent_again_with_the_same_id() {
    let world = World::new().await;
    subscribed(&world).await;
    // Of us, not of the address: that one would be left alone.
    world.catcher.faults.plan(Fault::Policy571, 1);
    world.pass(Duration::from_secs(61));
    world.drain().await;
    let failed = mail(&world).await;
    assert_eq!((failed["state"].as_str(), &failed["allowed"]), (Some("failed"), &json!(["retry"])), "{failed}");
    assert_eq!(failed["who"], json!(null), "one's own page names nobody");
    let of = id(&failed);

    for wrong in ["skip", "resend"] {
        let no = post(&world, &format!("{of}/{wrong}"), Some(json!({"reason": "x"}))).await;
        assert_eq!(no.status, StatusCode::CONFLICT, "{}", no.body);
        assert_eq!((no.body["code"].as_str(), &no.body["allowed"]), (Some("state"), &json!(["retry"])), "{}", no.body);
    }
    assert_eq!(post(&world, &format!("{of}/retry"), None).await.status, StatusCode::NO_CONTENT);
    world.drain().await;
    assert_eq!(mail(&world).await["state"], "sent");
    assert_eq!(post(&world, &format!("{of}/retry"), None).await.status, StatusCode::CONFLICT);
    assert_eq!(post(&world, &format!("{of}/resend"), None).await.status, StatusCode::NO_CONTENT);
    // Somebody thinks better of it: but it has left once, and is not called skipped.
    let no = post(&world, &format!("{of}/skip"), Some(json!({"reason": "x"}))).await;
    assert_eq!((no.status, &no.body["allowed"]), (StatusCode::CONFLICT, &json!(["retry"])), "{}", no.body);
    world.drain().await;

    let mails = world.catcher.mailbox.list();
    assert_eq!(mails.len(), 2, "the retry and the repeat");
    assert_eq!(mails[0].message_id, mails[1].message_id, "its receiver can tell that it is the same");
    let sent = mail(&world).await;
    assert_eq!((sent["state"].as_str(), sent["resends"].as_u64()), (Some("sent"), Some(1)), "{sent}");
    let actions: Vec<(&str, &str, &str)> = sent["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["action"].as_str().unwrap(), a["was"].as_str().unwrap(), a["person"].as_str().unwrap()))
        .collect();
    let staff = person(STAFF).to_string();
    assert_eq!(actions, [("resend", "sent", staff.as_str()), ("retry", "failed", staff.as_str())], "who did what");
    let own = world.get(COLLEGE, &format!("/api/v1/deliveries/{of}")).await;
    assert_eq!(own["actions"], json!([]), "staff's doings are for staff: {own}");
    // Another partnership's staff find nothing to act on.
    let other = world.call(Some("mv-staff"), Method::POST, &format!("/api/v1/deliveries/{of}/resend"), None).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_has_not_left_is_skipped_with_a_reason_and_who_said_stop_gets_nothing_by_hand() {
    let world = World::new().await;
    subscribed(&world).await;
    let gathered = mail(&world).await;
    assert_eq!(gathered["allowed"], json!(["send", "skip"]), "{gathered}");
    let of = id(&gathered);
    let without = post(&world, &format!("{of}/skip"), Some(json!({"reason": " "}))).await;
    assert_eq!((without.status, without.body["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("reason")));
    let skipped = post(&world, &format!("{of}/skip"), Some(json!({"reason": "a test of ours"}))).await;
    assert_eq!(skipped.status, StatusCode::NO_CONTENT, "{}", skipped.body);
    world.pass(Duration::from_secs(3_600));
    world.drain().await;
    let after = mail(&world).await;
    assert_eq!(after["state"], "skipped");
    assert_eq!(after["reason"], "skipped by hand: a test of ours");
    assert!(world.catcher.mailbox.list().is_empty());

    let world = World::new().await;
    subscribed(&world).await;
    world.catcher.faults.plan(Fault::No550, 1);
    world.pass(Duration::from_secs(61));
    world.drain().await;
    let failed = mail(&world).await;
    let pool = world.house.db("deliver").pool().clone();
    let sql = "insert into deliver.unsubscribed select subscription, created_at from deliver.deliveries where channel = 'email'";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let no = post(&world, &format!("{}/retry", id(&failed)), None).await;
    assert_eq!(no.status, StatusCode::CONFLICT, "{}", no.body);
    assert!(no.body["detail"].as_str().unwrap().contains("unsubscribed"), "{}", no.body);
    world.drain().await;
    assert!(world.catcher.mailbox.list().is_empty());
}

#[tokio::test]
async fn a_webhook_sent_again_has_its_webhook_id() {
    let (world, sink, _) = webhooks::posted(&[]).await;
    let of = id(&webhooks::delivery(&world).await);
    assert_eq!(post(&world, &format!("{of}/resend"), None).await.status, StatusCode::NO_CONTENT);
    world.drain().await;
    let ids: Vec<String> = sink.taken().iter().map(|taken| taken.headers["webhook-id"].clone()).collect();
    assert_eq!(ids, [of.clone(), of], "twice the same");
    assert_eq!(webhooks::delivery(&world).await["resends"], 1);
}

#[tokio::test]
async fn many_are_done_with_once_their_number_is_confirmed() {
    let world = World::new().await;
    subscribed(&world).await;
    let ask = |confirm: Option<usize>| json!({"action": "resend", "filter": {"channel": "stream", "state": "sent"}, "confirm": confirm});
    let asked = post(&world, "bulk", Some(ask(None))).await;
    let count = asked.body["matching"].as_u64().unwrap();
    assert!(count >= 1 && asked.body["done"] == false, "{}", asked.body);
    let other = post(&world, "bulk", Some(ask(Some(99)))).await;
    assert_eq!((other.status, other.body["matching"].as_u64()), (StatusCode::CONFLICT, Some(count)), "{}", other.body);
    let resent = async || world.get(STAFF, "/api/v1/deliveries/summary").await["resent"].as_u64().unwrap();
    assert_eq!(resent().await, 0, "nothing was done before it was confirmed");
    let done = post(&world, "bulk", Some(ask(Some(usize::try_from(count).unwrap())))).await;
    assert_eq!((done.status, done.body["done"].as_bool()), (StatusCode::OK, Some(true)), "{}", done.body);
    assert_eq!(resent().await, count);
    world.drain().await;
    let sent = world.get(STAFF, "/api/v1/deliveries/summary?channel=stream&state=sent").await;
    assert_eq!(sent["deliveries"].as_u64(), Some(count), "{sent}");
    let bad = post(&world, "bulk", Some(json!({"action": "send"}))).await;
    assert_eq!((bad.status, bad.body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("action")));
}

#[tokio::test]
async fn filters_counts_and_exports_say_the_same_and_what_is_held_waits() {
    let world = World::new().await;
    subscribed(&world).await;
    let all = world.get(STAFF, "/api/v1/deliveries").await;
    let all = all["deliveries"].as_array().unwrap();
    assert!(all.iter().all(|d| d["who"] == "Person kc-college" && !d["next"].as_str().unwrap().is_empty()), "{all:?}");
    let summary = world.get(STAFF, "/api/v1/deliveries/summary").await;
    assert_eq!(summary["deliveries"].as_u64().unwrap(), all.len() as u64, "{summary}");
    assert_eq!(summary["waiting"], 1, "the mail is being gathered: {summary}");

    let stream = all.iter().find(|d| d["channel"] == "stream").unwrap();
    let subscription = stream["subscription"].as_str().unwrap();
    for (filter, expected) in [
        (format!("subscription={subscription}"), all.len()),
        (format!("person={}", person(COLLEGE)), all.len()),
        (format!("person={}", person(STAFF)), 0),
        ("since=2026-11-24&until=2026-11-24".to_owned(), all.len()),
        ("until=2026-11-23".to_owned(), 0),
        ("state=gathering".to_owned(), 1),
        (format!("period={}", stream["period"].as_str().unwrap()), 1),
    ] {
        let list = world.get(STAFF, &format!("/api/v1/deliveries?{filter}")).await;
        assert_eq!(list["deliveries"].as_array().unwrap().len(), expected, "{filter}");
        let lines = world.get(STAFF, &format!("/deliveries.jsonl?{filter}")).await;
        let lines = match &lines {
            // One line alone is read as JSON.
            Value::String(text) => text.lines().count(),
            _ => 1,
        };
        assert_eq!(lines, expected, "{filter}");
        let csv = world.get(STAFF, &format!("/deliveries.csv?{filter}")).await;
        assert_eq!(csv.as_str().unwrap().lines().count(), expected + 1, "{filter}");
    }
    let bad = world.call(Some(STAFF), Method::GET, "/api/v1/deliveries?since=yesterday", None).await;
    assert_eq!((bad.status, bad.body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("filter")));
    // A subscriber who asks for another person's gets their own.
    let own = world.get(COLLEGE, &format!("/api/v1/deliveries?person={}", person(STAFF))).await;
    assert_eq!(own["deliveries"].as_array().unwrap().len(), all.len());

    let mut paused = at_once();
    paused["paused"] = true.into();
    let path = format!("/api/v1/subscriptions/{subscription}");
    let answer = world.call(Some(COLLEGE), Method::PUT, &path, Some(paused)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.drain().await;
    let held = world.get(STAFF, "/api/v1/deliveries/summary?state=held").await;
    assert_eq!((held["deliveries"].as_u64(), held["waiting"].as_u64()), (Some(1), Some(1)), "{held}");
}

#[tokio::test]
async fn posts_that_a_pause_holds_count_as_waiting() {
    let (world, _sink, subscription) = webhooks::posted(&[React::Say(503, "")]).await;
    let waiting = async || world.get(COLLEGE, &format!("/api/v1/webhooks/{subscription}")).await["waiting"].as_u64();
    assert_eq!(waiting().await, Some(1));
    let path = format!("/api/v1/subscriptions/{subscription}");
    let mut body = world.get(COLLEGE, &path).await;
    let keep = ["name", "predicate", "channels", "cadence", "webhook_url"];
    body.as_object_mut().unwrap().retain(|key, _| keep.contains(&key.as_str()));
    body["paused"] = true.into();
    let answer = world.call(Some(COLLEGE), Method::PUT, &path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.drain().await;
    assert_eq!(webhooks::delivery(&world).await["state"], "held");
    assert_eq!(waiting().await, Some(1));
}

#[tokio::test]
async fn who_got_a_signal_is_told_by_revision() {
    let world = World::new().await;
    subscribed(&world).await;
    world.need("kc-e4", "W-1", "Welder", "29095", 9).await;
    world.drain().await;
    let signals = world.get(COLLEGE, "/api/v1/signals?state=all").await;
    let welders = signals["signals"].as_array().unwrap().iter();
    let mut told = Value::Null;
    let mut of = String::new();
    for signal in welders {
        of = id(signal);
        let answer = world.call(Some(STAFF), Method::GET, &format!("/api/v1/deliveries/signals/{of}"), None).await;
        if answer.status == StatusCode::OK && answer.body["revisions"].as_array().unwrap().len() > 1 {
            told = answer.body;
            break;
        }
    }
    let revisions = told["revisions"].as_array().unwrap();
    assert!(revisions[0]["revision"].as_i64() > revisions[1]["revision"].as_i64(), "{told}");
    let newest = revisions[0]["revision"].as_i64().unwrap();
    let of_newest = world.get(STAFF, &format!("/api/v1/deliveries?signal={of}&revision={newest}")).await;
    let of_newest = of_newest["deliveries"].as_array().unwrap();
    assert_eq!(of_newest.len() as u64, revisions[0]["deliveries"].as_u64().unwrap());
    let mut channels: Vec<&str> = of_newest.iter().map(|d| d["channel"].as_str().unwrap()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["email", "stream"], "the mail says the newest of its period");
    let other = world.call(Some("mv-staff"), Method::GET, &format!("/api/v1/deliveries/signals/{of}"), None).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    for page in [
        format!("/deliveries/signals/{of}"),
        "/deliveries?state=sent".to_owned(),
        "/deliveries/bulk?action=retry&state=sent".to_owned(),
    ] {
        let answer = world.call(Some(STAFF), Method::GET, &page, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_poison_event_is_buried_with_its_cause_and_goes_through_once_when_that_is_mended() {
    let world = World::new().await;
    let pool = world.house.db("deliver").pool().clone();
    let poison = "alter table deliver.deliveries add constraint poison check (channel <> 'stream')";
    sqlx::query(poison).execute(&pool).await.unwrap();
    subscribed(&world).await;
    assert!(feed(&world).await.is_empty());

    let list = world.get(STAFF, "/api/v1/dead-letters?state=dead").await;
    let letters = list["letters"].as_array().unwrap();
    assert!(!letters.is_empty());
    for letter in letters {
        assert_eq!((letter["service"].as_str(), letter["stage"].as_str()), (Some("deliver"), Some("deliver")));
        assert!(letter["why"].as_str().unwrap().contains("poison"), "the cause: {letter}");
        assert_eq!(letter["event_type"], "skillwire.delivery.requested.v1");
    }
    let number = letters[0]["number"].as_i64().unwrap();
    let path = format!("/api/v1/dead-letters/deliver/{number}");
    assert!(world.get(STAFF, &path).await["body"].as_str().unwrap().contains("\n  \"data\""));
    for (who, method, path) in [
        ("mv-staff", Method::GET, path.clone()),
        ("mv-staff", Method::POST, format!("{path}/replay")),
        (STAFF, Method::GET, "/api/v1/dead-letters/nowhere/1".to_owned()),
    ] {
        assert_eq!(world.call(Some(who), method, &path, None).await.status, StatusCode::NOT_FOUND, "{who} {path}");
    }
    assert_eq!(world.get("mv-staff", "/api/v1/dead-letters").await["letters"], json!([]));

    // Before the cause is mended it dies anew, as another letter.
    let replay = async |path: &str| world.call(Some(STAFF), Method::POST, &format!("{path}/replay"), None).await.status;
    assert_eq!(replay(&path).await, StatusCode::NO_CONTENT);
    world.drain().await;
    assert!(feed(&world).await.is_empty());
    let known = world.get(STAFF, &path).await;
    assert_eq!(
        (known["letter"]["state"].as_str(), known["letter"]["settled_by"].as_str()),
        (Some("replayed"), Some(person(STAFF).to_string().as_str()))
    );
    assert_eq!(replay(&path).await, StatusCode::CONFLICT, "once");

    sqlx::query("alter table deliver.deliveries drop constraint poison").execute(&pool).await.unwrap();
    let dead = world.get(STAFF, "/api/v1/dead-letters?state=dead").await;
    let dead = dead["letters"].as_array().unwrap();
    assert_eq!(dead.len(), letters.len());
    for letter in dead {
        let path = format!("/api/v1/dead-letters/deliver/{}", letter["number"]);
        assert_eq!(replay(&path).await, StatusCode::NO_CONTENT);
    }
    world.drain().await;
    let told = feed(&world).await;
    assert_eq!(told.len(), letters.len(), "each once");
    assert_eq!(skillwire_store::dead::dead(&world.house.db("deliver")).await.unwrap(), 0);
    world.pass(Duration::from_secs(61));
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1, "and one mail");
}

#[tokio::test]
async fn letters_of_nobody_are_for_the_console() {
    let world = World::new().await;
    world.drain().await;
    let client = world.nats.client().await;
    let stranger = "skillwire.submission.received.v1.nobody";
    let publish = async_nats::jetstream::new(client.clone()).publish(stranger, "{".into()).await.unwrap();
    publish.await.unwrap();
    world.drain().await;
    assert_eq!(world.get(STAFF, "/api/v1/dead-letters").await["letters"], json!([]), "nobody's");
    let listed = well(&world, &["dead-letters", "list", "--state", "dead", "--json"]).await;
    let letter: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((letter["service"].as_str(), letter["partnership"].is_null()), (Some("normalize"), true), "{letter}");
    let name = format!("normalize/{}", letter["number"]);
    assert!(well(&world, &["dead-letters", "show", &name]).await.ends_with("\n{\n"), "its body, as it came");
    let exported = well(&world, &["dead-letters", "export"]).await;
    assert_eq!(serde_json::from_str::<Value>(exported.trim()).unwrap()["body"], "{");
    assert!(well(&world, &["dead-letters", "replay", "--all"]).await.contains("1 dead letters go out again"));
    world.drain().await;
    let table = well(&world, &["dead-letters", "list"]).await;
    assert!(table.contains(&format!("{name} ")) && table.contains("replayed") && table.lines().count() == 4, "{table}");
    let again = well(&world, &["dead-letters", "list", "--state", "dead", "--json"]).await;
    let again: Value = serde_json::from_str(again.trim()).unwrap();
    let name = format!("normalize/{}", again["number"]);
    assert!(well(&world, &["dead-letters", "drop", &name, "--reason", "no event at all"]).await.contains("dropped"));
    let twice = run(&world, &["dead-letters", "drop", &name, "--reason", "x"]).await;
    assert!(!twice.status.success() && String::from_utf8_lossy(&twice.stderr).contains("it is not dead"));
    let wrong = run(&world, &["dead-letters", "show", "12"]).await;
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("aggregate/12"));
}
