//! How long a decision takes that reads the past again, and the review queue's page, with 1,000,000 needs. Only the loops of
//! normalize that read again run; how long the events then take to JetStream is measured by itself. Run by `tests/bench/run
//! review`; `SKILLWIRE_BENCH_NEEDS` sets another number of needs.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_normalize::Normalize;
use skillwire_runtime::{Progress, Work};
use skillwire_tests::World;
use sqlx::AssertSqlSafe;

/// Employers behind the needs.
const EMPLOYERS: u32 = 5_000;

#[tokio::main]
async fn main() {
    let needs: u32 = std::env::var("SKILLWIRE_BENCH_NEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let world = World::new().await;
    fill(&world, needs).await;
    let sum = "select count(*) from normalize.terms";
    println!("\n{needs} needs, {} terms\n", number(&world, sum).await);
    queue(&world).await;
    println!("\n| decision | answered after | needs with the text | changed | seconds | needs a second |");
    println!("|---|---|---|---|---|---|");
    // In one need of 100, in one of 10, in each.
    for (text, kind, answer) in [
        ("rare gizmo tuning", "requirement", json!({"action": "ignore"})),
        ("cobot wrangling", "requirement", json!({"action": "map", "concept": "skillwire:industrial-robot-operation"})),
        ("cobot wrangling", "requirement", json!({"action": "undo", "decision": 2})),
        ("shop floor whisperer", "occupation", json!({"action": "map", "concept": "onet-soc:51-4121.00"})),
        ("widget polishing", "requirement", json!({"action": "map", "concept": "skillwire:welding"})),
    ] {
        decision(&world, text, kind, answer).await;
    }
    relay(&world).await;
}

async fn number(world: &World, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&world.house.pool).await.unwrap()
}

/// Ten needs as the pipeline makes them, and copies of them with other ids and employers.
async fn fill(world: &World, needs: u32) {
    let all: Vec<Value> = (0..100)
        .map(|at| {
            let mut skills = vec!["MIG welding", "blueprint reading", "widget polishing"];
            if at % 10 == 0 {
                skills.push("cobot wrangling");
            }
            if at == 1 {
                skills.push("rare gizmo tuning");
            }
            let title = if at % 10 == 2 { "Shop floor whisperer" } else { "Welder" };
            json!({"reference": format!("R-{at}"), "occupation": title, "county": "29095",
                "openings": [{"horizon": "now", "new": 2}], "required_skills": skills})
        })
        .collect();
    let body = json!({"needs": all}).to_string();
    assert_eq!(world.submit("kc-e1", "fill", "application/json", body.as_bytes()).await.status, StatusCode::CREATED);
    world.drain().await;
    // Ids are hashes, as those of needs are.
    let id = "md5(n.id::text || g)::uuid";
    let employer = format!("md5('e' || (g * 100 + hashtext(n.reference)) % {EMPLOYERS})::uuid");
    let copies = format!(
        "insert into normalize.needs (id, partnership, employer, reference, stated_at, state, valid_until, body, draft,
             traceparent, cause, updated_at)
         select {id}, n.partnership, {employer}, n.reference || '-' || g, n.stated_at, n.state, n.valid_until,
             n.body || jsonb_build_object('id', {id}, 'employer', {employer}, 'reference', n.reference || '-' || g),
             n.draft, n.traceparent, n.cause, n.updated_at
         from normalize.needs n, generate_series(1, {}) g where n.employer = (select min(employer::text)::uuid from normalize.needs)",
        needs / 100 - 1
    );
    let mut connection = world.house.pool.acquire().await.unwrap();
    sqlx::query("set statement_timeout = 0").execute(&mut *connection).await.unwrap();
    for sql in [
        &copies,
        "create table public.of (old uuid, new uuid, employer uuid)",
        "insert into public.of select o.id, n.id, n.employer from normalize.needs n join normalize.needs o
             on o.reference = substring(n.reference from '^R-[0-9]+') and n.reference <> o.reference where o.reference !~ '^R-[0-9]+-'",
        "insert into normalize.terms (need, position, partnership, employer, kind, text, state, concept, label, score, reason,
             folded, cell, openings, decision)
         select of.new, t.position, t.partnership, of.employer, t.kind, t.text, t.state, t.concept, t.label, t.score, t.reason,
             t.folded, t.cell, t.openings, t.decision from public.of join normalize.terms t on t.need = of.old",
        "drop table public.of",
        "vacuum analyze normalize.needs",
        "vacuum analyze normalize.terms",
        "checkpoint",
    ] {
        let began = Instant::now();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *connection).await.unwrap();
        eprintln!("{:.1} s: {}", began.elapsed().as_secs_f64(), sql.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
    }
}

/// The first page of the queue, and the next.
async fn queue(world: &World) {
    for (name, path) in [
        ("first page of the queue", "/api/v1/terms"),
        ("one text", "/api/v1/terms/one?kind=requirement&text=widget%20polishing"),
    ] {
        let mut took = Vec::new();
        for _ in 0..5 {
            let began = Instant::now();
            world.get("kc-staff", path).await;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        println!("{name}: {:.0} ms (middle of 5)", took[2].as_secs_f64() * 1_000.0);
    }
}

/// The loops that read again, as one process has them.
fn again(world: &World) -> Vec<Arc<dyn Work>> {
    let settings = world.house.settings.normalize.clone();
    let works = Normalize::create(world.house.parts("normalize"), settings).unwrap().works();
    works.into_iter().filter(|work| work.name() == "normalize.again").collect()
}

async fn decision(world: &World, text: &str, kind: &str, answer: Value) {
    let began = Instant::now();
    let answered = if answer["action"] == "undo" {
        let path = format!("/api/v1/decisions/{}/undo", answer["decision"]);
        world.call(Some("kc-staff"), Method::POST, &path, Some(json!({"version": answer["decision"]}))).await
    } else {
        let asked = json!({"kind": kind, "text": text, "version": 0, "answer": answer});
        world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked)).await
    };
    assert_eq!(answered.status, StatusCode::CREATED, "{}", answered.body);
    let answered_after = began.elapsed();
    let loops: Vec<_> = again(world)
        .into_iter()
        .map(|work| tokio::spawn(async move { while work.step(Duration::ZERO).await.unwrap() != Progress::Idle {} }))
        .collect();
    for one in loops {
        one.await.unwrap();
    }
    // A slice that the other loop had taken looks like none: the last steps are done here.
    for work in again(world) {
        while work.step(Duration::ZERO).await.unwrap() != Progress::Idle {}
    }
    let took = began.elapsed().as_secs_f64();
    let progress = &world.get("kc-staff", "/api/v1/decisions").await["decisions"][0]["renormalization"];
    assert!(progress["finished_at"].is_string(), "{progress}");
    let changed = progress["changed"].as_f64().unwrap();
    let action = answer["action"].as_str().unwrap();
    println!(
        "| {action} {kind} '{text}' | {} ms | {} | {changed} | {took:.1} | {:.0} |",
        answered_after.as_millis(),
        progress["carriers"],
        changed / took
    );
}

/// How fast the events go to JetStream.
async fn relay(world: &World) {
    let settings = world.house.settings.normalize.clone();
    let works = Normalize::create(world.house.parts("normalize"), settings).unwrap().works();
    let relay = works.into_iter().find(|work| work.name() == "normalize.relay").unwrap();
    let said = number(world, "select coalesce(sum(changed), 0)::bigint from normalize.renormalization_slices").await;
    let (began, mut events) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(20) {
        match relay.step(Duration::ZERO).await.unwrap() {
            Progress::Did(n) => events += n,
            Progress::Idle => break,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("\nneeds to JetStream: {said} in {events} events, {seconds:.1} s (20 at most)");
}
