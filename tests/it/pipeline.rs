//! From an employer's words to a college's inbox and stream.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use skillwire_tests::world::partnership;

/// A subscription of everything, by mail and stream.
pub(crate) fn everything() -> Value {
    json!({"name": "Everything", "channels": ["email", "stream"], "cadence": "daily", "predicate": {}})
}

async fn signals(world: &World, query: &str) -> Vec<Value> {
    let list = world.get("kc-college", &format!("/api/v1/signals?{query}")).await;
    list["signals"].as_array().unwrap().clone()
}

fn total<'a>(signals: &'a [Value], id: &str) -> Option<&'a Value> {
    signals.iter().find(|s| s["concept"]["id"] == id && s["region"]["level"] == "total")
}

#[tokio::test]
async fn words_become_signals_and_reach_inbox_and_stream() {
    let world = World::new().await;
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(everything())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for (n, openings) in [(1, 3), (2, 4), (3, 5)] {
        world.need(&format!("kc-e{n}"), "W-1", "MIG Welder 2nd shift", "29095", openings).await;
    }
    world.drain().await;

    let all = signals(&world, "").await;
    let welders = total(&all, "51-4121.00").unwrap();
    assert_eq!(welders["figures"]["openings_new"], 12, "{welders}");
    assert_eq!(welders["figures"]["employers"], 3);
    assert_eq!(welders["figures"]["median_hourly_cents"], 2_550);
    let osha = total(&all, "osha-10").unwrap();
    assert_eq!(osha["figures"]["required_percent"], 0, "{osha}");
    assert_eq!(osha["figures"]["unmatched_percent"], 0, "every word of theirs was understood: {osha}");

    // The feed has each signal once, under the delivery's id, in the contract's envelope.
    let messages = feed(&world).await;
    assert_eq!(messages.len(), all.len());
    assert!(
        messages.iter().all(|m| m["type"] == "skillwire.signal.published.v1" && m["source"] == "/skillwire/deliver")
    );

    // The mail goes at seven the next morning, once.
    assert!(world.catcher.mailbox.list().is_empty());
    world.pass(Duration::from_secs(23 * 3_600));
    world.drain().await;
    let mails = world.catcher.mailbox.list();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let raw = String::from_utf8(world.catcher.mailbox.raw(mails[0].id).unwrap()).unwrap();
    for header in ["List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Auto-Submitted: auto-generated", "List-Id: <"]
    {
        assert!(raw.contains(header), "{raw}");
    }
    // One trace runs from a submission to the mail.
    let list = world.get("kc-staff", "/api/v1/submissions").await;
    let mut traces = Vec::new();
    for line in list["submissions"].as_array().unwrap() {
        let receipt = world.get("kc-staff", &format!("/api/v1/submissions/{}", line["id"].as_str().unwrap())).await;
        traces.push(receipt["trace_id"].as_str().unwrap().to_owned());
    }
    let plain = mailparse::parse_mail(raw.as_bytes()).unwrap().subparts[0].get_body().unwrap();
    assert!(traces.iter().any(|trace| plain.contains(trace)), "{traces:?} {plain}");
    world.pass(Duration::from_secs(24 * 3_600));
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1, "nothing new, no mail");
}

/// All messages of the feed stream.
pub(crate) async fn feed(world: &World) -> Vec<Value> {
    use futures::StreamExt;
    let client = world.nats.client().await;
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream("FEED").await.unwrap();
    let config = async_nats::jetstream::consumer::pull::Config::default();
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut batch = consumer.fetch().max_messages(10_000).messages().await.unwrap();
    let mut found = Vec::new();
    while let Some(message) = batch.next().await {
        found.push(serde_json::from_slice(&message.unwrap().payload).unwrap());
    }
    found
}

#[tokio::test]
async fn two_employers_are_kept_back_and_the_third_makes_a_number() {
    let world = World::new().await;
    world.need("kc-e1", "W-1", "Welder", "29095", 3).await;
    world.need("kc-e2", "W-1", "Welder", "29095", 3).await;
    world.drain().await;
    assert!(signals(&world, "").await.is_empty());
    let kept = signals(&world, "state=suppressed").await;
    assert_eq!(total(&kept, "51-4121.00").unwrap()["figures"]["reason"], "few_employers");
    world.need("kc-e3", "W-1", "Welder", "29047", 3).await;
    world.drain().await;
    let all = signals(&world, "").await;
    assert!(total(&all, "51-4121.00").is_some());
    // Jackson and Clay stay kept back: with the total, either would tell the other.
    assert!(all.iter().all(|s| s["region"]["level"] == "total"), "{all:?}");
}

/// Changes a need a minute later, and lets it work.
async fn change(world: &World, who: &str, need: &str, action: &str) {
    world.pass(Duration::from_secs(60));
    let body = json!({"changes": [{"need": need, "action": action}]});
    let request = world.client().post(format!("{}/api/v1/submissions/changes", world.url));
    let request = request.bearer_auth(world.token(who)).header("idempotency-key", world.now().to_rfc3339());
    assert_eq!(request.json(&body).send().await.unwrap().status(), StatusCode::CREATED, "{action}");
    world.drain().await;
}

#[tokio::test]
async fn a_changed_withdrawn_or_expired_need_changes_its_signals() {
    let world = World::new().await;
    let mut needs = Vec::new();
    for n in 1..=4 {
        needs.push(world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await);
    }
    world.drain().await;
    let before = signals(&world, "").await;
    assert_eq!(total(&before, "51-4121.00").unwrap()["figures"]["openings_new"], 12);

    world.pass(Duration::from_secs(60));
    assert_eq!(world.need("kc-e1", "W-1", "Welder", "29095", 8).await, needs[0], "the same reference is the same need");
    world.drain().await;
    let grown = signals(&world, "").await;
    let signal = total(&grown, "51-4121.00").unwrap();
    assert_eq!((signal["figures"]["openings_new"].as_u64(), signal["revision"].as_u64()), (Some(17), Some(2)));

    let employers = async || {
        let all = signals(&world, "").await;
        total(&all, "51-4121.00").unwrap()["figures"]["employers"].as_u64()
    };
    change(&world, "kc-e2", &needs[1], "withdraw").await;
    assert_eq!(employers().await, Some(3));
    // Open again without retyping: the need is what it was. A confirmation alone opens nothing.
    change(&world, "kc-e2", &needs[1], "confirm").await;
    assert_eq!(employers().await, Some(3));
    change(&world, "kc-e2", &needs[1], "reopen").await;
    assert_eq!(employers().await, Some(4));
    let need = world.get("kc-e2", &format!("/api/v1/needs/{}", needs[1])).await;
    assert_eq!((need["state"].as_str(), need["openings"][0]["new"].as_u64()), (Some("active"), Some(3)));
    assert_eq!(need["requirements"].as_array().unwrap().len(), 3);
    change(&world, "kc-e2", &needs[1], "withdraw").await;
    assert_eq!(employers().await, Some(3));

    // Half a year later nobody has said that it still holds.
    world.pass(Duration::from_secs(181 * 24 * 3_600));
    world.drain().await;
    assert!(signals(&world, "").await.is_empty());
    assert!(total(&signals(&world, "state=ended").await, "51-4121.00").is_some());
}

#[tokio::test]
async fn folding_from_nothing_gives_the_same_signals() {
    let world = World::new().await;
    for n in 1..=6 {
        for (reference, title, county) in
            [("A", "Welder", "29095"), ("B", "CNC Machinist", "29047"), ("C", "Forklift operator", "20091")]
        {
            world.need(&format!("kc-e{n}"), reference, title, county, n).await;
        }
    }
    world.drain().await;
    let figures = |mut signals: Vec<Value>| {
        signals.sort_by_key(|s| s["id"].as_str().unwrap().to_owned());
        signals
            .into_iter()
            .map(|s| (s["id"].clone(), s["figures"].clone(), s["industries"].clone()))
            .collect::<Vec<_>>()
    };
    let before = figures(signals(&world, "state=all").await);
    assert!(before.len() > 15);
    let db = world.house.db("aggregate");
    // Folded again over what is there: nothing is new.
    skillwire_aggregate::count_again(&db, partnership("kc"), world.now()).await.unwrap();
    world.drain().await;
    let revisions = signals(&world, "state=all").await;
    assert!(revisions.iter().all(|s| s["revision"] == 1 || s["figures"]["state"] != "ended"), "{revisions:?}");
    assert_eq!(figures(revisions), before);
    // Folded from nothing.
    sqlx::query("delete from aggregate.signals").execute(db.pool()).await.unwrap();
    skillwire_aggregate::count_again(&db, partnership("kc"), world.now()).await.unwrap();
    world.drain().await;
    assert_eq!(figures(signals(&world, "state=all").await), before);
}

#[tokio::test]
async fn the_same_key_gives_the_same_receipt_and_other_bytes_are_refused() {
    let world = World::new().await;
    let csv = b"reference,occupation,openings_new_now\nA,Welder,2\nB,Cook,-1\n";
    let first = world.submit("kc-e1", "k1", "text/csv", csv).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!((first.body["accepted"].as_u64(), first.body["rejected"].as_u64()), (Some(1), Some(1)));
    let again = world.submit("kc-e1", "k1", "text/csv", csv).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    let other = world.submit("kc-e1", "k1", "text/csv", b"occupation,openings_new_now\nCook,2\n").await;
    assert_eq!((other.status, other.body["code"].as_str()), (StatusCode::CONFLICT, Some("idempotency_key_reused")));
    let keyless = world.submit("kc-e1", "", "text/csv", csv).await;
    assert_eq!((keyless.status, keyless.body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("idempotency_key")));
    // What was sent is there byte for byte.
    let id = first.body["submission"].as_str().unwrap();
    let raw = world
        .client()
        .get(format!("{}/api/v1/submissions/{id}/raw", world.url))
        .bearer_auth(world.token("kc-e1"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        raw.headers()["content-disposition"].to_str().unwrap(),
        format!("attachment; filename=\"submission-{id}\"")
    );
    assert_eq!(&raw.bytes().await.unwrap()[..], csv);
}

#[tokio::test]
async fn nothing_is_half_stored() {
    let world = World::new().await;
    let bad = [
        ("text/csv", b"occupation,openings_new_now\nWelder,-2\n".to_vec(), 422, "items_rejected"),
        ("text/csv", b"name,phone\nx,y\n".to_vec(), 422, "columns_missing"),
        ("application/json", b"{".to_vec(), 422, "json"),
        ("application/pdf", b"%PDF".to_vec(), 415, "format"),
        ("application/json", vec![b' '; 21 * 1024 * 1024], 413, "too_large"),
    ];
    for (at, (content_type, body, status, code)) in bad.into_iter().enumerate() {
        let answer = world.submit("kc-e1", &format!("bad-{at}"), content_type, &body).await;
        assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (status, Some(code)), "{}", answer.body);
    }
    let list = world.get("kc-e1", "/api/v1/submissions").await;
    assert_eq!(list["submissions"].as_array().unwrap().len(), 0, "{list}");
    world.drain().await;
    assert!(world.get("kc-e1", "/api/v1/needs").await["needs"].as_array().unwrap().is_empty());
}
