//! Commands on the data of an installation.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, ValueEnum};
use skillwire_aggregate::Filter;
use skillwire_runtime::DirectoryRead;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{ConceptKind, Figures, Horizon, RegionLevel, Signal};
use skillwire_store::outbox;

use super::{Ended, console, run};
use crate::house::House;
use crate::settings::Settings;
use crate::targets::TARGETS;

/// Signals of one answer at most.
const SIGNALS_MAX: u32 = 100_000;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

/// `skillwire signals`
#[derive(Debug, Args)]
pub(super) struct Signals {
    /// Part of the partnership's name, or its id; may be left out when there is only one.
    #[arg(long)]
    partnership: Option<String>,
    /// Part of the concept's name.
    #[arg(long)]
    name: Option<String>,
    /// skill, knowledge, technology, credential or occupation.
    #[arg(long)]
    kind: Option<ConceptKind>,
    /// county, sub_region or total.
    #[arg(long)]
    level: Option<RegionLevel>,
    /// now, year or three_years.
    #[arg(long)]
    horizon: Option<Horizon>,
    /// Those too whose numbers are kept back, and those that have ended.
    #[arg(long)]
    all: bool,
    /// How they are shown.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Signals {
    pub(super) async fn run(self, settings: Settings) -> Result<Ended> {
        let house = run::open(settings).await?;
        let partnership = choose(&house, self.partnership.as_deref()).await?;
        let filter = Filter {
            states: if self.all { Vec::new() } else { vec!["published".to_owned()] },
            kind: self.kind.map(|kind| kind.as_str().to_owned()),
            level: self.level.map(|level| level.as_str().to_owned()),
            horizon: self.horizon.map(|horizon| horizon.as_str().to_owned()),
            text: self.name,
            ..Filter::default()
        };
        let signals = skillwire_aggregate::list(&house.pool, partnership.id, &filter, 0, SIGNALS_MAX).await?;
        match self.format {
            Format::Json => {
                for signal in &signals {
                    console::line(&serde_json::to_string(signal)?);
                }
            }
            Format::Csv => {
                for row in rows(&signals) {
                    console::line(skillwire_web::csv_row(&row).trim_end());
                }
            }
            Format::Table => console::table(&rows(&signals)),
        }
        Ok(Ended::Well)
    }
}

/// The partnership that is meant.
pub(super) async fn choose(house: &House, wanted: Option<&str>) -> Result<Partnership> {
    let mut all = house.reader.partnerships().await?;
    if let Some(wanted) = wanted {
        all.retain(|p| p.id.to_string() == wanted || p.name.to_lowercase().contains(&wanted.to_lowercase()));
    }
    match all.len() {
        1 => Ok(all.remove(0)),
        0 => bail!("there is no such partnership"),
        n => {
            let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
            bail!("{n} partnerships are meant; give --partnership: {}", names.join("; "))
        }
    }
}

fn rows(signals: &[Signal]) -> Vec<Vec<String>> {
    let head = [
        "what",
        "kind",
        "where",
        "horizon",
        "employers",
        "openings",
        "new",
        "replacement",
        "median_hourly",
        "revision",
        "state",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for signal in signals {
        let numbers = signal.figures.numbers();
        let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
        rows.push(vec![
            signal.concept.label.clone(),
            signal.concept.kind.as_str().to_owned(),
            signal.region.name.clone(),
            signal.horizon.as_str().to_owned(),
            number(numbers.map(|n| n.employers)),
            number(numbers.map(|n| n.openings())),
            number(numbers.map(|n| n.openings_new)),
            number(numbers.map(|n| n.openings_replacement)),
            numbers
                .and_then(|n| n.median_hourly_cents)
                .map(|c| format!("{}.{:02}", c / 100, c % 100))
                .unwrap_or_default(),
            signal.revision.to_string(),
            match signal.figures {
                Figures::Published(_) => "published".to_owned(),
                Figures::Suppressed { reason } => format!("kept back ({})", reason.as_str()),
                Figures::Ended => "ended".to_owned(),
            },
        ]);
    }
    rows
}

/// `skillwire replay`
pub(super) async fn replay(settings: Settings, since: String) -> Result<Ended> {
    let since = moment(&since)?;
    let house = run::open(settings).await?;
    house.bus.ensure_streams().await.context("JetStream does not make the streams")?;
    let now = house.env.clock.now();
    for target in TARGETS.iter().filter(|target| !["directory", "deliver"].contains(&target.name)) {
        let events = outbox::replay_since(&house.db(target.name), since).await?;
        console::line(&format!("{}: {events} events go out again", target.name));
    }
    let messages = skillwire_deliver::replay_since(&house.db("deliver"), since, now).await?;
    console::line(&format!("deliver: {messages} feed messages go out again"));
    console::line("with the same ids; a running Skillwire hands them over");
    Ok(Ended::Well)
}

fn moment(text: &str) -> Result<DateTime<Utc>> {
    if let Ok(moment) = text.parse::<DateTime<Utc>>() {
        return Ok(moment);
    }
    let day: NaiveDate = text
        .parse()
        .with_context(|| format!("--since '{text}': give a day (2026-11-24) or a moment (2026-11-24T08:00:00Z)"))?;
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}
