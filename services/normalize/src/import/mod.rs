//! What publishers publish -> a [`Bundle`]. One file a format; none of them needs a database.
//!
//! Tolerant: dirt is taken as far as it has a meaning, left out where it has none, and reported either way. What is missing
//! as a whole (no occupations in an O*NET folder) is an error that says what is required.

mod case;
mod case_csv;
mod ctdl;
mod decode;
mod esco;
mod esco_relations;
mod generic;
mod json;
mod lightcast;
mod onet;
mod onet_technology;
mod rsd;
mod source;
mod table;
mod title;

use std::path::Path;

use chrono::NaiveDate;
use skillwire_schemas::{ConceptKey, ConceptKind};

use crate::bundle::{Builder, Bundle, NameCalled};
use title::slug;

pub use source::ImportError;

/// Longest name of a scheme.
const SCHEME_CHARS_MAX: usize = 40;

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// O*NET database, text files.
    Onet,
    /// ESCO classification, CSV.
    Esco,
    /// Lightcast skills, JSON or CSV.
    Lightcast,
    /// CASE packages, JSON or OpenSALT's CSV.
    Case,
    /// CTDL and CTDL-ASN, JSON-LD.
    Ctdl,
    /// Rich skill descriptors, CSV or JSON.
    Rsd,
    /// Any table; a folder that is a bundle is taken as it is.
    Csv,
}

/// What the importer is told beside the files.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The release, where the files do not tell it or tell it wrong.
    pub release: Option<String>,
    /// The language that is read where there are several, e.g. `en`.
    pub language: Option<String>,
    /// The name of the scheme, for formats that many publish (case, ctdl, rsd, csv).
    pub scheme: Option<String>,
    /// What the scheme is called.
    pub title: Option<String>,
    /// Under which terms it may be used.
    pub licence: Option<String>,
    /// What the concepts of a table are when it does not say.
    pub kind: Option<ConceptKind>,
    /// Columns of a table: (field, column).
    pub columns: Vec<(String, String)>,
    /// The day of the import: what has ended before it is retired.
    pub today: Option<NaiveDate>,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So much is to be read, bytes.
    Found {
        /// Files.
        files: usize,
        /// Unpacked size of all, bytes.
        bytes: u64,
    },
    /// This file is read now.
    Reading {
        /// Its name.
        file: &'a str,
        /// Its size, bytes.
        bytes: u64,
    },
}

/// Imports what stands at a path: a folder, a zip, a folder of zips or a file, as the format is published.
///
/// # Errors
/// [`ImportError`]: which file, where in it, and what would be right.
pub fn import(
    format: Format,
    path: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Bundle, ImportError> {
    if format == Format::Csv && Bundle::is_at(path) {
        return Bundle::read(path);
    }
    if let Some(scheme) =
        options.scheme.as_ref().filter(|scheme| slug(scheme) != **scheme || scheme.len() > SCHEME_CHARS_MAX)
    {
        let why = format!(
            "'{scheme}' is no name for a scheme; give small letters, digits and hyphens, e.g. {}",
            slug(scheme)
        );
        return Err(ImportError::of(path, why));
    }
    let mut source = source::Source::open(path, progress)?;
    let mut builder = Builder::default();
    match format {
        Format::Onet => onet::import(&mut source, options, &mut builder)?,
        Format::Esco => esco::import(&mut source, options, &mut builder)?,
        Format::Lightcast => lightcast::import(&mut source, options, &mut builder)?,
        Format::Case => case::import(&mut source, options, &mut builder)?,
        Format::Ctdl => ctdl::import(&mut source, options, &mut builder)?,
        Format::Rsd => rsd::import(&mut source, options, &mut builder)?,
        Format::Csv => generic::import(&mut source, options, &mut builder)?,
    }
    for (sort, file, line, what) in source.take_oddities() {
        builder.odd(sort, &file, line, &what);
    }
    let bundle = builder.finish();
    if bundle.concepts.is_empty() {
        return Err(ImportError::of(path, "holds no concept of this format; is it the right format?"));
    }
    Ok(bundle)
}

/// The scheme of a framework: as it was told, else the format's name and the framework's.
fn scheme_of(format: &str, title: &str, options: &ImportOptions) -> String {
    let made = || slug(&format!("{format}-{title}")).chars().take(SCHEME_CHARS_MAX).collect();
    options.scheme.clone().unwrap_or_else(made)
}

/// A name as label or alternative: an abbreviation in its bracket, and the name without. A bracket that says what sort of
/// thing it is ("Java (computer programming)") is no name.
fn names(builder: &mut Builder, at: u32, name: &str, source: &str) {
    builder.name(at, name, title::called(name), source);
    if let Some((without, inside)) = title::bracket(name) {
        builder.name(at, &without, title::called(&without), source);
        if let Some(inside) = inside.filter(|inside| title::is_short(inside)) {
            builder.name(at, inside, NameCalled::Abbreviation, source);
        }
    }
}

/// A concept of another publisher, by its address or code.
fn foreign(text: &str) -> Option<ConceptKey> {
    let text = text.trim();
    let key = |scheme: &str, id: &str| Some(ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() });
    if text.starts_with("http://data.europa.eu/esco/") {
        return key(esco::SCHEME, text);
    }
    let host = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let tail = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if host.is_some_and(|host| host.ends_with("emsidata.com") || host.ends_with("lightcast.io")) {
        return key(lightcast::SCHEME, tail);
    }
    if onet::is_code(tail) { key(onet::OCCUPATIONS, tail) } else { None }
}

/// The day a date or moment begins with, if a calendar has it.
fn day(text: &str) -> Option<NaiveDate> {
    text.get(..10)?.parse().ok()
}

/// The first number with a point in a text: "O*NET 27.0 Database", `db_27_0_text`, `esco-1.1.1-en-csv`.
fn release_in(text: &str) -> Option<String> {
    let numbers = |text: &str| -> Option<String> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.')
            .map(|part| part.trim_matches('.'))
            .find(|part| part.contains('.') && part.len() <= 12)
            .map(ToOwned::to_owned)
    };
    let stem = text.strip_suffix(".zip").unwrap_or(text);
    numbers(stem).or_else(|| {
        let parts: Vec<&str> = stem.split('_').collect();
        let number = |part: &str| !part.is_empty() && part.len() <= 3 && part.chars().all(|c| c.is_ascii_digit());
        let at = parts.windows(2).position(|pair| pair.iter().all(|part| number(part)))?;
        let end = parts[at..].iter().take_while(|part| number(part)).count();
        Some(parts[at..at + end].join("."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_in_names() {
        for (name, release) in [
            ("O*NET 27.0 Database", "27.0"),
            ("db_29_1_text.zip", "29.1"),
            ("esco-1.1.1-en-csv.zip", "1.1.1"),
            ("ESCO dataset - v1.2.0 - classification - en - csv.zip", "1.2.0"),
        ] {
            assert_eq!(release_in(name).as_deref(), Some(release), "{name}");
        }
        assert_eq!(release_in("taxonomy.zip"), None);
    }
}
