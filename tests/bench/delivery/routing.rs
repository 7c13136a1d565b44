//! Events matched a second: route's index, the linear scan over `holds`, and PostgreSQL with GIN indexes over the predicates. All
//! must find the same subscriptions. One thread, one connection, one event after the other.

use std::hint::black_box;
use std::time::{Duration, Instant};

use skillwire_route::{Index, holds};
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{
    Cadence, Channel, ConceptKey, ConceptKind, CountyFips, Figures, Horizon, Numbers, PartnershipId, Payload, PersonId,
    Predicate, RegionLevel, Signal, SignalId, Subscription, SubscriptionId,
};
use skillwire_tests::World;
use sqlx::{Connection, PgConnection};

use crate::ground::{quantile, setting};

/// Events of which each must be matched alike.
const COMPARED: usize = 40;
/// How long each way is measured.
const MEASURED: Duration = Duration::from_secs(2);

const CONCEPTS: u64 = 2_000;
const GROUPS: u64 = 100;
const COUNTIES: u64 = 20;
const KINDS: [ConceptKind; 4] =
    [ConceptKind::Skill, ConceptKind::Occupation, ConceptKind::Credential, ConceptKind::Technology];
const HORIZONS: [Horizon; 3] = [Horizon::Now, Horizon::Year, Horizon::ThreeYears];

pub async fn bench() {
    let world = World::new().await;
    let mut connection = PgConnection::connect(&world.house.settings.database.url).await.unwrap();
    println!(
        "\n| subscriptions | partnerships | wanted by (mean) | index: events a second, p99 | scan | GIN, all conditions | GIN, narrowest condition | index against scan |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let largest = setting("SKILLWIRE_BENCH_SUBSCRIPTIONS", 100_000);
    for count in [1_000, 10_000, 100_000].into_iter().filter(|count| *count <= largest) {
        for partnerships in [1, count / 100] {
            one(&mut connection, count, partnerships).await;
        }
    }
}

async fn one(connection: &mut PgConnection, count: u64, partnerships: u64) {
    let mut dice = Dice(count + partnerships);
    let subscriptions: Vec<Subscription> = (0..count).map(|n| subscription(&mut dice, n, partnerships)).collect();
    let signals: Vec<Signal> = (0..2_000).map(|n| signal(&mut dice, n, partnerships)).collect();
    let mut index = Index::default();
    for subscription in &subscriptions {
        index.put(subscription.clone());
    }
    gin::fill(connection, &subscriptions).await;
    let scan = |signal: &Signal| -> Vec<SubscriptionId> {
        let wanted =
            |s: &&Subscription| !s.paused && s.partnership == signal.partnership && holds(&s.predicate, signal);
        subscriptions.iter().filter(wanted).map(|s| s.id).collect()
    };
    let mut matches = 0;
    for signal in signals.iter().take(COMPARED) {
        let mut wanted = scan(signal);
        wanted.sort_unstable();
        let found: Vec<SubscriptionId> = index.matching(signal).iter().map(|s| s.id).collect();
        assert_eq!(found, wanted, "the index finds what the scan finds");
        for query in [gin::ALL, gin::NARROWEST] {
            assert_eq!(gin::matching(connection, query, signal).await, wanted, "PostgreSQL finds what the scan finds");
        }
        matches += wanted.len();
    }
    let mut took = Vec::new();
    let indexed = rate(&signals, |signal| {
        let began = Instant::now();
        black_box(index.matching(signal));
        took.push(began.elapsed().as_secs_f64() * 1_000_000.0);
    });
    took.sort_unstable_by(f64::total_cmp);
    let scanned = rate(&signals, |signal| drop(black_box(scan(signal))));
    let all = gin::rate(connection, gin::ALL, &signals).await;
    let narrowest = gin::rate(connection, gin::NARROWEST, &signals).await;
    println!(
        "| {count} | {partnerships} | {:.0} | {indexed:.0}, {:.0} µs | {scanned:.0} | {all:.0} | {narrowest:.0} | {:.0} times |",
        matches as f64 / COMPARED as f64,
        quantile(&took, 0.99),
        indexed / scanned
    );
}

fn rate(signals: &[Signal], mut each: impl FnMut(&Signal)) -> f64 {
    let (began, mut done) = (Instant::now(), 0_u64);
    for signal in signals.iter().cycle() {
        each(signal);
        done += 1;
        if began.elapsed() > MEASURED {
            break;
        }
    }
    done as f64 / began.elapsed().as_secs_f64()
}

/// Numbers that look random and are the same every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Some are asked for much more often than others.
    fn skewed(&mut self, n: u64) -> u64 {
        let one = self.next() as f64 / u64::MAX as f64;
        ((one * one * n as f64) as u64).min(n - 1)
    }

    fn some<T>(&mut self, most: u64, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..=self.below(most)).map(|_| one(self)).collect()
    }
}

fn concept(n: u64) -> (ConceptKey, ConceptKind, String) {
    let key = ConceptKey { scheme: "skillwire".to_owned(), id: format!("concept-{n}") };
    let kind = KINDS[[0, 0, 0, 0, 0, 0, 1, 1, 2, 3][(n % 10) as usize]];
    (key, kind, format!("group-{}", n % GROUPS))
}

fn county(n: u64) -> CountyFips {
    CountyFips::parse(&format!("29{:03}", 1 + 2 * n)).unwrap()
}

/// 60 % ask for one to five concepts (a tenth of those for whole groups), half of them in one to three counties; 25 % for one or two
/// kinds in one to three counties, half of them of an industry; 10 % for one kind over the whole partnership by enough employers; 5 %
/// for whatever is large and soon.
fn subscription(dice: &mut Dice, n: u64, partnerships: u64) -> Subscription {
    let mut predicate = Predicate::default();
    match dice.below(100) {
        0..60 => {
            predicate.concepts = dice.some(5, |dice| {
                let (key, _, group) = concept(dice.skewed(CONCEPTS));
                if dice.below(10) == 0 { ConceptKey { id: group, ..key } } else { key }
            });
            if dice.below(2) == 0 {
                predicate.counties = dice.some(3, |dice| county(dice.below(COUNTIES)));
            }
        }
        60..85 => {
            predicate.counties = dice.some(3, |dice| county(dice.below(COUNTIES)));
            predicate.concept_kinds = dice.some(2, |dice| KINDS[dice.below(4) as usize]);
            if dice.below(2) == 0 {
                predicate.naics_prefixes = vec![format!("{}", 311 + dice.below(20))];
            }
        }
        85..95 => {
            predicate.concept_kinds = vec![KINDS[dice.below(4) as usize]];
            predicate.region_levels = vec![RegionLevel::Total];
            predicate.min_employers = 10 + dice.below(10) as u32;
        }
        _ => {
            predicate.horizons = vec![HORIZONS[dice.below(3) as usize]];
            predicate.min_openings = 80 + dice.below(20) as u32;
        }
    }
    Subscription {
        id: SubscriptionId::derived(&[&n.to_string()]),
        partnership: PartnershipId::derived(&[&(n % partnerships).to_string()]),
        person: PersonId::derived(&["p"]),
        name: "n".to_owned(),
        predicate,
        channels: vec![Channel::Email],
        webhook_url: None,
        cadence: Cadence::Daily,
        time_zone: "America/Chicago".to_owned(),
        paused: false,
    }
}

/// Of a county (70 %) or of the whole partnership; 3 to 20 employers, 3 to 100 openings, one to three industries.
fn signal(dice: &mut Dice, n: u64, partnerships: u64) -> Signal {
    let mut signal = SignalPublished::sample().signal;
    signal.id = SignalId::derived(&[&n.to_string()]);
    signal.partnership = PartnershipId::derived(&[&dice.below(partnerships).to_string()]);
    let (key, kind, group) = concept(dice.skewed(CONCEPTS));
    (signal.concept.key, signal.concept.kind, signal.concept.broader) = (key, kind, vec![group]);
    let is_county = dice.below(10) < 7;
    signal.region.level = if is_county { RegionLevel::County } else { RegionLevel::Total };
    signal.region.counties =
        if is_county { vec![county(dice.below(COUNTIES))] } else { (0..COUNTIES).map(county).collect() };
    signal.horizon = HORIZONS[dice.below(3) as usize];
    signal.industries = dice.some(3, |dice| format!("{}", 311 + dice.below(20)));
    signal.figures = Figures::Published(Numbers {
        employers: 3 + dice.below(18) as u32,
        openings_new: 3 + dice.below(98) as u32,
        openings_replacement: 0,
        median_hourly_cents: None,
        required_percent: None,
        unmatched_percent: None,
        trend: None,
    });
    signal
}

/// The same in SQL. What a predicate leaves open is written as `*`, so that every condition is one that GIN can answer; the
/// partnership stands before each value, so that none leads out of it.
mod gin {
    use super::{Duration, Instant, MEASURED, PgConnection, Predicate, Signal, Subscription, SubscriptionId};
    use sqlx::AssertSqlSafe;
    use uuid::Uuid;

    /// All conditions are asked of one index of several columns.
    pub const ALL: &str = "select id from public.subscriptions where concepts && $1 and counties && $2 and kinds && $3
        and levels && $4 and horizons && $5 and industries && $6 and employers <= $7 and openings <= $8 order by id";
    /// Only the narrowest condition of each predicate is in the index, as it is in ours; the others are asked of the row.
    pub const NARROWEST: &str =
        "select id from public.subscriptions where heading && ($1 || $2 || $3) and concepts && $1
        and counties && $2 and kinds && $3 and levels && $4 and horizons && $5 and industries && $6 and employers <= $7
        and openings <= $8 order by id";

    fn column(of: &Subscription, values: Vec<String>) -> Vec<String> {
        let values = if values.is_empty() { vec!["*".to_owned()] } else { values };
        values.into_iter().map(|value| format!("{}:{value}", of.partnership)).collect()
    }

    fn texts<T: ToString>(values: &[T]) -> Vec<String> {
        values.iter().map(T::to_string).collect()
    }

    pub async fn fill(connection: &mut PgConnection, subscriptions: &[Subscription]) {
        run(connection, "drop table if exists public.subscriptions").await;
        run(
            connection,
            "create table public.subscriptions (id uuid primary key, heading text[], concepts text[], counties text[],
            kinds text[], levels text[], horizons text[], industries text[], employers int, openings int)",
        )
        .await;
        let insert = "insert into public.subscriptions select * from jsonb_to_recordset($1) as r (id uuid, heading text[],
            concepts text[], counties text[], kinds text[], levels text[], horizons text[], industries text[], employers int, openings int)";
        for some in subscriptions.chunks(2_000) {
            let rows: Vec<serde_json::Value> = some.iter().map(row).collect();
            sqlx::query(insert).bind(sqlx::types::Json(rows)).execute(&mut *connection).await.unwrap();
        }
        for statement in [
            "create index on public.subscriptions using gin (concepts, counties, kinds, levels, horizons, industries)",
            "create index on public.subscriptions using gin (heading)",
            "vacuum analyze public.subscriptions",
        ] {
            run(connection, statement).await;
        }
    }

    async fn run(connection: &mut PgConnection, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
    }

    fn row(one: &Subscription) -> serde_json::Value {
        let p: &Predicate = &one.predicate;
        let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<String>>();
        let concepts = column(one, texts(&p.concepts));
        let counties = column(one, texts(&p.counties));
        let kinds = column(one, words(p.concept_kinds.iter().map(|k| k.as_str()).collect()));
        let heading = match () {
            () if !p.concepts.is_empty() => &concepts,
            () if !p.counties.is_empty() => &counties,
            () => &kinds,
        };
        serde_json::json!({"id": one.id.0, "heading": heading, "concepts": concepts, "counties": counties, "kinds": kinds,
            "levels": column(one, words(p.region_levels.iter().map(|l| l.as_str()).collect())),
            "horizons": column(one, words(p.horizons.iter().map(|h| h.as_str()).collect())),
            "industries": column(one, p.naics_prefixes.clone()),
            "employers": p.min_employers, "openings": p.min_openings})
    }

    pub async fn matching(connection: &mut PgConnection, query: &'static str, signal: &Signal) -> Vec<SubscriptionId> {
        let asked = |values: Vec<String>| -> Vec<String> {
            values.into_iter().chain(["*".to_owned()]).map(|value| format!("{}:{value}", signal.partnership)).collect()
        };
        let scheme = &signal.concept.key.scheme;
        let concepts = std::iter::once(signal.concept.key.to_string())
            .chain(signal.concept.broader.iter().map(|id| format!("{scheme}:{id}")))
            .collect();
        let numbers = signal.figures.numbers().unwrap();
        let found: Vec<Uuid> = sqlx::query_scalar(query)
            .bind(asked(concepts))
            .bind(asked(texts(&signal.region.counties)))
            .bind(asked(vec![signal.concept.kind.as_str().to_owned()]))
            .bind(asked(vec![signal.region.level.as_str().to_owned()]))
            .bind(asked(vec![signal.horizon.as_str().to_owned()]))
            .bind(asked(signal.industries.clone()))
            .bind(i32::try_from(numbers.employers).unwrap())
            .bind(i32::try_from(numbers.openings()).unwrap())
            .fetch_all(connection)
            .await
            .unwrap();
        found.into_iter().map(SubscriptionId).collect()
    }

    pub async fn rate(connection: &mut PgConnection, query: &'static str, signals: &[Signal]) -> f64 {
        let (began, mut done) = (Instant::now(), 0_u64);
        for signal in signals.iter().cycle() {
            let _ = matching(connection, query, signal).await;
            done += 1;
            let limit: Duration = MEASURED;
            if began.elapsed() > limit {
                break;
            }
        }
        done as f64 / began.elapsed().as_secs_f64()
    }
}
