//! `skillwire taxonomy`: what is published becomes what the matcher reads.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use skillwire_normalize::ImportInto;
use skillwire_normalize::bundle::Bundle;
use skillwire_normalize::import::{Format, ImportOptions, Progress, import};
use skillwire_normalize::learn_folder;
use skillwire_runtime::config::ConfigError;
use skillwire_runtime::{Clock, SystemClock};
use skillwire_schemas::ConceptKind;

use super::{Ended, console, offline, run, taxonomy_db};
use crate::settings::Settings;

/// Examples shown of one sort of oddity; the bundle keeps more.
const EXAMPLES_SHOWN: usize = 3;

/// `skillwire taxonomy`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Taxonomy {
    #[command(subcommand)]
    command: Option<Command>,
    /// Folder with a taxonomy; the starter when absent.
    #[arg(long)]
    taxonomy: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read what a publisher publishes: a folder, a zip or a file.
    Import(Import),
    /// Learn once more what the texts of a bundle teach: after its files were changed by hand.
    Learn {
        /// The bundle's folder.
        folder: PathBuf,
    },
    /// Write concepts and names of a bundle as one table for a spreadsheet; `import csv` reads it again.
    Export {
        /// The folder of the bundle.
        bundle: PathBuf,
        /// The table.
        #[arg(long)]
        out: PathBuf,
    },
    /// The releases in the database, and who sees which scheme.
    List,
    /// Set the scheme in which a partnership sees its concepts, and read its needs again.
    Display {
        /// Part of the partnership's name, or its id.
        partnership: String,
        /// The scheme, e.g. esco; - for none in particular.
        scheme: String,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// What is read.
    #[arg(value_enum)]
    format: Published,
    /// The folder, zip or file as it was published.
    path: PathBuf,
    /// Folder for the taxonomy bundle, a bundle that is there is replaced; without it the release goes into the database.
    #[arg(long, conflicts_with_all = ["dry_run", "accept_suggestions"])]
    out: Option<PathBuf>,
    /// Only say what would change: added, renamed, retired, merged and split ids.
    #[arg(long)]
    dry_run: bool,
    /// Let a single concept that bears the name of a retired one take its place.
    #[arg(long)]
    accept_suggestions: bool,
    /// The release, where the files do not tell it.
    #[arg(long)]
    release: Option<String>,
    /// The language, where there are several.
    #[arg(long)]
    language: Option<String>,
    /// Do not learn from the texts: quick, but what is no name finds its concept only by shared words.
    #[arg(long)]
    no_learn: bool,
    /// The name of the scheme in ids, for case, ctdl, rsd and csv.
    #[arg(long)]
    scheme: Option<String>,
    /// What the scheme is called, where the files do not tell it.
    #[arg(long)]
    title: Option<String>,
    /// Under which terms it may be used, where the files do not tell them.
    #[arg(long)]
    licence: Option<String>,
    /// What the concepts of a table are when it has no such column: skill, occupation ...
    #[arg(long)]
    kind: Option<ConceptKind>,
    /// A column of a table: concept=Code, label=Name; also kind, aliases, abbreviations, description, broader ...
    #[arg(long = "column", value_parser = pair)]
    columns: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(field, column)| (field.to_owned(), column.to_owned()));
    pair.ok_or_else(|| "give FIELD=COLUMN, e.g. label=Name".to_owned())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Published {
    /// O*NET database, text files (zip or folder).
    Onet,
    /// ESCO classification, CSV (zip, several zips in a folder, or folder).
    Esco,
    /// Lightcast skills, JSON or CSV.
    Lightcast,
    /// CASE 1.0 packages, JSON or OpenSALT's CSV.
    Case,
    /// CTDL and CTDL-ASN, JSON-LD.
    Ctdl,
    /// Rich skill descriptors (OSMT), CSV or JSON.
    Rsd,
    /// Any table, columns guessed or told with --column; or a bundle.
    Csv,
}

impl From<Published> for Format {
    fn from(published: Published) -> Self {
        match published {
            Published::Onet => Self::Onet,
            Published::Esco => Self::Esco,
            Published::Lightcast => Self::Lightcast,
            Published::Case => Self::Case,
            Published::Ctdl => Self::Ctdl,
            Published::Rsd => Self::Rsd,
            Published::Csv => Self::Csv,
        }
    }
}

impl Taxonomy {
    pub(super) fn run(self, settings: impl FnOnce() -> Result<Settings, ConfigError>) -> Result<Ended> {
        match self.command {
            None => offline::taxonomy(self.taxonomy.as_deref()),
            Some(Command::Import(import)) => import.run(settings),
            Some(Command::Learn { folder }) => learn(&folder),
            Some(Command::Export { bundle, out }) => export(&bundle, &out),
            Some(Command::List) => run::block_on(taxonomy_db::list(settings()?)),
            Some(Command::Display { partnership, scheme }) => {
                run::block_on(taxonomy_db::display(settings()?, partnership, scheme))
            }
        }
    }
}

impl Import {
    fn run(self, settings: impl FnOnce() -> Result<Settings, ConfigError>) -> Result<Ended> {
        let bar = ProgressBar::new(0)
            .with_style(ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes}")?.progress_chars("=> "));
        let mut tell = |progress: &Progress<'_>| match progress {
            Progress::Found { files, bytes } => {
                bar.set_length(*bytes);
                bar.println(format!("{files} files, {} MB", bytes.div_ceil(1_000_000)));
            }
            Progress::Reading { file, bytes } => {
                bar.set_message((*file).to_owned());
                bar.inc(*bytes);
            }
        };
        let options = ImportOptions {
            release: self.release,
            language: self.language,
            scheme: self.scheme,
            title: self.title,
            licence: self.licence,
            kind: self.kind,
            columns: self.columns,
            today: Some(SystemClock.now().date_naive()),
        };
        let bundle = import(self.format.into(), &self.path, &options, &mut tell)?;
        let Some(out) = self.out else {
            bar.finish_and_clear();
            report(&bundle);
            let (dry_run, accept_suggestions) = (self.dry_run, self.accept_suggestions);
            let how = ImportInto { dry_run, accept_suggestions, learn: !self.no_learn };
            return run::block_on(taxonomy_db::import(settings()?, bundle, how));
        };
        bar.set_message("writing");
        bundle.write(&out).context("the bundle is not written")?;
        let took = bar.elapsed();
        bar.finish_and_clear();
        report(&bundle);
        console::error(&format!("wrote {} in {:.1} s", out.display(), took.as_secs_f64()));
        if self.no_learn { Ok(Ended::Well) } else { learn(&out) }
    }
}

/// Learns from the bundle's texts and writes the models into its folder.
fn learn(folder: &Path) -> Result<Ended> {
    let bar = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{msg} [{bar:30}] {percent}% {eta} left")?.progress_chars("=> "));
    let written = learn_folder(folder, &mut |kind, done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        bar.set_message(format!("learning: {}", kind.as_str()));
    })?;
    let took = bar.elapsed();
    bar.finish_and_clear();
    for (kind, bytes) in written {
        console::error(&format!("learned {}: {:.1} MB", kind.as_str(), bytes as f64 / 1e6));
    }
    console::error(&format!("learned in {:.0} s", took.as_secs_f64()));
    Ok(Ended::Well)
}

fn export(bundle: &Path, out: &Path) -> Result<Ended> {
    let bundle = Bundle::read(bundle)?;
    let file = File::create(out).with_context(|| format!("{} cannot be written", out.display()))?;
    bundle.write_table(BufWriter::new(file)).with_context(|| format!("{} cannot be written", out.display()))?;
    console::error(&format!("wrote {} concepts to {}", bundle.concepts.len(), out.display()));
    Ok(Ended::Well)
}

/// What was read, and what was odd in it. The counts are the answer; the rest is not.
fn report(bundle: &Bundle) {
    for scheme in &bundle.manifest.schemes {
        let line = format!("{} {} - {}; {}", scheme.scheme, scheme.release, scheme.title, scheme.licence);
        console::error(&line);
    }
    for oddity in &bundle.manifest.oddities.0 {
        console::error(&format!("odd: {} ({} times)", oddity.sort, oddity.count));
        for example in oddity.examples.iter().take(EXAMPLES_SHOWN) {
            let line = if example.line == 0 { String::new() } else { format!(", line {}", example.line) };
            console::error(&format!("     {}{line}: {}", example.file, example.what));
        }
    }
    let mut rows = vec![vec!["what".to_owned(), "count".to_owned()]];
    rows.extend(bundle.manifest.counts.iter().map(|(what, count)| vec![what.clone(), count.to_string()]));
    console::table(&rows);
}
