//! Feeds: what readers of others make of them, what a cursor promises, and what an address opens.

use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use tokio::io::AsyncWriteExt;

const COLLEGE: &str = "kc-college";
/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long what must not come is waited for.
const SILENCE: Duration = Duration::from_millis(200);

fn asked(paused: bool) -> Value {
    json!({"name": "Welders <here> & \"there\"", "channels": ["feed"], "cadence": "daily", "paused": paused,
        "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}})
}

/// A subscription by feed of somebody; gives its id.
async fn subscribed(world: &World, who: &str) -> String {
    let made = world.call(Some(who), Method::POST, "/api/v1/subscriptions", Some(asked(false))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    made.body["id"].as_str().unwrap().to_owned()
}

/// New addresses, told to their owner.
async fn addresses(world: &World, who: &str, id: &str) -> Value {
    let told = world.call(Some(who), Method::POST, &format!("/api/v1/feeds/{id}/address"), None).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    told.body
}

/// Welders are needed: from the third employer on each makes a revision that is told.
async fn welders(world: &World, employers: std::ops::RangeInclusive<u32>) {
    for n in employers {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
        world.drain().await;
    }
}

/// A world in which a feed has three entries: the world, the subscription, its addresses.
async fn told() -> (World, String, Value) {
    let world = World::new().await;
    let id = subscribed(&world, COLLEGE).await;
    welders(&world, 1..=5).await;
    let told = addresses(&world, COLLEGE, &id).await;
    (world, id, told)
}

fn text<'a>(told: &'a Value, key: &str) -> &'a str {
    told[key].as_str().unwrap()
}

async fn fetch(world: &World, address: &str) -> (StatusCode, Value) {
    let answer = world.client().get(address).send().await.unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// The numbers of all entries behind one.
async fn numbers(world: &World, told: &Value, after: i64) -> Vec<i64> {
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
