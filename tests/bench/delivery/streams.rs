//! The stream: from the commit of a DeliveryRequested to the message in the subscriber's hand, at a rate; and how fast the feeder
//! empties a backlog, beside raw publishes with acknowledgement of the same messages to a stream like the feed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_nats::{Client, ConnectOptions};
use futures::{StreamExt, TryStreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_bus::Parts;
use skillwire_route::Route;
use skillwire_runtime::Progress;
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::DeliveryRequested;
use skillwire_schemas::{DeliveryId, Envelope, EventId, Signal, SignalId, Subscription};
use skillwire_tests::World;
use skillwire_web::Outbound;
use sqlx::Row;
use sqlx::types::Json;

use crate::ground::{Used, deliver_works, let_time_pass, quantile, run, setting, until};
use crate::rows::{self, number, sql};

/// Signals of one commit.
const COMMIT: u64 = 10;
/// Messages that one pull of the subscriber asks for.
const PULL: u64 = 500;
/// Raw publishes on their way at once: as many as the feeder's.
const IN_FLIGHT: usize = 64;
/// Clients that wait for each yes before the next message.
const CLIENTS: usize = 8;

pub async fn bench() {
    let world = World::with(|settings| {
        settings.database.connections_max = skillwire::settings::Settings::default().database.connections_max;
    })
    .await;
    rows::signals(&world).await;
    let_time_pass(&world);
    println!("\n| load | messages | p50 | p99 | longest |\n|---|---|---|---|---|");
    let seconds = setting("SKILLWIRE_BENCH_SECONDS", 20);
    for rate in [100, 1_000] {
        latency(&world, rate, seconds).await;
    }
    throughput(&world, setting("SKILLWIRE_BENCH_MESSAGES", 20_000)).await;
}

/// A subscription by stream, made as people make them, and what opens it.
async fn subscribed(world: &World, name: &str) -> (Subscription, Value) {
    let asked =
        json!({"name": name, "channels": ["stream"], "cadence": "daily", "predicate": {"min_openings": 1_000_000}});
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    let id = made.body["id"].as_str().unwrap();
    let told = world.call(Some("kc-college"), Method::POST, &format!("/api/v1/streams/{id}/credentials"), None).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let body: Json<Subscription> = sqlx::query_scalar("select body from route.subscriptions where id = $1::uuid")
        .bind(id)
        .fetch_one(&world.house.pool)
        .await
        .unwrap();
    (body.0, told.body)
}

async fn chosen(world: &World) -> Vec<Signal> {
    let found = sqlx::query("select body from public.chosen order by n").fetch_all(&world.house.pool).await.unwrap();
    found.into_iter().map(|row| row.get::<Json<Signal>, _>("body").0).collect()
}

type Times = Arc<Mutex<HashMap<String, Instant>>>;

/// Commits requests at a rate for some seconds, as route's stage does, while route's relay and all of delivery run.
async fn latency(world: &World, rate: u64, seconds: u64) {
    let (subscription, told) = subscribed(world, &format!("At {rate}")).await;
    let parts = world.house.parts("route");
    let settings = &world.house.settings;
    let outbound = Outbound::new(&settings.outbound).unwrap();
    let route = Route::create(parts.clone(), settings.route.clone(), outbound, settings.secret.key.parse().unwrap());
    let mut works = world.house.deliver().unwrap().works().unwrap();
    works.extend(route.works());
    let running = run(works);
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    let mut client = None;
    // The door is answered as soon as its loop runs.
    until("the subscriber is let in", async || {
        let options = ConnectOptions::with_user_and_password(text("user"), text("password"));
        client = options.custom_inbox_prefix(text("inbox_prefix")).connect(text("server")).await.ok();
        client.is_some()
    })
    .await;
    let arrived = Times::default();
    let reader = tokio::spawn(read(client.unwrap(), text("consumer"), Arc::clone(&arrived)));
    let committed = commit(&parts, &subscription, &chosen(world).await, rate, seconds).await;
    until("all messages are there", async || arrived.lock().unwrap().len() >= committed.len()).await;
    reader.abort();
    drop(running);
    let arrived = arrived.lock().unwrap();
    let mut took: Vec<f64> =
        committed.iter().map(|(id, at)| arrived[id].duration_since(*at).as_secs_f64() * 1_000.0).collect();
    took.sort_unstable_by(f64::total_cmp);
    let at = |share| quantile(&took, share);
    println!(
        "| {rate} signals a second, {seconds} s, to one subscriber | {} | {:.0} ms | {:.0} ms | {:.0} ms |",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Gives the id of each message that must come, and when its request was committed.
async fn commit(
    parts: &Parts,
    to: &Subscription,
    signals: &[Signal],
    rate: u64,
    seconds: u64,
) -> HashMap<String, Instant> {
    let mut committed = HashMap::new();
    let mut tick = tokio::time::interval(Duration::from_secs_f64(COMMIT.min(rate) as f64 / rate as f64));
    for n in 0..rate * seconds / COMMIT {
        tick.tick().await;
        let mut tx = parts.db.begin().await.unwrap();
        let mut ids = Vec::new();
        for at in 0..COMMIT {
            let nth = n * COMMIT + at;
            let mut signal = signals[usize::try_from(nth).unwrap() % signals.len()].clone();
            signal.id = SignalId::derived(&["bench", &rate.to_string(), &nth.to_string()]);
            let id = EventId::derived(&["bench", &to.id.to_string(), &nth.to_string()]);
            let about = About {
                partnership: signal.partnership,
                subject: to.id.to_string(),
                traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
                causation: None,
            };
            let data = DeliveryRequested { subscription: to.clone(), signal };
            tx.emit(&Envelope::new(id, "route", parts.env.clock.now(), about, data)).unwrap();
            ids.push(DeliveryId::derived(&[&to.id.to_string(), "stream", &id.to_string()]).to_string());
        }
        tx.commit().await.unwrap();
        let now = Instant::now();
        committed.extend(ids.into_iter().map(|id| (id, now)));
    }
    committed
}

/// The subscriber: pulls, notes when each message is there, acknowledges.
async fn read(client: Client, consumer: String, arrived: Times) {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    let pull = format!("$JS.API.CONSUMER.MSG.NEXT.FEED.{consumer}");
    let asked = json!({"batch": PULL, "expires": Duration::from_secs(60).as_nanos() as u64}).to_string();
    let mut open = 0;
    loop {
        if open < PULL / 2 {
            client.publish_with_reply(pull.clone(), inbox.clone(), asked.clone().into()).await.unwrap();
            open += PULL;
        }
        let Some(message) = answers.next().await else { return };
        let Some(reply) = message.reply.filter(|_| message.status.is_none()) else {
            open = 0;
            continue;
        };
        open -= 1;
        let id = message.headers.unwrap().get("Nats-Msg-Id").unwrap().to_string();
        arrived.lock().unwrap().entry(id).or_insert_with(Instant::now);
        client.publish(reply, "+ACK".into()).await.unwrap();
    }
}

/// Empties a backlog by the feeder alone, and publishes as many messages of the same size with nothing else.
async fn throughput(world: &World, count: u64) {
    let (subscription, _) = subscribed(world, "Backlog").await;
    backlog(world, &subscription, count).await;
    let feeder = deliver_works(world, &["deliver.feed"]).remove(0);
    let (used, began) = (Used::now(), Instant::now());
    while feeder.step(Duration::ZERO).await.unwrap() != Progress::Idle {}
    let (took, used) = (began.elapsed().as_secs_f64(), Used::since(used));
    let sent = format!(
        "select count(*) from deliver.deliveries where subscription = '{}' and state = 'sent' and tries = 1
        and feed_sequence is not null",
        subscription.id
    );
    assert_eq!(number(world, &sent).await as u64, count, "all are sent, once");
    let client = world.nats.client().await;
    let jetstream = async_nats::jetstream::new(client);
    let feed = jetstream.get_stream("FEED").await.unwrap();
    let subject = format!("feed.{}.signal", subscription.id);
    let body = feed.get_last_raw_message_by_subject(&subject).await.unwrap().payload;
    let mut config = feed.cached_info().config.clone();
    (config.name, config.subjects) = ("BENCH".to_owned(), vec!["bench.>".to_owned()]);
    jetstream.create_stream(config).await.unwrap();
    let (flying, one_by_one) =
        (raw(&jetstream, &body, count, IN_FLIGHT).await, raw(&jetstream, &body, count, CLIENTS).await);
    let feeder = count as f64 / took;
    println!("\n| {count} messages of {} bytes | a second | the feeder's share of it |\n|---|---|---|", body.len());
    println!("| the feeder, all of it written down | {feeder:.0} | |");
    println!("| raw publishes, {IN_FLIGHT} on their way | {flying:.0} | {:.0} % |", feeder / flying * 100.0);
    println!("| raw publishes, {CLIENTS} on their way | {one_by_one:.0} | {:.0} % |", feeder / one_by_one * 100.0);
    let each = |seconds: f64| seconds / count as f64 * 1_000.0;
    println!(
        "\nprocessor seconds for 1,000 messages: the feeder {:.3}, PostgreSQL beside it {:.3}",
        each(used.own),
        each(used.postgres)
    );
}

async fn backlog(world: &World, to: &Subscription, count: u64) {
    let deliveries = format!(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period, state, due_at,
             traceparent, created_at)
         select gen_random_uuid(), '{}', '{}', '{}', 'stream', 'Backlog', 'daily', 'UTC', g::text, 'waiting',
             now() - interval '1 minute', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', now()
         from generate_series(1, {count}) g",
        to.partnership, to.id, to.person
    );
    sql(world, &deliveries).await;
    let content = "insert into deliver.delivery_signals (delivery, signal, revision, body)
         select d.id, c.id, c.revision, c.body from deliver.deliveries d join public.chosen c on c.n = 1 + d.period::int % 400
         where d.channel = 'stream' and d.name = 'Backlog'";
    sql(world, content).await;
    for statement in ["vacuum analyze deliver.deliveries", "vacuum analyze deliver.delivery_signals", "checkpoint"] {
        sql(world, statement).await;
    }
}

/// Publishes, each with an id of its own, so many on their way at once, each with its yes.
async fn raw(jetstream: &async_nats::jetstream::Context, body: &[u8], count: u64, at_once: usize) -> f64 {
    let began = Instant::now();
    futures::stream::iter(0..count)
        .map(|n| {
            let message = async_nats::jetstream::message::PublishMessage::build()
                .message_id(format!("{at_once}-{n:030}"))
                .payload(body.to_vec().into());
            async move { jetstream.send_publish("bench.one.signal", message).await.unwrap().await }
        })
        .buffer_unordered(at_once)
        .try_for_each(|_| async { Ok(()) })
        .await
        .unwrap();
    count as f64 / began.elapsed().as_secs_f64()
}
