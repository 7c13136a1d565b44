//! What is wrong with a bundle.

use std::path::Path;

/// A file of a taxonomy that is wrong: which, where, and what would be right.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}{}: {why}", .file, if *.line == 0 { String::new() } else { format!(", line {}", .line) })]
pub struct BundleError {
    /// Which file.
    pub file: String,
    /// Which line, counted from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong and what would be right.
    pub why: String,
}

impl BundleError {
    /// About a line of a file.
    pub(crate) fn at(file: &str, line: u64, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, why: why.into() }
    }

    /// About a path as a whole.
    pub(crate) fn of(path: &Path, why: impl Into<String>) -> Self {
        Self { file: path.display().to_string(), line: 0, why: why.into() }
    }
}
