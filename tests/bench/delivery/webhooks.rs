//! Webhook deliveries a second: the pusher over its rows (claimed, signed, posted, written down) to endpoints of their own ports,
//! beside what the same sink takes from a client that does nothing but post.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::json;
use skillwire_tests::World;

use crate::ground::{Used, deliver_works, let_time_pass, run, setting, until};
use crate::rows::{self, number, sql};
use crate::sinks::{HTTP, Sink, http_ceiling};

/// Connections of the client that shows the sink's ceiling.
const CEILING_CONNECTIONS: usize = 64;

pub async fn bench() {
    let count = setting("SKILLWIRE_BENCH_WEBHOOKS", 20_000);
    let world = World::with(|settings| {
        settings.database.connections_max = skillwire::settings::Settings::default().database.connections_max;
        settings.deliver.webhook_timeout_s = 15;
    })
    .await;
    rows::signals(&world).await;
    let body = number(&world, "select max(length(body::text))::bigint from public.chosen").await;
    println!("\n{count} deliveries each\n");
    println!(
        "| endpoints | deliveries a second | processor seconds for 1,000: ours, PostgreSQL's | bytes each | connections | the sink's ceiling |"
    );
    println!("|---|---|---|---|---|---|");
    for endpoints in [1, 10] {
        let sink = Sink::start(HTTP, endpoints);
        waiting(&world, &sink, count).await;
        let_time_pass(&world);
        let (used, began) = (Used::now(), Instant::now());
        let running = run(deliver_works(&world, &["deliver.webhook"]));
        until("all posts are out", async || sink.counts().taken == count).await;
        until("all is written down", async || {
            number(&world, "select count(*) from deliver.deliveries where channel = 'webhook' and state <> 'sent'")
                .await
                == 0
        })
        .await;
        let (took, used) = (began.elapsed().as_secs_f64(), Used::since(used));
        drop(running);
        let once = "select count(*) from deliver.attempts a join deliver.deliveries d on d.id = a.delivery
            where d.channel = 'webhook' and a.outcome = 'sent' and a.number = 1";
        assert_eq!(number(&world, once).await as u64, count, "one attempt each");
        let seen = sink.counts();
        let ceiling =
            http_ceiling(&sink, CEILING_CONNECTIONS, count * 2, &"x".repeat(usize::try_from(body).unwrap())).await;
        let each = |seconds: f64| seconds / count as f64 * 1_000.0;
        println!(
            "| {endpoints} | {:.0} | {:.2}, {:.2} | {} | {} | {ceiling:.0} |",
            count as f64 / took,
            each(used.own),
            each(used.postgres),
            seen.bytes_each(),
            seen.connections
        );
        sql(&world, "delete from deliver.deliveries where channel = 'webhook'").await;
        sql(&world, "delete from deliver.endpoints").await;
        sql(&world, "vacuum analyze deliver.deliveries").await;
    }
}

/// Subscriptions by webhook, one to each port of the sink, made as people make them, and deliveries that wait for them.
async fn waiting(world: &World, sink: &Sink, count: u64) {
    for port in &sink.ports {
        let asked = json!({"name": format!("Hook {port}"), "channels": ["webhook"], "cadence": "daily",
            "webhook_url": format!("http://127.0.0.1:{port}/hook"), "predicate": {"min_openings": 1_000_000}});
        let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(asked)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        world.drain().await;
        let path = format!("/api/v1/webhooks/{}/secret", made.body["id"].as_str().unwrap());
        let told = world.call(Some("kc-college"), Method::POST, &path, None).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    }
    let deliveries = format!(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period, state, due_at,
             traceparent, created_at)
         select gen_random_uuid(), e.partnership, e.subscription, e.person, 'webhook', e.name, 'daily', 'UTC', g::text, 'waiting',
             now() - interval '1 minute', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', now()
         from generate_series(1, {count}) g
         join (select *, row_number() over (order by subscription) - 1 as n from deliver.endpoints) e on e.n = g % {}",
        sink.ports.len()
    );
    assert_eq!(sql(world, &deliveries).await, count);
    let content = "insert into deliver.delivery_signals (delivery, signal, revision, body)
         select d.id, c.id, c.revision, c.body from deliver.deliveries d join public.chosen c on c.n = 1 + d.period::int % 400
         where d.channel = 'webhook'";
    assert_eq!(sql(world, content).await, count);
    sql(world, "vacuum analyze deliver.deliveries").await;
    sql(world, "vacuum analyze deliver.delivery_signals").await;
    sql(world, "checkpoint").await;
}
