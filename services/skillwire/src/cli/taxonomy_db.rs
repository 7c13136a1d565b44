//! `skillwire taxonomy`: releases in the database.

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use skillwire_normalize::bundle::Bundle;
use skillwire_normalize::{Changes, Fate, ImportInto, Listed, Normalize, Renormalized};
use skillwire_runtime::DirectoryRead;

use super::{Ended, console, data, run};
use crate::house::House;
use crate::settings::Settings;

/// Ids of one sort that are shown; `--out` and a spreadsheet show all.
const LISTED_MAX: usize = 500;
/// New ids that are shown: a first release has tens of thousands.
const ADDED_MAX: usize = 20;

fn normalize(house: &House) -> Result<Normalize> {
    let parts = house.parts(skillwire_normalize::NAME);
    Ok(Normalize::create(parts, house.settings.normalize.clone())?)
}

/// `skillwire taxonomy import` without `--out`
pub(super) async fn import(settings: Settings, bundle: Bundle, how: ImportInto) -> Result<Ended> {
    let house = run::open(settings).await?;
    let normalize = normalize(&house)?;
    let changes = normalize.import(&bundle, how).await.map_err(|fault| anyhow!("nothing was imported: {fault}"))?;
    changes.iter().for_each(show);
    if how.dry_run {
        console::line("nothing was changed (--dry-run)");
        return Ok(Ended::Well);
    }
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    let mut tell = |done: Renormalized| {
        bar.set_message(format!("{} needs read again, {} differ", done.needs, done.changed));
        bar.tick();
    };
    let done = normalize.read_touched_again(&mut tell).await.map_err(|fault| {
        anyhow!("the release is in force, but not all needs were read again ({fault}); run the same command once more")
    })?;
    bar.finish_and_clear();
    console::line(&format!("{} needs read again, {} read differently now", done.needs, done.changed));
    Ok(Ended::Well)
}

fn show(changes: &Changes) {
    let before = changes.before.as_deref().unwrap_or("nothing");
    console::line(&format!("{}: {before} -> {}", changes.scheme, changes.after));
    if changes.unchanged {
        return console::line("  the same as in force; nothing to do");
    }
    let one = |listed: &Listed| format!("{} '{}'", listed.id, listed.label);
    let many = |list: &[Listed]| list.iter().map(one).collect::<Vec<_>>().join(", ");
    section("added", ADDED_MAX, changes.added.iter().map(one));
    section("renamed", LISTED_MAX, changes.renamed.iter().map(|(now, was)| format!("{} (was '{was}')", one(now))));
    for (fate, word) in [
        (Fate::Replaced, "replaced"),
        (Fate::Merged, "merged"),
        (Fate::Split, "split"),
        (Fate::Gone, "retired, with no successor"),
    ] {
        let lines = changes.retired.iter().filter(|retired| retired.fate == fate).map(|retired| {
            let mut line = one(&retired.concept);
            if !retired.successors.is_empty() {
                line.push_str(&format!(" -> {}", many(&retired.successors)));
            }
            if !retired.suggestions.is_empty() {
                line.push_str(&format!(" (bears its name: {})", many(&retired.suggestions)));
            }
            line
        });
        section(word, LISTED_MAX, lines);
    }
}

fn section(what: &str, shown_max: usize, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    console::line(&format!("  {what}: {}", lines.len()));
    lines.iter().take(shown_max).for_each(|line| console::line(&format!("    {line}")));
    if lines.len() > shown_max {
        console::line(&format!("    ... and {} more", lines.len() - shown_max));
    }
}

/// `skillwire taxonomy list`
pub(super) async fn list(settings: Settings) -> Result<Ended> {
    let house = run::open(settings).await?;
    let normalize = normalize(&house)?;
    let head = ["scheme", "release", "in force", "imported", "concepts", "licence", "title"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for release in normalize.releases().await? {
        let state = match (release.active, release.pending) {
            (true, true) => "yes, needs are still to be read again",
            (true, false) => "yes",
            (false, _) => "no",
        };
        rows.push(vec![
            release.scheme.scheme,
            release.scheme.release,
            state.to_owned(),
            release.imported_at.date_naive().to_string(),
            release.counts.get("concepts").copied().unwrap_or_default().to_string(),
            release.scheme.licence,
            release.scheme.title,
        ]);
    }
    console::table(&rows);
    let partnerships = house.reader.partnerships().await?;
    for (partnership, scheme) in normalize.displays().await? {
        let name = partnerships.iter().find(|p| p.id == partnership).map_or("a partnership that is gone", |p| &p.name);
        console::line(&format!("{name} sees {scheme}"));
    }
    Ok(Ended::Well)
}

/// `skillwire taxonomy display`
pub(super) async fn display(settings: Settings, partnership: String, scheme: String) -> Result<Ended> {
    let house = run::open(settings).await?;
    let normalize = normalize(&house)?;
    let partnership = data::choose(&house, Some(&partnership)).await?;
    let wanted = Some(scheme.as_str()).filter(|scheme| *scheme != "-");
    normalize.set_display(partnership.id, wanted).await?;
    // Also when nothing was changed: a run that was stopped is finished by the same command.
    let done = normalize.renormalize(partnership.id).await?;
    let sees = wanted.unwrap_or("no scheme in particular");
    console::line(&format!(
        "{} sees {sees}; {} needs read again, {} read differently now",
        partnership.name, done.needs, done.changed
    ));
    Ok(Ended::Well)
}
