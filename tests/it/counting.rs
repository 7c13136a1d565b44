//! The sums that signals are folded from: counted by difference, they are what counting from nothing gives, in whatever order
//! the versions of needs come, and what somebody who adds up by hand would get.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::NeedNormalized;
use skillwire_schemas::{
    CountyFips, Envelope, EventId, Horizon, Need, NeedId, NeedState, Openings, Payload, Requirement, RequirementLevel,
    StatedWage, Wage, WageUnit,
};
use skillwire_tests::World;
use skillwire_tests::world::{organization, partnership};
use sqlx::{AssertSqlSafe, Row};

const COUNTIES: [&str; 5] = ["29095", "29047", "20091", "06037", ""];
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A version of one of 14 needs, of six employers, as a need changes: openings, place, pay, requirements, state, end.
pub(crate) fn version(random: &mut rand::rngs::StdRng, at: DateTime<Utc>) -> Need {
    let mut need = NeedNormalized::sample().need;
    let which = random.random_range(0..14u32);
    need.id = NeedId::derived(&["counting", &which.to_string()]);
    need.employer = organization(&format!("kc-e{}", which % 6 + 1));
    need.naics = Some(if random.random_bool(0.7) { "332710" } else { "311812" }.to_owned());
    need.stated_at = at;
    need.normalization = random.random_range(0..3);
    need.state = if random.random_bool(0.2) { NeedState::Withdrawn } else { NeedState::Active };
    need.county = CountyFips::parse(COUNTIES[random.random_range(0..COUNTIES.len())]).ok();
    need.openings = Horizon::ALL
        .iter()
        .filter_map(|horizon| {
            let (new, replacement) = (random.random_range(0..9), random.random_range(0..4));
            random.random_bool(0.6).then_some(Openings { horizon: *horizon, new, replacement })
        })
        .collect();
    need.wage = random.random_bool(0.7).then(|| {
        let cents = random.random_range(18..30) * 100;
        Wage::from(StatedWage { min_cents: cents, max_cents: cents + 400, unit: WageUnit::Hour })
    });
    let one: Requirement = need.requirements[0].clone();
    need.requirements = ["a", "b"]
        .into_iter()
        .filter_map(|id| {
            let mut one = one.clone();
            one.level = if random.random_bool(0.5) { RequirementLevel::Required } else { RequirementLevel::Preferred };
            if let Some(concept) = &mut one.matched.concept {
                concept.key.id = id.to_owned();
                concept.label = format!("{id} as named {}", need.normalization);
            }
            random.random_bool(0.6).then_some(one)
        })
        .collect();
    need.valid_until = at.date_naive() + chrono::Days::new(random.random_range(0..70));
    need
}

pub(crate) async fn say(world: &World, needs: &[Need]) {
    let jetstream = async_nats::jetstream::new(world.nats.client().await);
    for need in needs {
        let parts = format!("{need:?}");
        let about = About {
            partnership: partnership("kc"),
            subject: need.id.to_string(),
            traceparent: "00-0000000000000000000000000000000a-000000000000000b-01".to_owned(),
            causation: None,
        };
        let data = NeedNormalized { need: need.clone(), cause: None };
        let event = Envelope::new(EventId::derived(&[&parts]), "normalize", world.now(), about, data);
        let body = serde_json::to_vec(&event).unwrap();
        jetstream.publish(event.bus_subject(), body.into()).await.unwrap().await.unwrap();
    }
}

async fn rows(world: &World, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&world.house.pool).await.unwrap();
    rows.into_iter().map(|row| row.get::<Value, _>(0).to_string()).collect()
}

/// Everything that is counted, and every signal with all that is told and all that staff see; not how often it was revised.
async fn state(world: &World) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for sql in [
        "select to_jsonb(s) from aggregate.shares s order by 1",
        "select to_jsonb(w) from aggregate.wages w order by 1",
        "select to_jsonb(c) from aggregate.counted c order by 1",
        "select to_jsonb(c) from aggregate.concepts c order by 1",
        "select jsonb_build_array(id, label, body->'figures', body->'industries', staff_numbers, staff_employers, staff_openings)
         from aggregate.signals where state <> 'ended' order by 1",
    ] {
        found.push(rows(world, sql).await);
    }
    found
}

/// Of each need the version that holds, by hand: the latest in force of those stated before a moment, if it holds that day.
pub(crate) fn holding(said: &[Need], before: Option<DateTime<Utc>>, day: NaiveDate) -> Vec<&Need> {
    let mut latest: BTreeMap<NeedId, &Need> = BTreeMap::new();
    for need in said.iter().filter(|need| before.is_none_or(|at| need.stated_at < at)) {
        let known = latest.entry(need.id).or_insert(need);
        // Of two with one version number the first heard stays; the test makes none.
        if (need.stated_at, need.normalization) > (known.stated_at, known.normalization) {
            *known = need;
        }
    }
    latest.into_values().filter(|n| n.state == NeedState::Active && n.valid_until >= day).collect()
}

/// Employers and openings of one concept, everywhere, within three months; by hand.
fn by_hand(needs: &[&Need], concept: &str) -> (usize, i64) {
    let mut employers = BTreeSet::new();
    let mut openings = 0;
    for need in needs {
        let asks = need.requirements.iter().any(|r| r.matched.concept.as_ref().is_some_and(|c| c.key.id == concept));
        let now = need.openings.iter().find(|o| o.horizon == Horizon::Now && o.total() > 0);
        if let (true, Some(now)) = (asks, now) {
            employers.insert(need.employer);
            openings += i64::from(now.total());
        }
    }
    (employers.len(), openings)
}

async fn check(world: &World, said: &[Need], seed: u64) {
    world.drain().await;
    let counted = state(world).await;
    let zone: chrono_tz::Tz = "America/Chicago".parse().unwrap();
    let today = world.now().with_timezone(&zone).date_naive();
    let first = chrono::Datelike::with_day(&today, 1).unwrap();
    let begin = first.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(zone).unwrap().with_timezone(&Utc);
    for concept in ["a", "b"] {
        for (moment, held) in
            [("now", holding(said, None, today)), ("before", holding(said, Some(begin), first.pred_opt().unwrap()))]
        {
            let sql = "select count(distinct employer), coalesce(sum(openings_new + openings_replacement), 0)::bigint
                 from aggregate.shares where concept = $1 and horizon = 'now' and moment = $2";
            let key = format!("skillwire:{concept}");
            let row = sqlx::query(sql).bind(key).bind(moment).fetch_one(&world.house.pool).await.unwrap();
            let (employers, openings) = by_hand(&held, concept);
            let found = (usize::try_from(row.get::<i64, _>(0)).unwrap(), row.get::<i64, _>(1));
            assert_eq!(found, (employers, openings), "seed {seed}, {concept}, {moment}, {today}");
        }
    }
    skillwire_aggregate::count_again(&world.house.db("aggregate"), partnership("kc"), world.now()).await.unwrap();
    world.drain().await;
    let again = state(world).await;
    for (counted, again) in counted.iter().zip(&again) {
        assert_eq!(counted, again, "seed {seed}: counted from nothing on {today}");
    }
    assert_eq!(skillwire_store::dead::dead(&world.house.db("aggregate")).await.unwrap(), 0);
}

#[tokio::test]
async fn counted_by_difference_is_counted_from_nothing_in_any_order() {
    for seed in 0..3 {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let world = World::new().await;
        let mut said: Vec<Need> = Vec::new();
        let mut versions = BTreeSet::new();
        // Three spells with days, a month's end and expiries in between; some of what is said comes weeks late.
        let mut late: Vec<Need> = Vec::new();
        for spell in 0..4u32 {
            let mut coming: Vec<Need> = std::mem::take(&mut late);
            for step in 0..40u32 {
                let at = world.now() - Duration::from_secs(u64::from(step / 3) * 7_200);
                let need = version(&mut random, at);
                if versions.insert((need.id, need.stated_at, need.normalization)) {
                    if spell < 3 && random.random_bool(0.15) { late.push(need) } else { coming.push(need) }
                }
            }
            coming.shuffle(&mut random);
            let (early, rest) = coming.split_at(coming.len() / 2);
            for part in [early, rest] {
                say(&world, part).await;
                said.extend(part.iter().cloned());
                world.drain().await;
            }
            check(&world, &said, seed).await;
            world.pass(DAY * random.random_range(1..25));
            check(&world, &said, seed).await;
        }
        // Long after, nothing holds and nothing is left in the sums.
        world.pass(DAY * 120);
        check(&world, &said, seed).await;
        assert!(rows(&world, "select to_jsonb(s) from aggregate.shares s where moment = 'now'").await.is_empty());
        assert!(rows(&world, "select to_jsonb(w) from aggregate.wages w where moment = 'now'").await.is_empty());
    }
}

#[tokio::test]
async fn a_need_costs_what_it_touches() {
    let world = World::new().await;
    for n in 1..=4 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    let sums = async || rows(&world, "select to_jsonb(s) from aggregate.shares s").await.len();
    let before = sums().await;
    // Twenty more needs of one employer and county: no row more than there was, whatever their number.
    for n in 2..=21 {
        world.need("kc-e1", &format!("W-{n}"), "Welder", "29095", 3).await;
    }
    world.drain().await;
    assert_eq!(sums().await, before);
    let total = rows(&world, "select to_jsonb(max(needs)) from aggregate.shares").await;
    assert_eq!(total, ["21"]);
}
