//! `skillwire dead-letters`

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use futures::TryStreamExt;
use skillwire_bus::{ReplayError, drop_letter, replay_letter};
use skillwire_store::Db;
use skillwire_store::dead::{self, LetterFilter, LetterState};

use super::doctor::NATS_GREETING_MAX;
use super::{Ended, console, run};
use crate::dead_letters::{Letters, named, pretty, told};
use crate::house::House;
use crate::settings::Settings;

/// Who did it, in the letter's row.
const BY: &str = "console";

/// `skillwire dead-letters`
#[derive(Debug, Args)]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct Which {
    /// Of one service.
    #[arg(long)]
    service: Option<String>,
    /// dead, replayed or dropped; all when absent.
    #[arg(long)]
    state: Option<LetterState>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is dead, newest first: 100 of a service at most.
    List {
        #[command(flatten)]
        which: Which,
        /// As JSON, a line each.
        #[arg(long)]
        json: bool,
    },
    /// One letter with its body.
    Show {
        /// service/number.
        letter: String,
    },
    /// Publish letters again once their cause is mended: the same events, with the same ids.
    Replay {
        /// service/number.
        #[arg(required_unless_present = "all")]
        letters: Vec<String>,
        /// All that are dead, oldest first (of one service with --service).
        #[arg(long, conflicts_with = "letters")]
        all: bool,
        /// Of one service.
        #[arg(long, requires = "all")]
        service: Option<String>,
    },
    /// Mark letters as not wanted; they are kept.
    Drop {
        /// service/number.
        #[arg(required = true)]
        letters: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// All of them with their bodies, as JSON lines.
    Export {
        #[command(flatten)]
        which: Which,
    },
}

impl DeadLetters {
    pub(super) async fn run(self, settings: Settings) -> Result<Ended> {
        let house = run::open(settings).await?;
        let letters = Letters::new(&house);
        match self.what {
            What::List { which, json } => list(&letters, &which, json).await,
            What::Show { letter } => show(&letters, &letter).await,
            What::Replay { letters: names, all, service } => {
                house.bus.greeted(NATS_GREETING_MAX).await?;
                house.bus.ping().await.context("nothing was replayed")?;
                if all {
                    replay_all(&house, &letters, service.as_deref()).await
                } else {
                    replay(&house, &letters, &names).await
                }
            }
            What::Drop { letters: names, reason } => {
                if reason.trim().is_empty() {
                    bail!("--reason: say why they are not wanted");
                }
                for name in &names {
                    let (db, number) = find(&letters, name)?;
                    drop_letter(db, number, (BY, reason.trim()), house.env.clock.now())
                        .await
                        .with_context(|| name.clone())?;
                    console::line(&format!("{name}: dropped"));
                }
                Ok(Ended::Well)
            }
            What::Export { which } => {
                let filter = which.filter(&letters)?;
                let mut lines = Box::pin(letters.export(which.service, filter));
                while let Some(some) = lines.try_next().await? {
                    console::line(some.trim_end());
                }
                Ok(Ended::Well)
            }
        }
    }
}

impl Which {
    fn filter(&self, letters: &Letters) -> Result<LetterFilter> {
        if let Some(service) = &self.service {
            letters.of(service).with_context(|| format!("there is no service '{service}'"))?;
        }
        Ok(LetterFilter { state: self.state, ..LetterFilter::default() })
    }
}

fn find<'a>(letters: &'a Letters, name: &str) -> Result<(&'a Db, i64)> {
    let (service, number) = named(name)?;
    Ok((letters.of(service).with_context(|| format!("there is no service '{service}'"))?, number))
}

async fn list(letters: &Letters, which: &Which, json: bool) -> Result<Ended> {
    let found = letters.list(which.service.as_deref(), &which.filter(letters)?).await?;
    if json {
        found.iter().for_each(|letter| console::line(&told(letter).to_string()));
        return Ok(Ended::Well);
    }
    let mut rows = vec![
        ["letter", "died_at", "stage", "event", "partnership", "tries", "state", "why"].map(str::to_owned).to_vec(),
    ];
    for letter in &found {
        rows.push(vec![
            format!("{}/{}", letter.service, letter.number),
            letter.died_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            letter.stage.clone(),
            letter.event_type.clone().unwrap_or_default(),
            letter.partnership.map(|p| p.to_string()).unwrap_or_default(),
            letter.tries.to_string(),
            letter.state.clone(),
            letter.why.clone(),
        ]);
    }
    console::table(&rows);
    Ok(Ended::Well)
}

async fn show(letters: &Letters, name: &str) -> Result<Ended> {
    let (db, number) = find(letters, name)?;
    let (letter, body) =
        dead::get(db, number, None).await?.with_context(|| format!("there is no dead letter {name}"))?;
    console::line(&serde_json::to_string_pretty(&told(&letter))?);
    console::line(&pretty(&body));
    Ok(Ended::Well)
}

async fn replay(house: &House, letters: &Letters, names: &[String]) -> Result<Ended> {
    for name in names {
        let (db, number) = find(letters, name)?;
        replay_letter(db, &house.bus, number, BY, house.env.clock.now()).await.with_context(|| name.clone())?;
        console::line(&format!("{name}: goes out again"));
    }
    Ok(Ended::Well)
}

/// In rounds, until nothing is dead that was dead at the beginning: what dies anew has a higher number and is not met again.
async fn replay_all(house: &House, letters: &Letters, service: Option<&str>) -> Result<Ended> {
    let mut count = 0;
    for target in crate::targets::TARGETS.iter().filter(|target| service.is_none_or(|s| s == target.name)) {
        let Some(db) = letters.of(target.name) else { continue };
        let mut numbers = Vec::new();
        let mut filter = LetterFilter { state: Some(LetterState::Dead), ..LetterFilter::default() };
        loop {
            let some = dead::list(db, &filter, crate::dead_letters::LIST_MAX).await?;
            let Some(last) = some.last() else { break };
            filter.before = Some(last.number);
            numbers.extend(some.iter().map(|letter| letter.number));
            if numbers.len() >= crate::dead_letters::EXPORT_MAX {
                break;
            }
        }
        for number in numbers.into_iter().rev() {
            match replay_letter(db, &house.bus, number, BY, house.env.clock.now()).await {
                Ok(()) => count += 1,
                // Somebody else was faster.
                Err(ReplayError::NotDead) => {}
                Err(e) => {
                    return Err(e)
                        .with_context(|| format!("{count} went out again, then {}/{number} did not", target.name));
                }
            }
        }
    }
    console::line(&format!("{count} dead letters go out again"));
    Ok(Ended::Well)
}
