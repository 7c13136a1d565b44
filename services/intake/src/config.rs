//! Section `intake`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is taken, and how much of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest submission, bytes.
    pub body_bytes_max: usize,
    /// Needs of one submission at most.
    pub rows_max: usize,
    /// Longest text of one cell or field, characters.
    pub cell_chars_max: usize,
    /// Requirements and barriers of one need at most.
    pub list_entries_max: usize,
    /// Largest unpacked size of an XLSX or DOCX file, bytes.
    pub unpacked_bytes_max: u64,
    /// Entries of an XLSX or DOCX file at most.
    pub zip_entries_max: usize,
    /// How many times larger than packed a file inside an XLSX or DOCX may be.
    pub zip_ratio_max: u64,
    /// Errors that an answer lists at most; all are counted.
    pub errors_listed_max: usize,
    /// Submissions read at once by one process.
    pub readers_max: usize,
    /// Rows of a page at most.
    pub page_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_bytes_max: 20_971_520,
            rows_max: 20_000,
            cell_chars_max: 4_000,
            list_entries_max: 100,
            unpacked_bytes_max: 104_857_600,
            zip_entries_max: 200,
            zip_ratio_max: 200,
            errors_listed_max: 1_000,
            readers_max: 4,
            page_rows_max: 100,
        }
    }
}
