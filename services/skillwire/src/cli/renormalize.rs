//! `skillwire renormalize`

use anyhow::Result;
use clap::Args;
use skillwire_normalize::{Normalize, RenormalizationProgress, renormalizations_newest};

use super::{Ended, console, data, run};
use crate::settings::Settings;

/// Re-readings shown at most.
const SHOWN_MAX: u32 = 20;

/// `skillwire renormalize`
#[derive(Debug, Args)]
pub(super) struct Renormalize {
    /// Part of the partnership's name, or its id; may be left out when there is only one.
    #[arg(long)]
    partnership: Option<String>,
    /// Only show how far the re-readings after the last decisions are.
    #[arg(long)]
    status: bool,
}

impl Renormalize {
    pub(super) async fn run(self, settings: Settings) -> Result<Ended> {
        let house = run::open(settings).await?;
        let partnership = data::choose(&house, self.partnership.as_deref()).await?;
        if self.status {
            let db = house.db(skillwire_normalize::NAME);
            console::table(&rows(&renormalizations_newest(&db, partnership.id, SHOWN_MAX).await?));
            return Ok(Ended::Well);
        }
        let normalize = Normalize::create(house.parts(skillwire_normalize::NAME), house.settings.normalize.clone())?;
        let done = normalize.renormalize(partnership.id).await?;
        console::line(&format!("{} needs read again, {} read differently now", done.needs, done.changed));
        Ok(Ended::Well)
    }
}

fn rows(all: &[RenormalizationProgress]) -> Vec<Vec<String>> {
    let mut rows = vec![["decision", "needs", "read", "changed", "asked", "finished"].map(str::to_owned).to_vec()];
    for one in all {
        rows.push(vec![
            format!("#{}", one.decision),
            one.carriers.map_or_else(|| "not counted".to_owned(), |n| n.to_string()),
            one.needs.to_string(),
            one.changed.to_string(),
            one.asked_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            one.finished_at.map_or_else(|| "goes on".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string()),
        ]);
    }
    rows
}
