//! Commands that need no engine.

use std::io::{BufReader, BufWriter, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use skillwire_normalize::{MatchKind, Matcher, Taxonomy, normalize_lines, place_lines};

use super::{Ended, Kind, console};
use crate::contract;
use crate::settings::Settings;

fn load(folder: Option<&Path>) -> Result<Taxonomy> {
    Ok(match folder {
        Some(folder) => Taxonomy::from_dir(folder)?,
        None => Taxonomy::starter()?,
    })
}

/// The taxonomies side by side; they are read at the same time.
pub(super) fn matcher(folders: &[PathBuf]) -> Result<Matcher> {
    if folders.is_empty() {
        return Ok(Matcher::new(Taxonomy::starter()?));
    }
    let read = |folder: &PathBuf| Taxonomy::from_dir(folder);
    let read: Result<Vec<Taxonomy>, _> = std::thread::scope(|threads| {
        let running: Vec<_> = folders.iter().map(|folder| threads.spawn(move || read(folder))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    Ok(Matcher::of(read?))
}

/// `skillwire normalize`
pub(super) fn normalize(kind: Kind, folders: &[PathBuf], top: usize) -> Result<Ended> {
    let (input, output) = (BufReader::new(stdin().lock()), BufWriter::new(stdout().lock()));
    let kind = match kind {
        Kind::Occupation => MatchKind::Occupation,
        Kind::Skill => MatchKind::Skill,
        Kind::Credential => MatchKind::Credential,
        Kind::Industry => MatchKind::Industry,
        Kind::Place => {
            place_lines(top, input, output)?;
            return Ok(Ended::Well);
        }
    };
    let mut matcher = matcher(folders)?;
    // Publishers of jobs and skills publish no industries: then the codes that come with the program hold.
    if kind == MatchKind::Industry && !matcher.has(kind) {
        matcher = Matcher::new(Taxonomy::starter()?);
    }
    normalize_lines(&matcher, kind, top, input, output)?;
    Ok(Ended::Well)
}

/// `skillwire taxonomy`
pub(super) fn taxonomy(folder: Option<&Path>) -> Result<Ended> {
    let summary = load(folder)?.summary();
    let mut rows = vec![["kind", "concepts", "aliases", "abbreviations"].map(str::to_owned).to_vec()];
    for (kind, concepts, aliases, abbreviations) in summary.kinds {
        rows.push(vec![kind.as_str().to_owned(), concepts.to_string(), aliases.to_string(), abbreviations.to_string()]);
    }
    rows.push(vec!["county".to_owned(), summary.counties.to_string(), "0".to_owned(), "0".to_owned()]);
    console::table(&rows);
    Ok(Ended::Well)
}

/// `skillwire schemas`
pub(super) fn schemas(check: bool, root: &Path) -> Result<Ended> {
    let mut differ = Vec::new();
    for (path, text) in contract::files()? {
        let place = root.join(&path);
        if std::fs::read_to_string(&place).is_ok_and(|there| there == text) {
            continue;
        }
        if check {
            differ.push(path);
            continue;
        }
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        std::fs::write(&place, text).with_context(|| format!("{} cannot be written", place.display()))?;
        console::line(&format!("wrote {path}"));
    }
    if differ.is_empty() {
        return Ok(Ended::Well);
    }
    console::error(&format!("not current: {}; run `skillwire schemas` and commit what changes", differ.join(", ")));
    Ok(Ended::CheckFailed)
}

/// `skillwire nats-issuer`
pub(super) fn nats_issuer(settings: &Settings) -> Result<Ended> {
    let secret: skillwire_web::Secret = settings.secret.key.parse()?;
    console::line(&skillwire_deliver::issuer(&secret)?.public_key());
    Ok(Ended::Well)
}
