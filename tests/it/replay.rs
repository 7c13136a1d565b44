//! JetStream is lost: PostgreSQL fills it again, with the same ids.

use std::collections::BTreeSet;

use reqwest::Method;
use skillwire_tests::World;

use crate::pipeline::{everything, feed};

fn ids(messages: &[serde_json::Value]) -> BTreeSet<String> {
    messages.iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_wiped_jetstream_is_whole_again_after_replay() {
    let mut world = World::new().await;
    world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(everything())).await;
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    let before = feed(&world).await;
    let signals = world.get("kc-college", "/api/v1/signals?state=all").await;
    assert!(!before.is_empty());

    world.nats.wipe().await;
    // The loops find nothing, make streams and consumers again, and no state changes.
    world.stumble(3).await;
    world.connected().await;
    world.stumble(3).await;
    world.drain().await;
    let since = world.now() - chrono::TimeDelta::days(1);
    for service in ["intake", "normalize", "aggregate", "route"] {
        assert!(skillwire_store::outbox::replay_since(&world.house.db(service), since).await.unwrap() > 0, "{service}");
    }
    skillwire_deliver::replay_since(&world.house.db("deliver"), since, world.now()).await.unwrap();
    world.drain().await;

    let after = feed(&world).await;
    assert_eq!(ids(&after), ids(&before), "the same ids");
    assert_eq!(after.len(), before.len(), "none twice");
    assert_eq!(world.get("kc-college", "/api/v1/signals?state=all").await, signals, "the same state");
    assert!(world.catcher.mailbox.list().is_empty(), "a replay sends no mail early");

    // And the pipeline goes on.
    world.need("kc-e4", "W-1", "Welder", "29095", 3).await;
    world.drain().await;
    assert!(feed(&world).await.len() > after.len());
}

#[tokio::test]
async fn a_message_that_is_no_event_is_buried_and_holds_nothing_up() {
    let world = World::new().await;
    world.drain().await;
    let client = world.nats.client().await;
    let subject = format!("skillwire.submission.received.v1.{}", skillwire_tests::world::partnership("kc"));
    for rubbish in ["{", "null", "{\"type\":\"skillwire.other.v1\"}"] {
        async_nats::jetstream::new(client.clone())
            .publish(subject.clone(), rubbish.into())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    assert_eq!(skillwire_store::dead::dead(&world.house.db("normalize")).await.unwrap(), 3);
    assert!(!world.get("kc-college", "/api/v1/signals").await["signals"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_old_to_be_replayed_is_forgotten_and_nothing_else() {
    let world = World::new().await;
    world.need("kc-e1", "W-1", "Welder", "29095", 3).await;
    world.drain().await;
    let rows = async |table: &str| {
        let sql = format!("select count(*) from {table}");
        let pool = &world.house.pool;
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap()
    };
    assert!(rows("intake.outbox").await > 0 && rows("normalize.inbox").await > 0);
    world.pass(std::time::Duration::from_secs(399 * 24 * 3_600));
    world.drain().await;
    assert!(rows("intake.outbox").await > 0);
    world.pass(std::time::Duration::from_secs(32 * 24 * 3_600));
    world.drain().await;
    assert_eq!((rows("intake.outbox").await, rows("intake.submissions").await), (0, 1));
    assert_eq!(rows("normalize.needs").await, 1);
}
