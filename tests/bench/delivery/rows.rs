//! Rows as the pipeline makes them: signals of real submissions, and digests of many subscribers that are drawn from them.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use skillwire_tests::World;
use skillwire_tests::world::partnership;
use sqlx::AssertSqlSafe;

/// Signals that the contents are drawn from.
const SIGNALS: i64 = 400;

const OCCUPATIONS: [&str; 16] = [
    "Welder",
    "CNC Machinist",
    "Forklift Operator",
    "Quality Inspector",
    "Registered Nurse",
    "Nursing Assistant",
    "Electrician",
    "Plumber",
    "Carpenter",
    "Truck Driver",
    "Web Developer",
    "Cook",
    "Medical Assistant",
    "Pharmacy Technician",
    "Accountant",
    "Industrial Machinery Mechanic",
];
const SKILLS: [&str; 40] = [
    "MIG welding",
    "blueprint reading",
    "patient care",
    "vital signs",
    "blood pressure measurement",
    "blood glucose monitoring",
    "phlebotomy",
    "TIG welding",
    "CNC programming",
    "forklift operation",
    "quality control",
    "preventive maintenance",
    "hydraulics",
    "pneumatics",
    "PLC programming",
    "electrical wiring",
    "conduit bending",
    "pipe fitting",
    "framing",
    "finish carpentry",
    "JavaScript",
    "Python",
    "SQL",
    "HTML",
    "food safety",
    "food preparation",
    "inventory management",
    "customer service",
    "Microsoft Excel",
    "data entry",
    "medical terminology",
    "electronic health records",
    "infection control",
    "medication administration",
    "wound care",
    "machine setup",
    "precision measurement",
    "troubleshooting",
    "bookkeeping",
    "payroll",
];
const CREDENTIALS: [&str; 6] =
    ["OSHA 10", "OSHA 30", "Certified Nursing Assistant", "CDL Class A", "AWS Certified Welder", "ServSafe"];

pub async fn sql(world: &World, statement: &str) -> u64 {
    let mut connection = world.house.pool.acquire().await.unwrap();
    sqlx::query("set statement_timeout = 0").execute(&mut *connection).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut *connection).await.unwrap();
    sqlx::query("reset statement_timeout").execute(&mut *connection).await.unwrap();
    done.rows_affected()
}

pub async fn number(world: &World, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&world.house.pool).await.unwrap()
}

/// Four employers say what they need in three counties, and the pipeline makes signals of it: table public.chosen (n, id,
/// revision, body, openings), n from 1.
pub async fn signals(world: &World) {
    for employer in 1..=4_usize {
        let needs: Vec<Value> = (0..OCCUPATIONS.len() * 3)
            .map(|at| {
                let (job, county) = (at / 3, ["29095", "29047", "20091"][at % 3]);
                let skills: Vec<&str> = (0..8).map(|n| SKILLS[(job * 5 + n * 3) % SKILLS.len()]).collect();
                let openings = 2 + (at + employer) % 3;
                json!({"reference": format!("N-{at}"), "occupation": OCCUPATIONS[job],
                    "county": county, "required_skills": skills,
                    "preferred_credentials": [CREDENTIALS[job % CREDENTIALS.len()]],
                    "wage": {"min": 18 + job, "max": 22 + job + employer, "unit": "hour"},
                    "openings": [{"horizon": "now", "new": openings}, {"horizon": "year", "new": openings + 1}]})
            })
            .collect();
        let body = json!({"needs": needs}).to_string();
        let who = format!("kc-e{employer}");
        let answer = world.submit(&who, "rows", "application/json", body.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    }
    world.drain().await;
    // Groups are folded when they were quiet for a while.
    world.pass(Duration::from_secs(10));
    world.drain().await;
    let chosen = format!(
        "create table public.chosen as
         select row_number() over (order by id)::int as n, id, revision, body,
             (body->'figures'->>'openings_new')::int + (body->'figures'->>'openings_replacement')::int as openings
         from route.signals where body->'figures'->>'state' = 'published' order by id limit {SIGNALS}"
    );
    let found = sql(world, &chosen).await;
    assert_eq!(found, SIGNALS as u64, "too few signals came of the submissions");
    sql(world, "alter table public.chosen add primary key (n)").await;
}

/// `count` subscribers, each with a digest that is gathered (40 signals) and one that was sent the day before (40 signals, 20 of them
/// the same ones with other numbers). The gathered ones are due in an hour.
pub async fn digests(world: &World, count: u64) {
    let partnership = partnership("kc");
    // Which signals a subscriber has: steps that have no divisor in common with their number meet none twice.
    let nth = format!("1 + (g * 31 + k * (array[1, 3, 7, 9, 11, 13, 17, 19, 21, 23])[1 + g % 10]) % {SIGNALS}");
    let of = |what: &str| format!("md5('{what} ' || g)::uuid");
    let (person, subscription, last, next) = (of("person"), of("subscription"), of("last"), of("next"));
    let columns =
        "id, partnership, subscription, person, channel, name, cadence, time_zone, period, state, due_at, sent_at,
        traceparent, created_at";
    let delivery = |id: &str, day: &str, state: &str, sent: &str| {
        format!(
            "insert into deliver.deliveries ({columns})
             select {id}, '{partnership}', {subscription}, {person}, 'email', 'Digest ' || g, 'daily', 'America/Chicago',
                 to_char(({day}) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '{state}', now() + interval '1 hour', {sent},
                 '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', now()
             from generate_series(1, {count}) g"
        )
    };
    let day = "date_trunc('day', now())";
    for statement in [
        format!(
            "insert into directory.people (id, name, address)
             select {person}, 'Subscriber ' || g, 'subscriber-' || g || '@people.example' from generate_series(1, {count}) g"
        ),
        format!(
            "insert into deliver.subscriptions (subscription, version, paused, ended, partnership, person, name, channels, changed_at)
             select {subscription}, g, false, false, '{partnership}', {person}, 'Digest ' || g, '{{email}}', now()
             from generate_series(1, {count}) g"
        ),
        delivery(&last, &format!("{day} - interval '1 day'"), "sent", &format!("{day} - interval '1 hour'")),
        delivery(&next, day, "gathering", "null"),
        // A third of what was told was more, a third less, a third the same.
        format!(
            "insert into deliver.delivery_signals (delivery, signal, revision, body)
             select {last}, c.id, 0, jsonb_set(c.body, '{{figures,openings_new}}',
                 to_jsonb(greatest((c.body->'figures'->>'openings_new')::int + c.n % 3 - 1, 1)))
             from generate_series(1, {count}) g, generate_series(20, 59) k join public.chosen c on true where c.n = {nth}"
        ),
        "insert into deliver.told (subscription, signal, revision, openings, kind, delivery)
             select d.subscription, s.signal, 0, (s.body->'figures'->>'openings_new')::int +
                 (s.body->'figures'->>'openings_replacement')::int, s.body->'concept'->>'kind', d.id
             from deliver.deliveries d join deliver.delivery_signals s on s.delivery = d.id where d.name like 'Digest %'"
            .to_owned(),
        format!(
            "insert into deliver.delivery_signals (delivery, signal, revision, body)
             select {next}, c.id, c.revision, c.body
             from generate_series(1, {count}) g, generate_series(0, 39) k join public.chosen c on true where c.n = {nth}"
        ),
        "analyze deliver.deliveries".to_owned(),
        "vacuum analyze deliver.delivery_signals".to_owned(),
        "vacuum analyze deliver.told".to_owned(),
        "checkpoint".to_owned(),
    ] {
        let began = std::time::Instant::now();
        let rows = sql(world, &statement).await;
        let words: Vec<&str> = statement.split_whitespace().take(3).collect();
        eprintln!("{:.1} s, {rows} rows: {}", began.elapsed().as_secs_f64(), words.join(" "));
    }
}
