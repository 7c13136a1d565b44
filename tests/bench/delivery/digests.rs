//! The digest of many subscribers, due at one moment, while employers submit: how long until the last mail is out, and what it does
//! to the time that a submission takes. All loops of the house run, in one process with its pages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use skillwire_tests::World;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ground::{Used, quantile, setting, until};
use crate::rows::{self, number, sql};
use crate::sinks::{SMTP, Sink};

/// Seconds of submissions that are not measured, and of those before the digest.
const WARM_S: u64 = 5;
const BEFORE_S: u64 = 30;

pub async fn bench() {
    let subscribers = setting("SKILLWIRE_BENCH_SUBSCRIBERS", 5_000);
    let rate = setting("SKILLWIRE_BENCH_SUBMISSIONS", 20);
    let sink = Sink::start(SMTP, 1);
    let at = format!("smtp://127.0.0.1:{}", sink.ports[0]);
    let world = World::with(|settings| {
        let shipped = skillwire::settings::Settings::default();
        settings.deliver.smtp_url = at;
        settings.database.connections_max = shipped.database.connections_max;
        settings.aggregate = shipped.aggregate;
    })
    .await;
    rows::signals(&world).await;
    rows::digests(&world, subscribers).await;
    let world = Arc::new(world);
    let running = world.run();
    submissions(&world, rate, "warm", WARM_S).await;
    let before = submissions(&world, rate, "before", setting("SKILLWIRE_BENCH_SECONDS", BEFORE_S)).await;
    assert_eq!(sink.counts().taken, 0, "no digest has gone before it was due");
    let (stop, load) = load(&world, rate, "during");
    let (used, began) = (Used::now(), Instant::now());
    let due = "update deliver.deliveries set due_at = now() - interval '1 second' where state = 'gathering' and name like 'Digest %'";
    assert_eq!(sql(&world, due).await, subscribers);
    until("every digest is out", async || sink.counts().taken >= subscribers).await;
    let (took, used) = (began.elapsed().as_secs_f64(), Used::since(used));
    let _ = stop.send(true);
    let during = load.await.unwrap();
    until("all is written down", async || {
        number(&world, "select count(*) from deliver.deliveries where name like 'Digest %' and state <> 'sent'").await
            == 0
    })
    .await;
    let _ = running.send(true);
    let seen = sink.counts();
    assert_eq!(seen.taken, subscribers, "one mail each");
    println!(
        "\n| digests of 40 signals | seconds | mails a second | bytes a mail | connections | processor seconds: the house, PostgreSQL |"
    );
    println!("|---|---|---|---|---|---|");
    println!(
        "| {subscribers} | {took:.1} | {:.0} | {} | {} | {:.1}, {:.1} |",
        subscribers as f64 / took,
        seen.bytes_each(),
        seen.connections,
        used.own,
        used.postgres
    );
    println!("\n| {rate} submissions a second | how many | p50 | p99 | against before |\n|---|---|---|---|---|");
    let (calm, busy) = (quantile(&before, 0.99), quantile(&during, 0.99));
    println!("| before the digest | {} | {:.1} ms | {calm:.1} ms | |", before.len(), quantile(&before, 0.5));
    println!(
        "| while it goes | {} | {:.1} ms | {busy:.1} ms | {:.2} |",
        during.len(),
        quantile(&during, 0.5),
        busy / calm
    );
}

async fn submissions(world: &Arc<World>, rate: u64, name: &'static str, seconds: u64) -> Vec<f64> {
    let (stop, load) = load(world, rate, name);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let _ = stop.send(true);
    load.await.unwrap()
}

/// Submits at a rate until told to stop; gives the milliseconds that each took from when it was to be sent, sorted.
fn load(world: &Arc<World>, rate: u64, name: &'static str) -> (watch::Sender<bool>, JoinHandle<Vec<f64>>) {
    let (stopper, stop) = watch::channel(false);
    let world = Arc::clone(world);
    let task = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / rate as f64));
        let mut sending = Vec::new();
        while !*stop.borrow() {
            let due = tick.tick().await;
            let (world, n) = (Arc::clone(&world), sending.len());
            sending.push(tokio::spawn(async move {
                submit(&world, name, n).await;
                due.elapsed().as_secs_f64() * 1_000.0
            }));
        }
        let mut took = Vec::new();
        for one in sending {
            took.push(one.await.unwrap());
        }
        took.sort_unstable_by(f64::total_cmp);
        took
    });
    (stopper, task)
}

/// One need, with a wage of its own, so that signals change.
async fn submit(world: &World, name: &str, n: usize) {
    let titles = ["Welder", "CNC Machinist", "Forklift Operator", "Quality Inspector"];
    let wage = |more: usize| format!("{}.{:02}", 18 + more + n / 100 % 15, n % 100);
    let county = ["29095", "29047", "20091"][n % 3];
    let needs = json!({"needs": [{"reference": format!("{name}-{n}"), "occupation": titles[n % 4],
        "county": county, "wage": {"min": wage(0), "max": wage(2), "unit": "hour"},
        "openings": [{"horizon": "now", "new": 2}], "required_skills": ["MIG welding", "blueprint reading"]}]});
    let who = format!("kc-e{}", n % 6 + 1);
    let answer = world.submit(&who, &format!("{name}-{n}"), "application/json", needs.to_string().as_bytes()).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}
