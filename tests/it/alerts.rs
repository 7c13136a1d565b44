//! The alerts and the dashboard ask for what a running system shows, and a running system says at once that NATS refuses it.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use skillwire_tests::World;

use crate::commands::{program, run};

/// Words of PromQL with an underscore, which are no metrics.
const PROMQL: [&str; 1] = ["histogram_quantile"];

/// The real program on the world's engines; ends with the value.
struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(world: &World, nats: &str) -> Running {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = &world.house.settings;
    let child = Command::new(program())
        .args(["run", "--target", "all"])
        .env("SKILLWIRE_DATABASE_URL", &settings.database.url)
        .env("SKILLWIRE_NATS_URL", nats)
        .env("SKILLWIRE_SECRET_KEY", &settings.secret.key)
        .env("SKILLWIRE_HTTP_LISTEN", format!("127.0.0.1:{port}"))
        .env("SKILLWIRE_DELIVER_SMTP_URL", &settings.deliver.smtp_url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running(child, format!("http://127.0.0.1:{port}"))
}

/// Names of metrics in an expression: words with an underscore outside of labels, strings and groupings.
fn metrics(expression: &str) -> BTreeSet<String> {
    let (mut depth, mut bare) = (0, String::new());
    for c in expression.chars() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    let words = bare.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|w| w.contains('_') && !PROMQL.contains(w)).map(str::to_owned).collect()
}

/// Every metric that the rules and the dashboard name.
fn asked() -> BTreeSet<String> {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy");
    let rules = std::fs::read_to_string(deploy.join("alerts.yaml")).unwrap();
    let expressions = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let mut names: BTreeSet<String> = expressions.flat_map(metrics).collect();
    assert!(names.len() >= 10, "{names:?}");
    let dashboard: Value = serde_json::from_slice(&std::fs::read(deploy.join("dashboard.json")).unwrap()).unwrap();
    let targets = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let before = names.len();
    names.extend(targets.flat_map(|target| metrics(target["expr"].as_str().unwrap())));
    assert!(names.len() > before + 3, "{names:?}");
    names
}

#[tokio::test]
async fn every_metric_that_is_asked_for_is_shown_by_a_running_system() {
    let world = World::new().await;
    let running = start(&world, &world.house.settings.nats.url);
    let mut shown = String::new();
    let mut missing = asked();
    for _ in 0..300 {
        // A page that is asked for makes the metrics of requests.
        let _ = world.client().get(format!("{}/", running.1)).send().await;
        if let Ok(answer) = world.client().get(format!("{}/metrics", running.1)).send().await {
            shown = answer.text().await.unwrap();
            let there = |name: &str| {
                shown.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
            };
            // Events are counted when there are some; whether the name is right, the pipeline's own counters say.
            missing.retain(|name| !there(name));
            if missing.is_empty() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not shown: {missing:?} in\n{shown}");
}

#[tokio::test]
async fn a_wrong_password_of_nats_is_told_at_once() {
    let world = World::new().await;
    let wrong = world.house.settings.nats.url.replace("of-the-tests", "forgotten");
    assert_ne!(wrong, world.house.settings.nats.url);
    let mut running = start(&world, &wrong);
    let mut stderr = running.0.stderr.take().unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        (running.0.wait().unwrap(), said)
    });
    let (status, said) = tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("NATS refused the user or password of nats.url (SKILLWIRE_NATS_URL)"), "{said}");

    let mut world = world;
    world.house.settings.nats.url = wrong;
    let doctor = run(&world, &["doctor"]).await;
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(4), "{said}");
    assert!(said.contains("WRONG  nats: NATS refused the user or password"), "{said}");
    assert!(said.contains("SPF, DKIM, DMARC: mail of localhost"), "{said}");
}
