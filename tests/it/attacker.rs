//! The attacker: one recipient with overlapping subscriptions on several channels, who keeps everything ever received and knows
//! which places lie in which region. From all of it together, over months, no sum can be worked out that the rules keep back.
//!
//! What is worked out is what must be true; what may be guessed (that a place which is not told did not change since it was)
//! is not tested here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_schemas::{CountyFips, Figures, Horizon, Need, OrganizationId, RegionLevel, Signal};
use skillwire_tests::World;
use skillwire_tests::world::person;
use sqlx::Row;

use crate::counting::{holding, say, version};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// The places of the partnership, and elsewhere.
const PLACES: [&str; 4] = ["29095", "29047", "20091", ""];

/// What is known of one concept and horizon at one moment: sums over places.
type Known = BTreeMap<(String, Horizon), BTreeSet<[i8; 4]>>;

/// Everything this person was sent, by all channels, also what waits for its mail.
async fn received(world: &World, who: &str) -> Vec<Signal> {
    let rows = sqlx::query(
        "select distinct on (s.signal, s.revision) s.body from deliver.deliveries d join deliver.delivery_signals s on s.delivery = d.id
         where d.person = $1 and d.state in ('sent', 'gathering', 'waiting')",
    )
    .bind(person(who).0)
    .fetch_all(&world.house.pool)
    .await
    .unwrap();
    rows.into_iter().map(|row| serde_json::from_value(row.get::<Value, _>(0)).unwrap()).collect()
}

fn places(signal: &Signal) -> [i8; 4] {
    PLACES.map(|place| match signal.region.level {
        RegionLevel::Total => 1,
        RegionLevel::County | RegionLevel::SubRegion => {
            i8::from(CountyFips::parse(place).is_ok_and(|county| signal.region.counties.contains(&county)))
        }
    })
}

/// The sums that are told now, and those that are told of the month before.
fn told(received: &[Signal]) -> (Known, Known) {
    let mut newest: BTreeMap<_, &Signal> = BTreeMap::new();
    for signal in received {
        let one = newest.entry(signal.id).or_insert(signal);
        if one.revision < signal.revision {
            *one = signal;
        }
    }
    let (mut now, mut before) = (Known::new(), Known::new());
    for signal in newest.into_values() {
        let Figures::Published(numbers) = &signal.figures else { continue };
        let key = (signal.concept.key.to_string(), signal.horizon);
        now.entry(key.clone()).or_default().insert(places(signal));
        if numbers.trend.is_some() {
            before.entry(key).or_default().insert(places(signal));
        }
    }
    (now, before)
}

/// Openings by place and employer of one concept and horizon.
fn truth(needs: &[&Need], concept: &str, horizon: Horizon) -> [BTreeMap<OrganizationId, u64>; 4] {
    let mut truth: [BTreeMap<OrganizationId, u64>; 4] = Default::default();
    for need in needs {
        let asks = |m: &skillwire_schemas::Match| m.matched().is_some_and(|c| c.key.to_string() == concept);
        if !asks(&need.occupation) && !need.requirements.iter().any(|r| asks(&r.matched)) {
            continue;
        }
        let openings: u64 = need.openings.iter().filter(|o| o.horizon == horizon).map(|o| u64::from(o.total())).sum();
        let county = need.county.map(|c| c.to_string()).unwrap_or_default();
        let place = PLACES.iter().position(|p| *p == county).unwrap_or(3);
        if openings > 0 {
            *truth[place].entry(need.employer).or_default() += openings;
        }
    }
    truth
}

/// The partnership's rule, written once more: fewer than 3 employers, or one that holds 80 % or more.
fn kept_back(employers: &BTreeMap<OrganizationId, u64>) -> bool {
    let (sum, most) = (employers.values().sum::<u64>(), employers.values().max().copied().unwrap_or(0));
    sum > 0 && (employers.len() < 3 || most * 100 >= sum * 80)
}

/// Whether a sum follows from others: Gaussian elimination over fractions, whole numbers kept whole.
fn follows(rows: &[[i8; 4]], wanted: [i8; 4]) -> bool {
    let mut matrix: Vec<[i64; 4]> = rows.iter().map(|row| row.map(i64::from)).collect();
    let mut goal = wanted.map(i64::from);
    let mut used = 0;
    for column in 0..4 {
        let Some(pivot) = (used..matrix.len()).find(|row| matrix[*row][column] != 0) else { continue };
        matrix.swap(used, pivot);
        let lead = matrix[used];
        let clear = |row: &mut [i64; 4]| {
            let factor = row[column];
            for at in 0..4 {
                row[at] = row[at] * lead[column] - lead[at] * factor;
            }
        };
        matrix.iter_mut().skip(used + 1).for_each(clear);
        clear(&mut goal);
        used += 1;
    }
    goal == [0; 4]
}

/// Sums that this recipient can work out although they are kept back.
fn broken(known: &Known, needs: &[&Need]) -> Vec<String> {
    let mut found = Vec::new();
    for ((concept, horizon), sums) in known {
        let truth = truth(needs, concept, *horizon);
        let mut rows: Vec<[i8; 4]> = sums.iter().copied().collect();
        // That nobody asks in a place may be known.
        rows.extend(
            (0..4).filter(|at| truth[*at].is_empty()).map(|at| std::array::from_fn(|place| i8::from(place == at))),
        );
        for set in 1u8..16 {
            let wanted: [i8; 4] = std::array::from_fn(|at| i8::try_from(set >> at & 1).unwrap());
            let mut employers: BTreeMap<OrganizationId, u64> = BTreeMap::new();
            for (of_place, _) in truth.iter().zip(wanted).filter(|(_, in_it)| *in_it == 1) {
                for (employer, openings) in of_place {
                    *employers.entry(*employer).or_default() += openings;
                }
            }
            if kept_back(&employers) && follows(&rows, wanted) {
                found.push(format!("{concept} {horizon:?} {wanted:?} from {sums:?}: {employers:?}"));
            }
        }
    }
    found
}

/// What held when the month began, as the trend tells it.
fn month_begin(now: DateTime<Utc>) -> (DateTime<Utc>, NaiveDate) {
    let zone: chrono_tz::Tz = "America/Chicago".parse().unwrap();
    let first = now.with_timezone(&zone).date_naive().with_day(1).unwrap();
    let begin = first.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(zone).unwrap();
    (begin.with_timezone(&Utc), first.pred_opt().unwrap())
}

async fn subscribe(world: &World) {
    for (n, predicate) in [
        json!({}),
        json!({"region_levels": ["total"]}),
        json!({"counties": ["29095", "20091"]}),
        json!({"region_levels": ["county"], "min_change_percent": 30}),
        json!({"concept_kinds": ["skill"], "region_levels": ["sub_region", "total"]}),
    ]
    .into_iter()
    .enumerate()
    {
        let channels = if n % 2 == 0 { json!(["stream", "email"]) } else { json!(["email"]) };
        let cadence = if n % 3 == 0 { "instant" } else { "weekly" };
        let body = json!({"name": format!("S{n}"), "channels": channels, "cadence": cadence, "predicate": predicate});
        let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(body)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }
}

#[tokio::test]
async fn from_all_that_one_recipient_ever_got_nothing_kept_back_can_be_worked_out() {
    let (mut sums, mut kept) = (0, 0);
    for seed in 0..3 {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let world = World::new().await;
        subscribe(&world).await;
        let mut said: Vec<Need> = Vec::new();
        for step in 0..9u32 {
            let at = world.now();
            let mut coming: BTreeMap<_, Need> = BTreeMap::new();
            for _ in 0..random.random_range(2..14) {
                let need = version(&mut random, at);
                coming.insert(need.id, need);
            }
            let coming: Vec<Need> = coming.into_values().collect();
            say(&world, &coming).await;
            said.extend(coming);
            world.drain().await;
            let (now, before) = told(&received(&world, "kc-college").await);
            let today = world.now().with_timezone(&chrono_tz::America::Chicago).date_naive();
            let (begin, last_day) = month_begin(world.now());
            for (moment, known, needs) in
                [("now", now, holding(&said, None, today)), ("before", before, holding(&said, Some(begin), last_day))]
            {
                sums += known.values().map(BTreeSet::len).sum::<usize>();
                let broken = broken(&known, &needs);
                assert!(broken.is_empty(), "seed {seed}, step {step}, {moment}: {broken:#?}");
            }
            let got = received(&world, "kc-college").await;
            kept += got.iter().filter(|s| matches!(s.figures, Figures::Suppressed { .. })).count();
            world.pass(DAY * random.random_range(1..20));
            world.drain().await;
        }
    }
    assert!(sums > 150 && kept > 100, "there was something to work with: {sums} sums told, {kept} times kept back");
}

#[test]
fn the_attacker_can_win() {
    assert!(follows(&[[1, 1, 1, 1], [1, 1, 0, 0]], [0, 0, 1, 1]), "what is left over");
    assert!(follows(&[[1, 1, 0, 0], [0, 1, 0, 0]], [1, 0, 0, 0]));
    assert!(!follows(&[[1, 1, 1, 1], [1, 1, 0, 0]], [0, 0, 1, 0]));
    assert!(!follows(&[], [1, 0, 0, 0]));
}
