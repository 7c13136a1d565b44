//! The time from a wanted signal (`DeliveryRequested` on the bus) to somebody who listens to the feed by server-sent events.
//! Run by `tests/bench/run feeds`.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, reason = "a bench")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use skillwire_runtime::{Clock, SystemClock};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::DeliveryRequested;
use skillwire_schemas::{Envelope, EventId, Payload, Subscription};
use skillwire_tests::World;
use skillwire_tests::world::partnership;

const WHO: &str = "kc-college";
const SECONDS: usize = 15;
/// Signals are said in bursts, so many a second.
const BURSTS_A_SECOND: usize = 100;

#[tokio::main]
async fn main() {
    println!(
        "\n| signals a second | feeds, a listener each | heard | p50 | p99 | longest |\n|---|---|---|---|---|---|"
    );
    for (rate, feeds) in [(100, 1), (1_000, 1), (1_000, 20)] {
        let world = World::new().await;
        let running = world.run();
        let mut took = latency(&world, rate, feeds).await;
        took.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
        let (longest, heard) = (took.last().copied().unwrap_or_default(), took.len());
        println!(
            "| {rate} | {feeds} | {heard} of {} | {:.1} ms | {:.1} ms | {longest:.1} ms |",
            rate * SECONDS,
            at(50),
            at(99)
        );
        let _ = running.send(true);
    }
}

/// A subscription that no signal of the pipeline meets, and the address of its events.
async fn feed(world: &World, n: usize) -> (Subscription, String) {
    let asked = json!({"name": format!("Feed {n}"), "channels": ["feed"], "cadence": "daily"});
    let made = world.call(Some(WHO), Method::POST, "/api/v1/subscriptions", Some(asked)).await.body;
    let subscription: Subscription = serde_json::from_value(made.clone()).unwrap();
    let path = format!("/api/v1/feeds/{}/address", subscription.id);
    for _ in 0..200 {
        let told = world.call(Some(WHO), Method::POST, &path, None).await;
        if let Some(events) = told.body["events"].as_str() {
            return (subscription, events.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("the subscription reaches deliver")
}

/// Milliseconds from said to heard, of each signal.
async fn latency(world: &World, rate: usize, feeds: usize) -> Vec<f64> {
    let mut subscriptions = Vec::new();
    let mut listening = Vec::new();
    for n in 0..feeds {
        let (subscription, events) = feed(world, n).await;
        let answer = world.client().get(events).send().await.unwrap();
        listening.push(tokio::spawn(listen(answer, rate * SECONDS / feeds)));
        subscriptions.push(subscription);
    }
    let client = world.nats.client().await;
    let subject = DeliveryRequested::subject(partnership("kc"));
    let mut bursts = tokio::time::interval(Duration::from_secs(1) / u32::try_from(BURSTS_A_SECOND).unwrap());
    let burst = rate / BURSTS_A_SECOND;
    for round in 0..SECONDS * BURSTS_A_SECOND {
        bursts.tick().await;
        for n in 0..burst {
            let nth = round * burst + n;
            let body = said(&subscriptions[nth % feeds], nth);
            client.publish(subject.clone(), body.into()).await.unwrap();
        }
        client.flush().await.unwrap();
    }
    let mut took = Vec::new();
    for one in listening {
        took.extend(one.await.unwrap());
    }
    took
}

/// A revision that a subscription wants, as of now.
fn said(subscription: &Subscription, nth: usize) -> Vec<u8> {
    let now = SystemClock.now();
    let mut data = DeliveryRequested::sample();
    data.subscription = subscription.clone();
    data.signal.as_of = now;
    data.signal.revision = u32::try_from(nth).unwrap();
    let about = About {
        partnership: subscription.partnership,
        subject: data.signal.id.to_string(),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        causation: None,
    };
    let id = EventId::derived(&[&subscription.id.to_string(), &nth.to_string()]);
    serde_json::to_vec(&Envelope::new(id, "route", now, about, data)).unwrap()
}

async fn listen(answer: reqwest::Response, count: usize) -> Vec<f64> {
    let (mut body, mut read, mut took) = (answer.bytes_stream(), String::new(), Vec::new());
    while took.len() < count
        && let Ok(Some(Ok(piece))) = tokio::time::timeout(Duration::from_secs(20), body.next()).await
    {
        let now = SystemClock.now();
        read.push_str(&String::from_utf8_lossy(&piece));
        while let Some((line, rest)) = read.split_once('\n') {
            if let Some(data) = line.strip_prefix("data: ").or(line.strip_prefix("data:")) {
                let event: Value = serde_json::from_str(data).unwrap();
                let said: DateTime<Utc> = event["data"]["signal"]["as_of"].as_str().unwrap().parse().unwrap();
                took.push((now - said).num_microseconds().unwrap_or_default() as f64 / 1_000.0);
            }
            read = rest.to_owned();
        }
    }
    took
}
