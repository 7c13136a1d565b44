//! Mails a second and processor time for 1,000 of them: the mailer over its rows (each mail is claimed, its attempt begun, its
//! handing over and its outcome written down, four commits), nodemailer with a pool, Python's smtplib. All make the MIME of each
//! mail anew from the same words and picture and give it to the same sink.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use skillwire_runtime::Progress;
use skillwire_tests::World;
use sqlx::Row;

use crate::ground::{Used, deliver_works, let_time_pass, run, setting, until};
use crate::rows::{self, number, sql};
use crate::sinks::{SMTP, Sink, smtp_ceiling};

pub async fn bench() {
    let count = setting("SKILLWIRE_BENCH_MAILS", 4_000);
    let sink = Sink::start(SMTP, 1);
    let at = format!("smtp://127.0.0.1:{}", sink.ports[0]);
    let world = World::with(|settings| {
        settings.deliver.smtp_url = at;
        settings.database.connections_max = skillwire::settings::Settings::default().database.connections_max;
    })
    .await;
    let at_once = world.house.settings.deliver.mails_at_once_max;
    rows::signals(&world).await;
    rows::digests(&world, count).await;
    let words = one_written(&world, count).await;
    println!("\n{count} mails each, {at_once} connections where there is a pool\n");
    println!(
        "| who | mails a second | processor seconds for 1,000 | bytes a mail | connections |\n|---|---|---|---|---|"
    );
    let ours = ours(&world, &sink, count).await;
    peers(&sink, &words, count, at_once);
    let mail = "x".repeat(76) + "\r\n";
    let mail = mail.repeat(usize::try_from(ours).unwrap() / 78);
    let before = sink.counts();
    let ceiling = smtp_ceiling(&sink, at_once, count * 2, &mail).await;
    let took = sink.counts().since(before);
    println!(
        "| the sink's ceiling: the same bytes, sent as they are | {ceiling:.0} | | {} | {} |",
        took.bytes_each(),
        took.connections
    );
}

/// Lets the mailer write one digest, and gives its words to all others: they wait for their first attempt as it does after a
/// failure. Gives the words for the peers.
async fn one_written(world: &World, count: u64) -> Value {
    let_time_pass(world);
    let due = "update deliver.deliveries set due_at = now() where state = 'gathering' and name = 'Digest 1'";
    assert_eq!(sql(world, due).await, 1);
    let mailer = deliver_works(world, &["deliver.mail"]).remove(0);
    while mailer.step(Duration::ZERO).await.unwrap() == Progress::Idle {}
    let row = sqlx::query(
        "select subject, body_text, body_html, picture_png from deliver.deliveries where name = 'Digest 1' and frozen_at is not null",
    )
    .fetch_one(&world.house.pool)
    .await
    .unwrap();
    let png: Vec<u8> = row.get("picture_png");
    let copied =
        "update deliver.deliveries d set subject = w.subject, body_text = w.body_text, body_html = w.body_html,
             picture_alt = w.picture_alt, picture_png = w.picture_png, frozen_at = w.frozen_at, state = 'waiting'
         from deliver.deliveries w where d.state = 'gathering' and w.name = 'Digest 1' and w.frozen_at is not null";
    assert_eq!(sql(world, copied).await, count - 1);
    sql(world, "vacuum analyze deliver.deliveries").await;
    sql(world, "checkpoint").await;
    json!({"subject": row.get::<String, _>("subject"), "text": row.get::<String, _>("body_text"),
        "html": row.get::<String, _>("body_html"), "png": BASE64_STANDARD.encode(png)})
}

/// Ours; gives the bytes of a mail.
async fn ours(world: &World, sink: &Sink, count: u64) -> u64 {
    let (before, used) = (sink.counts(), Used::now());
    sql(world, "update deliver.deliveries set due_at = now() where state = 'waiting'").await;
    let began = Instant::now();
    let running = run(deliver_works(world, &["deliver.mail"]));
    until("all mails are out", async || sink.counts().since(before).taken == count - 1).await;
    let (took, used) = (began.elapsed().as_secs_f64(), Used::since(used));
    drop(running);
    until("all is written down", async || {
        number(world, "select count(*) from deliver.deliveries where state in ('waiting', 'sending', 'handing_over')")
            .await
            == 0
    })
    .await;
    let sent = number(world, "select count(*) from deliver.deliveries where state = 'sent' and tries = 1").await;
    assert_eq!(sent as u64, count, "not every mail is known to be sent");
    let seen = sink.counts().since(before);
    row("skillwire: the mailer, all of it written down", took, used.own, seen, count - 1);
    println!("| (PostgreSQL beside it) | | {:.2} | | |", used.postgres / (count - 1) as f64 * 1_000.0);
    seen.bytes_each()
}

fn row(who: &str, seconds: f64, processor: f64, seen: crate::sinks::Counts, count: u64) {
    println!(
        "| {who} | {:.0} | {:.2} | {} | {} |",
        count as f64 / seconds,
        processor / count as f64 * 1_000.0,
        seen.bytes_each(),
        seen.connections
    );
}

fn peers(sink: &Sink, words: &Value, count: u64, at_once: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("words.json");
    std::fs::write(&file, words.to_string()).unwrap();
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peers");
    let (port, count_said, at_once) = (sink.ports[0].to_string(), count.to_string(), at_once.to_string());
    let python = format!("{peers}/smtplib_mails.py");
    let node = format!("{peers}/nodemailer_mails.cjs");
    for (who, program, script, how) in [
        ("nodemailer, pool", "node", &node, at_once.as_str()),
        ("Python smtplib, one connection", "python3", &python, "reused"),
        ("Python smtplib, a connection for each mail", "python3", &python, "each"),
    ] {
        let before = sink.counts();
        let output = Command::new(program).arg(script).args([&port, file.to_str().unwrap(), &count_said, how]).output();
        let answer = output.ok().filter(|output| output.status.success());
        let Some(answer) = answer.and_then(|output| serde_json::from_slice::<Value>(&output.stdout).ok()) else {
            println!("| {who} | not there | | | |");
            continue;
        };
        let seen = sink.counts().since(before);
        assert_eq!(seen.taken, count, "{who} lost mails");
        row(who, answer["seconds"].as_f64().unwrap(), answer["processor"].as_f64().unwrap(), seen, count);
    }
}
