//! What publishers publish -> a [`Bundle`]. One file a format; none of them needs a database.
//!
//! Tolerant: dirt is taken as far as it has a meaning, left out where it has none, and reported either way. What is missing
//! as a whole (no occupations in an O*NET folder) is an error that says what is required.

mod decode;
mod esco;
mod esco_relations;
mod onet;
mod onet_technology;
mod source;
mod table;
mod title;

use std::path::Path;

use crate::bundle::{Builder, Bundle};

pub use source::ImportError;

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// O*NET database, text files.
    Onet,
    /// ESCO classification, CSV.
    Esco,
}

/// What the importer is told beside the files.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The release, where the files do not tell it or tell it wrong.
    pub release: Option<String>,
    /// The language that is read where there are several, e.g. `en`.
    pub language: Option<String>,
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
    let mut source = source::Source::open(path, progress)?;
    let mut builder = Builder::default();
    match format {
        Format::Onet => onet::import(&mut source, options, &mut builder)?,
        Format::Esco => esco::import(&mut source, options, &mut builder)?,
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
