//! `skillwire signals` and `skillwire replay` as they are typed: the real program on real engines.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use reqwest::Method;
use serde_json::Value;
use skillwire_tests::World;

use crate::pipeline::{everything, feed};

/// The program, which `cargo build` puts beside the folder of the tests.
pub(crate) fn program() -> PathBuf {
    let beside = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("skillwire");
    assert!(
        beside.exists(),
        "{} is not there: run `cargo build -p skillwire` first, as tests/run does",
        beside.display()
    );
    beside
}

/// Runs it on the world's engines.
pub(crate) async fn run(world: &World, arguments: &[&str]) -> Output {
    let settings = &world.house.settings;
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env("SKILLWIRE_DATABASE_URL", &settings.database.url)
        .env("SKILLWIRE_NATS_URL", &settings.nats.url)
        .env("SKILLWIRE_SECRET_KEY", &settings.secret.key)
        .env("SKILLWIRE_LOG_LEVEL", "error");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Its answer, when it must do well.
pub(crate) async fn well(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {} {error}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code and what it complains of.
pub(crate) async fn ill(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(world, arguments).await;
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

async fn welders(world: &World) {
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", n).await;
    }
    world.need("kc-e1", "C-1", "Cook", "29047", 777).await;
    world.drain().await;
}

#[tokio::test]
async fn signals_are_shown_as_table_csv_and_json() {
    let world = World::new().await;
    welders(&world).await;
    let of = ["signals", "--partnership", "Partnership kc"];
    let known = world.get("kc-college", "/api/v1/signals").await;
    let known = known["signals"].as_array().unwrap();

    let json = well(&world, &[&of[..], &["--format", "json"]].concat()).await;
    let shown: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&shown, known, "what the API tells, a line each");

    let csv = well(&world, &[&of[..], &["--format", "csv", "--kind", "occupation", "--level", "total"]].concat()).await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[0].starts_with(r#""what","kind","where","horizon","employers","openings""#), "{csv}");
    let row = r#""Welders, Cutters, Solderers, and Brazers","occupation","Partnership kc","now","3","6","6","0","#;
    assert!(lines[1].starts_with(row), "{csv}");

    let table = well(&world, &[&of[..], &["--all", "--name", "cook"]].concat()).await;
    assert!(table.lines().count() > 2 && table.contains("kept back (few_employers)"), "{table}");
    assert!(!table.contains("777"), "the command tells no more than may be told: {table}");

    let (code, error) = ill(&world, &["signals"]).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("2 partnerships are meant") && error.contains("Partnership mv"), "{error}");
    let (code, error) = ill(&world, &["signals", "--partnership", "nowhere"]).await;
    assert!(code == Some(1) && error.contains("no such partnership"), "{error}");
    let (code, error) = ill(&world, &[&of[..], &["--kind", "job"]].concat()).await;
    assert!(code == Some(2) && error.contains("'job'") && error.contains("occupation"), "{error}");
}

#[tokio::test]
async fn replay_fills_a_wiped_jetstream_again() {
    let mut world = World::new().await;
    world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(everything())).await;
    welders(&world).await;
    let ids = |messages: &[Value]| messages.iter().map(|m| m["id"].to_string()).collect::<BTreeSet<_>>();
    let before = feed(&world).await;
    assert!(before.len() >= 3);
    let signals = world.get("kc-college", "/api/v1/signals?state=all").await;

    world.nats.wipe().await;
    world.stumble(3).await;
    world.connected().await;
    let (code, error) = ill(&world, &["replay", "--since", "yesterday"]).await;
    assert!(code == Some(1) && error.contains("'yesterday'") && error.contains("2026-11-24"), "{error}");
    let nothing = well(&world, &["replay", "--since", "2100-01-01"]).await;
    assert!(nothing.contains("intake: 0 events") && nothing.contains("deliver: 0 feed messages"), "{nothing}");
    world.stumble(1).await;
    assert!(feed(&world).await.is_empty());

    let told = well(&world, &["replay", "--since", "2026-11-24"]).await;
    assert!(told.contains("intake: 4 events go out again"), "{told}");
    assert!(told.contains(&format!("deliver: {} feed messages go out again", before.len())), "{told}");
    world.drain().await;
    let after = feed(&world).await;
    assert_eq!((ids(&after), after.len()), (ids(&before), before.len()), "the same ids, none twice");
    assert_eq!(world.get("kc-college", "/api/v1/signals?state=all").await, signals, "the same state");
}
