//! Submissions accepted a second, and the time from a receipt to the subscriber's feed, beside what the engines do alone on
//! the same machine in the same run: inserts into PostgreSQL, one a transaction (as pgbench does), and JetStream publishes
//! with acknowledgement. Run by `tests/bench/run`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a bench"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use skillwire_tests::World;
use tokio::sync::Mutex;

const CLIENTS: usize = 8;
const SECONDS: u64 = 5;

#[tokio::main]
async fn main() {
    let world = Arc::new(World::new().await);
    let inserts = inserts(&world).await;
    let publishes = publishes(&world).await;
    let running = world.run();
    let accepted = accepted(&world).await;
    settle(&world).await;
    println!("\n| what ({CLIENTS} clients, {SECONDS} s each) | a second | against inserts |\n|---|---|---|");
    println!("| inserts of 1 kB, one a transaction | {inserts:.0} | 1.00 |");
    println!("| JetStream publishes of 1 kB with acknowledgement | {publishes:.0} | {:.2} |", publishes / inserts);
    println!("| submissions of one need accepted, pipeline running | {accepted:.0} | {:.2} |", accepted / inserts);
    println!("\n| load | groups settle | submissions followed to the feed | p50 | p99 |\n|---|---|---|---|---|");
    latencies(&world, "at once", 10).await;
    let _ = running.send(true);
    drop(world);
    // As it is shipped: a group is folded when it is quiet, or after two seconds.
    let world = Arc::new(World::with(|s| s.aggregate = skillwire_aggregate::Config::default()).await);
    let running = world.run();
    latencies(&world, "as shipped", 20).await;
    let _ = running.send(true);
}

async fn latencies(world: &Arc<World>, groups: &str, seconds: u64) {
    for (rate, size) in [(100, 10), (1_000, 50)] {
        settle(world).await;
        let (seen, sent, p50, p99) = latency(world, rate, size, seconds).await;
        println!(
            "| {rate} needs/s, {size} a submission, {seconds} s | {groups} | {seen} of {sent} | {p50} ms | {p99} ms |"
        );
    }
}

/// Runs `CLIENTS` loops for a while; how often they went round, a second.
async fn rounds<F: Future<Output = ()> + Send>(make: impl Fn(usize, u64) -> F + Clone + Send + Sync + 'static) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (make, count) = (make.clone(), Arc::clone(&count));
            async move {
                let mut n = 0;
                while began.elapsed() < Duration::from_secs(SECONDS) {
                    make(client, n).await;
                    n += 1;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .collect();
    futures::future::join_all(tasks).await;
    count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

async fn inserts(world: &World) -> f64 {
    let pool = world.house.pool.clone();
    sqlx::query("create table public.bench (id bigint generated always as identity primary key, body text)")
        .execute(&pool)
        .await
        .unwrap();
    let body = "x".repeat(1_000);
    rounds(move |_, _| {
        let (pool, body) = (pool.clone(), body.clone());
        async move {
            sqlx::query("insert into public.bench (body) values ($1)").bind(body).execute(&pool).await.unwrap();
        }
    })
    .await
}

async fn publishes(world: &World) -> f64 {
    let jetstream = async_nats::jetstream::new(world.nats.client().await);
    let config = async_nats::jetstream::stream::Config {
        name: "BENCH".to_owned(),
        subjects: vec!["bench.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let body = "x".repeat(1_000);
    rounds(move |_, _| {
        let (jetstream, body) = (jetstream.clone(), body.clone());
        async move {
            jetstream.publish("bench.a", body.into()).await.unwrap().await.unwrap();
        }
    })
    .await
}

/// Needs of four jobs in three counties, each with a wage of its own.
fn needs(client: usize, n: u64, size: usize) -> Value {
    let titles = ["MIG Welder", "CNC Machinist", "Forklift Operator", "Quality Inspector"];
    let counties = ["29095", "29047", "20091"];
    let needs: Vec<Value> = (0..size)
        .map(|at| {
            let spread = (n as usize * size + at) * 7 + client;
            let wage = |more: usize| format!("{}.{:02}", 18 + more + spread / 100 % 15, spread % 100);
            json!({"reference": format!("B-{client}-{n}-{at}"), "occupation": titles[spread % 4],
                "county": counties[spread % 3], "wage": {"min": wage(0), "max": wage(2), "unit": "hour"},
                "openings": [{"horizon": "now", "new": 2}], "required_skills": ["MIG welding", "blueprint reading"]})
        })
        .collect();
    json!({"needs": needs})
}

async fn send(world: &World, client: usize, n: u64, size: usize, name: &str) -> Value {
    let who = format!("kc-e{}", client % 6 + 1);
    let body = needs(client, n, size).to_string();
    let answer = world.submit(&who, &format!("{name}-{client}-{n}"), "application/json", body.as_bytes()).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.body
}

async fn accepted(world: &Arc<World>) -> f64 {
    let world = Arc::clone(world);
    rounds(move |client, n| {
        let world = Arc::clone(&world);
        async move {
            send(&world, client, n, 1, "accept").await;
        }
    })
    .await
}

/// Waits until nothing is on its way.
async fn settle(world: &World) {
    for _ in 0..600 {
        let mut waiting = 0;
        for service in ["intake", "normalize", "aggregate", "route"] {
            waiting += skillwire_store::outbox::waiting(&world.house.db(service)).await.unwrap().0;
        }
        for stage in ["normalize", "aggregate", "route", "deliver", "deliver-subscriptions"] {
            waiting += i64::try_from(world.house.bus.stage_waiting(stage).await.unwrap().unwrap_or(0)).unwrap();
        }
        for key in ["kc", "mv"] {
            let partnership = skillwire_tests::world::partnership(key);
            waiting += skillwire_aggregate::counts(&world.house.db("aggregate"), partnership).await.unwrap().waiting;
        }
        if waiting == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Sends at a rate for some seconds and matches receipts and feed messages by their trace.
async fn latency(world: &Arc<World>, rate: u64, size: usize, seconds: u64) -> (usize, usize, u128, u128) {
    let all = json!({"name": format!("At {rate}"), "channels": ["stream"], "cadence": "daily", "predicate": {}});
    world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(all)).await;
    settle(world).await;
    let client = world.nats.client().await;
    let mut feed = client.subscribe("feed.>").await.unwrap();
    let arrived: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let seen = Arc::clone(&arrived);
    let reader = tokio::spawn(async move {
        while let Some(message) = feed.next().await {
            let at = Instant::now();
            let event: Value = serde_json::from_slice(&message.payload).unwrap();
            let trace =
                event["traceparent"].as_str().unwrap_or_default().split('-').nth(1).unwrap_or_default().to_owned();
            seen.lock().await.entry(trace).or_insert(at);
        }
    });
    let receipts: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let mut tick = tokio::time::interval(Duration::from_secs_f64(size as f64 / rate as f64));
    let began = Instant::now();
    let (mut n, mut sending) = (0, Vec::new());
    while began.elapsed() < Duration::from_secs(seconds) {
        tick.tick().await;
        let (world, receipts) = (Arc::clone(world), Arc::clone(&receipts));
        let name = format!("rate{rate}");
        let client = usize::try_from(n).unwrap() % 6;
        sending.push(tokio::spawn(async move {
            let receipt = send(&world, client, n, size, &name).await;
            receipts.lock().await.insert(receipt["trace_id"].as_str().unwrap().to_owned(), Instant::now());
        }));
        n += 1;
    }
    futures::future::join_all(sending).await;
    settle(world).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    reader.abort();
    let (arrived, receipts) = (arrived.lock().await, receipts.lock().await);
    let mut took: Vec<u128> = receipts
        .iter()
        .filter_map(|(trace, sent)| Some(arrived.get(trace)?.saturating_duration_since(*sent).as_millis()))
        .collect();
    took.sort_unstable();
    let at = |share: f64| {
        #[expect(clippy::cast_sign_loss, reason = "an index")]
        let index = ((took.len() as f64 - 1.0) * share).round() as usize;
        took.get(index).copied().unwrap_or_default()
    };
    (took.len(), receipts.len(), at(0.5), at(0.99))
}
