//! `skillwire demo summary`: what became of the input, checked against what it must give.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use skillwire_runtime::DirectoryRead;
use skillwire_schemas::PartnershipId;
use skillwire_store::outbox;

use super::{Ended, console, run};
use crate::house::House;
use crate::settings::Settings;
use crate::targets::TARGETS;

/// How long everything must be quiet before it counts as through: longer than a group settles.
const QUIET: Duration = Duration::from_millis(1_500);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Counts by name: `signals.published`, `deliveries.email.sent`, ...
type Numbers = BTreeMap<String, i64>;

/// Shows the summary.
pub(super) async fn run(settings: Settings, expect: Option<PathBuf>, wait_s: u64) -> Result<Ended> {
    let house = run::open(settings).await?;
    let wait = Duration::from_secs(wait_s);
    through(&house, wait).await?;
    // The day's mails go now, so that they can be read; their period stays the day.
    let flushed = skillwire_deliver::flush(&house.db("deliver"), house.env.clock.now()).await?;
    console::line(&format!("everything is through; {flushed} digests go now instead of tomorrow morning"));
    delivered(&house, wait).await?;
    let mut all = Numbers::new();
    for partnership in house.reader.partnerships().await? {
        let numbers = gather(&house, partnership.id).await?;
        show(&partnership.name, &numbers);
        for (name, count) in numbers {
            *all.entry(name).or_default() += count;
        }
    }
    show("All partnerships", &all);
    match expect {
        Some(path) => check(&all, &path),
        None => Ok(Ended::Well),
    }
}

/// Waits until no event is on its way and no group waits to be folded.
async fn through(house: &House, wait: Duration) -> Result<()> {
    let started = house.env.clock.instant();
    let mut quiet_since = None;
    loop {
        let now = house.env.clock.instant();
        let waiting = waiting(house).await?;
        if waiting == 0 {
            let since = *quiet_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= QUIET {
                return Ok(());
            }
        } else {
            quiet_since = None;
        }
        if now.saturating_duration_since(started) > wait {
            bail!(
                "{waiting} events and groups still wait after {} s; is Skillwire running? see its log",
                wait.as_secs()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn waiting(house: &House) -> Result<i64> {
    let mut waiting = 0;
    for target in TARGETS {
        waiting += outbox::waiting(&house.db(target.name)).await?.0;
        for stage in target.stages {
            // A consumer that is not there yet has everything before it.
            waiting += house.bus.stage_waiting(stage).await?.map_or(1, |n| i64::try_from(n).unwrap_or(i64::MAX));
        }
    }
    for partnership in house.reader.partnerships().await? {
        waiting += skillwire_aggregate::counts(&house.db("aggregate"), partnership.id).await?.waiting;
        waiting += skillwire_route::counts(&house.db("route"), partnership.id).await?.starting;
    }
    Ok(waiting)
}

/// Waits until no delivery is open.
async fn delivered(house: &House, wait: Duration) -> Result<()> {
    let started = house.env.clock.instant();
    loop {
        let mut open = 0;
        for partnership in house.reader.partnerships().await? {
            let counts = skillwire_deliver::counts(&house.db("deliver"), partnership.id).await?;
            let is_open = |state: &str| matches!(state, "gathering" | "waiting" | "sending" | "handing_over");
            open += counts.deliveries.iter().filter(|(_, state, _)| is_open(state)).map(|(_, _, n)| n).sum::<i64>();
        }
        if open == 0 {
            return Ok(());
        }
        if house.env.clock.instant().saturating_duration_since(started) > wait {
            bail!("{open} deliveries are still open after {} s; see the page Deliveries", wait.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn gather(house: &House, partnership: PartnershipId) -> Result<Numbers> {
    let mut numbers = Numbers::new();
    let mut put = |name: String, count: i64| *numbers.entry(name).or_default() += count;
    let (intake, sources) = skillwire_intake::counts(&house.db("intake"), partnership).await?;
    put("1 employers".to_owned(), intake.employers);
    put("2 submissions".to_owned(), intake.submissions);
    for (source, count) in sources {
        put(format!("2 submissions, {source}"), count);
    }
    put("3 items accepted".to_owned(), intake.accepted);
    put("3 items rejected".to_owned(), intake.rejected);
    let normalize = skillwire_normalize::counts(&house.db("normalize"), partnership).await?;
    put("4 needs in force".to_owned(), normalize.active);
    put("4 needs withdrawn".to_owned(), normalize.withdrawn);
    for (kind, state, count) in normalize.terms {
        put(format!("5 {kind} terms {state}"), count);
    }
    for (state, reason, count) in skillwire_aggregate::counts(&house.db("aggregate"), partnership).await?.signals {
        put(format!("6 signals {state}{}", reason.map(|r| format!(" ({r})")).unwrap_or_default()), count);
    }
    let route = skillwire_route::counts(&house.db("route"), partnership).await?;
    put("7 subscriptions".to_owned(), route.subscriptions);
    let deliver = skillwire_deliver::counts(&house.db("deliver"), partnership).await?;
    for (channel, count) in deliver.told {
        put(format!("8 signals told by {channel}"), count);
    }
    for (channel, state, count) in deliver.deliveries {
        put(format!("9 deliveries by {channel}, {state}"), count);
    }
    Ok(numbers)
}

fn show(title: &str, numbers: &Numbers) {
    console::line("");
    let mut rows = vec![vec![title.to_owned(), "count".to_owned()]];
    rows.extend(numbers.iter().map(|(name, count)| vec![name[2..].to_owned(), count.to_string()]));
    console::table(&rows);
}

fn check(numbers: &Numbers, path: &std::path::Path) -> Result<Ended> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let expected: Numbers =
        serde_json::from_str(&text).with_context(|| format!("{} is not of the shape", path.display()))?;
    let mut wrong = 0;
    for (name, count) in &expected {
        let got = numbers.iter().find(|(n, _)| n[2..] == **name).map_or(0, |(_, c)| *c);
        if got != *count {
            wrong += 1;
            console::error(&format!("{name}: {got}, but the input must give {count}"));
        }
    }
    if wrong > 0 {
        return Ok(Ended::CheckFailed);
    }
    console::line(&format!("\nall {} expected counts hold", expected.len()));
    Ok(Ended::Well)
}
