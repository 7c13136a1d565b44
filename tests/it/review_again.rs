//! The past read again after a decision, while other things happen: needs that are just being read, copies that die, rows of
//! the version before, several copies at once.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_aggregate::Aggregate;
use skillwire_normalize::Normalize;
use skillwire_runtime::{Progress, Work};
use skillwire_tests::World;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// Needs of some employers, all with one text.
async fn needs(world: &World, employers: usize, each: usize) {
    for n in 1..=employers {
        let all: Vec<Value> = (0..each)
            .map(|at| {
                json!({"reference": format!("R-{at}"), "occupation": "Welder", "county": "29095",
                    "openings": [{"horizon": "now", "new": 1}], "required_skills": ["cobot wrangling"]})
            })
            .collect();
        let body = json!({"needs": all}).to_string();
        let answer = world.submit(&format!("kc-e{n}"), &format!("k{n}"), "application/json", body.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    }
}

async fn decide(world: &World) -> StatusCode {
    let asked = json!({"kind": "requirement", "text": "cobot wrangling", "version": 0,
        "answer": {"action": "map", "concept": "skillwire:industrial-robot-operation"}});
    world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked)).await.status
}

async fn count(world: &World, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&world.house.pool).await.unwrap()
}

/// Needs by the reason that their only requirement has, and how often the need was made anew.
async fn reasons(world: &World) -> Vec<(String, String, i64)> {
    let sql =
        "select body#>>'{requirements,0,reason}' as reason, body->>'normalization' as normalization, count(*) as n
        from normalize.needs group by 1, 2 order by 1, 2";
    let rows = sqlx::query(sql).fetch_all(&world.house.pool).await.unwrap();
    rows.iter().map(|r| (r.get("reason"), r.get("normalization"), r.get("n"))).collect()
}

fn all_decided(n: i64) -> Vec<(String, String, i64)> {
    vec![("staff decision #1".to_owned(), "1".to_owned(), n)]
}

/// Needs in all events that say many, each as often as it is said.
async fn said_again(world: &World) -> i64 {
    let sql = "select sum(jsonb_array_length(body::jsonb->'data'->'needs'))::bigint from normalize.outbox
        where subject like '%needs.renormalized%'";
    count(world, sql).await
}

/// Holds a table so that nobody writes it, until the transaction ends.
async fn hold(world: &World, table: &str) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = world.house.pool.begin().await.unwrap();
    let sql = format!("lock table {table} in share mode");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
    tx
}

/// Waits until somebody waits for a lock of that kind; gives the process that does. Asked on the connection that holds.
async fn waiting(on: &mut PgConnection, kind: &str) -> Option<i32> {
    let sql = "select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and wait_event = $1 limit 1";
    for _ in 0..5_000 {
        // pg_stat_activity stands still within a transaction unless told otherwise.
        sqlx::query("select pg_stat_clear_snapshot()").execute(&mut *on).await.unwrap();
        if let Some(row) = sqlx::query(sql).bind(kind).fetch_optional(&mut *on).await.unwrap() {
            return Some(row.get("pid"));
        }
        tokio::task::yield_now().await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_need_that_is_read_while_staff_decide_is_not_missed() {
    let world = Arc::new(World::new().await);
    needs(&world, 1, 3).await;
    // The stage has read the texts, without any decision, and cannot write yet.
    let mut held = hold(&world, "normalize.terms").await;
    let stage = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.drain().await }
    });
    waiting(&mut held, "relation").await.expect("the stage waits");
    // Staff decide. The decision waits for the reader; if it did not, the past would be through before the need is there.
    let decision = tokio::spawn({
        let world = Arc::clone(&world);
        async move { decide(&world).await }
    });
    let waits = tokio::select! {
        waits = waiting(&mut held, "advisory") => waits,
        () = async { while !decision.is_finished() { tokio::task::yield_now().await } } => None,
    };
    if waits.is_none() {
        for work in copy(&world) {
            while work.name() == "normalize.again" && work.step(Duration::ZERO).await.unwrap() != Progress::Idle {}
        }
    }
    held.commit().await.unwrap();
    stage.await.unwrap();
    assert_eq!(decision.await.unwrap(), StatusCode::CREATED);
    world.drain().await;
    assert_eq!(reasons(&world).await, all_decided(3));
}

/// The loops of another copy of the service.
fn copy(world: &World) -> Vec<Arc<dyn Work>> {
    let settings = world.house.settings.normalize.clone();
    Normalize::create(world.house.parts("normalize"), settings).unwrap().works()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_dies_in_a_batch_leaves_it_to_the_others_and_nothing_is_said_twice() {
    let world = World::new().await;
    needs(&world, 2, 30).await;
    world.drain().await;
    assert_eq!(decide(&world).await, StatusCode::CREATED);
    // A copy is in the middle of a batch: needs are changed, events about to be written.
    let mut held = hold(&world, "normalize.outbox").await;
    let again = copy(&world).into_iter().find(|work| work.name() == "normalize.again").unwrap();
    let dying = tokio::spawn(async move { again.step(Duration::ZERO).await });
    let process = waiting(&mut held, "relation").await.expect("the copy waits");
    // What PostgreSQL sees of a kill -9: the connection is gone.
    sqlx::query("select pg_terminate_backend($1)").bind(process).execute(&mut *held).await.unwrap();
    assert!(dying.await.unwrap().is_err());
    held.commit().await.unwrap();
    assert_eq!(count(&world, "select sum(needs) from normalize.renormalization_slices").await, 0);
    // Two others share the rest.
    let works = copy(&world);
    let other = async {
        for work in works.iter().filter(|work| work.name() == "normalize.again").cycle().take(20) {
            work.step(Duration::ZERO).await.unwrap();
        }
    };
    tokio::join!(world.drain(), other);
    world.drain().await;
    assert_eq!(reasons(&world).await, all_decided(60));
    assert_eq!(count(&world, "select sum(needs) from normalize.renormalization_slices").await, 60);
    assert_eq!(count(&world, "select sum(changed) from normalize.renormalization_slices").await, 60);
    let said = "select count(*) from normalize.outbox where subject like '%need.normalized%'";
    assert_eq!(count(&world, said).await, 60);
    assert_eq!(said_again(&world).await, 60);
}

#[tokio::test]
async fn rows_of_the_version_before_are_found_too() {
    let world = World::new().await;
    needs(&world, 3, 1).await;
    world.drain().await;
    let old = "update normalize.terms set folded = null, cell = null, openings = null, decision = null";
    sqlx::query(old).execute(&world.house.pool).await.unwrap();
    assert_eq!(decide(&world).await, StatusCode::CREATED);
    // Nothing is read again before all rows can be found.
    for work in copy(&world).iter().filter(|work| work.name() == "normalize.again") {
        assert_eq!(work.step(Duration::ZERO).await.unwrap(), Progress::Idle);
    }
    world.drain().await;
    assert_eq!(reasons(&world).await, all_decided(3));
    assert_eq!(count(&world, "select count(*) from normalize.terms where folded is null or openings is null").await, 0);
}

#[tokio::test]
async fn withdrawn_and_confirmed_needs_keep_their_terms_right() {
    let world = World::new().await;
    needs(&world, 1, 2).await;
    world.drain().await;
    let list = world.get("kc-e1", "/api/v1/needs").await;
    let id = |at: usize| list["needs"][at]["id"].as_str().unwrap().to_owned();
    world.pass(Duration::from_secs(60));
    let changes = json!({"changes": [{"need": id(0), "action": "withdraw"},
        {"need": id(1), "action": "confirm", "valid_until": "2027-03-01"}]});
    let request = world.client().post(format!("{}/api/v1/submissions/changes", world.url));
    let request = request.bearer_auth(world.token("kc-e1")).header("idempotency-key", "c1").json(&changes);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
    world.drain().await;
    let terms = world.get("kc-staff", "/api/v1/terms?kind=requirement").await;
    assert_eq!((&terms["terms"][0]["needs"], &terms["terms"][0]["text"]), (&json!(1), &json!("cobot wrangling")));
    assert_eq!(count(&world, "select count(*) from normalize.terms where cell is not null").await, 1);
}

#[tokio::test]
async fn a_need_that_cannot_be_read_holds_up_no_other_decision() {
    let world = World::new().await;
    needs(&world, 1, 1).await;
    world.need("kc-e2", "W-1", "Gizmo whisperer", "29095", 1).await;
    world.drain().await;
    let broken = "update normalize.needs set body = '{}' where id in (select need from normalize.terms where text = 'cobot wrangling')";
    sqlx::query(broken).execute(&world.house.pool).await.unwrap();
    assert_eq!(decide(&world).await, StatusCode::CREATED);
    let asked = json!({"kind": "occupation", "text": "gizmo whisperer", "version": 0,
        "answer": {"action": "map", "concept": "onet-soc:51-4121.00"}});
    let made = world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let works = copy(&world);
    let again = works.iter().find(|work| work.name() == "normalize.again").unwrap();
    let mut faults = 0;
    for _ in 0..30 {
        world.pass(Duration::from_secs(1));
        faults += usize::from(again.step(Duration::ZERO).await.is_err());
    }
    assert!(faults > 0);
    let done = world.get("kc-staff", "/api/v1/decisions").await;
    let of = |at: usize| &done["decisions"][at]["renormalization"];
    assert!(of(0)["finished_at"].is_string() && of(1)["finished_at"].is_null(), "{done}");
    assert_eq!(of(0)["changed"], 1);
}

/// What is counted of needs, and what is told.
async fn told(world: &World) -> Vec<Value> {
    let mut found = Vec::new();
    for sql in [
        "select to_jsonb(s) from aggregate.shares s order by 1",
        "select to_jsonb(c) - 'need' from aggregate.counted c order by 1",
        "select jsonb_build_array(label, body->'figures', staff_numbers, body->'causes') from aggregate.signals order by 1",
    ] {
        let rows = sqlx::query(sql).fetch_all(&world.house.pool).await.unwrap();
        found.extend(rows.into_iter().map(|row| row.get::<Value, _>(0)));
    }
    found
}

/// Steps the work of that name until nothing is left for it.
async fn step_all(works: &[Arc<dyn Work>], name: &str) {
    let mut met = false;
    for work in works.iter().filter(|work| work.name() == name) {
        met = true;
        while work.step(Duration::ZERO).await.unwrap() != Progress::Idle {}
    }
    assert!(met, "there is no work {name}");
}

/// The needs are said twice, first one by one as their employers stated them, then many in one event as staff decided; the two
/// come on two streams, of which either may be ahead.
async fn heard_in_order(stages: [&str; 2]) -> Vec<Value> {
    let mut world = World::new().await;
    // The partnership's first day is counted as a whole; only what comes after it has a cause.
    world.need("kc-e5", "W-1", "Welder", "29095", 1).await;
    world.drain().await;
    needs(&world, 4, 2).await;
    let works = copy(&world);
    step_all(&[skillwire_bus::relay(&world.house.parts("intake"))], "intake.relay").await;
    step_all(&works, "normalize").await;
    assert_eq!(decide(&world).await, StatusCode::CREATED);
    step_all(&works, "normalize.again").await;
    step_all(&works, "normalize.relay").await;
    assert_eq!(said_again(&world).await, 8);
    let aggregate = Aggregate::create(world.house.parts("aggregate"), world.house.settings.aggregate.clone()).works();
    for stage in stages {
        step_all(&aggregate, stage).await;
    }
    world.drain().await;
    // JetStream is lost and filled again: what is known already changes nothing.
    let before = told(&world).await;
    world.nats.wipe().await;
    world.stumble(3).await;
    world.connected().await;
    world.stumble(3).await;
    sqlx::query("delete from aggregate.inbox").execute(&world.house.pool).await.unwrap();
    let since = world.now() - chrono::TimeDelta::days(1);
    assert!(skillwire_store::outbox::replay_since(&world.house.db("normalize"), since).await.unwrap() > 8);
    world.drain().await;
    assert_eq!(told(&world).await, before);
    before
}

#[tokio::test]
async fn needs_said_one_by_one_and_many_at_once_come_to_the_same_whichever_is_heard_first() {
    let straight = heard_in_order(["aggregate", "aggregate-renormalized"]).await;
    let crossed = heard_in_order(["aggregate-renormalized", "aggregate"]).await;
    let robots =
        |told: &[Value]| told.iter().find(|t| t[0] == "Industrial robot operation").expect("it is told").clone();
    for told in [&straight, &crossed] {
        let robots = robots(told);
        assert_eq!((&robots[1]["employers"], &robots[3]), (&json!(4), &json!(["staff decision #1"])), "{robots}");
    }
    // A group that nobody had heard of before the decision was names it as its cause too; all numbers are the same.
    let numbers = |told: Vec<Value>| -> Vec<Value> {
        let without = |mut one: Value| {
            if let Some(signal) = one.as_array_mut() {
                signal.truncate(3);
            }
            one
        };
        told.into_iter().map(without).collect()
    };
    assert_eq!(numbers(straight), numbers(crossed));
}
