//! Bytes -> needs: one reader a format, one check for all.
//!
//! Each reader finds the words (`RawNeed`); `check` decides whether they make a need. A reader fails as a whole only when
//! the file cannot be read at all; otherwise every item is accepted or says what is wrong with it, where, and what would be
//! right.

mod check;
mod csv;
mod dates;
mod docx;
mod encoding;
mod html;
mod json;
mod outline;
mod posting;
mod raw;
mod sections;
mod table;
mod text;
mod wage;
mod xlsx;
mod zipped;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_schemas::event::SubmissionSource;
use skillwire_schemas::{CountyFips, NeedDraft};
use utoipa::ToSchema;

use crate::config::Config;

pub use json::{JsonNeed, JsonNeeds, JsonOpenings, JsonRequirement, JsonWage, Scalar};
pub use outline::{Outline, file_text, outline};
pub use table::TEMPLATE_COLUMNS;

/// What a submission is read against.
#[derive(Clone, Debug)]
pub struct Context {
    /// The day it came, in the partnership's zone.
    pub today: NaiveDate,
    /// The partnership's counties.
    pub counties: Vec<CountyFips>,
    /// Bounds.
    pub limits: Config,
}

/// One thing that is wrong, or that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Remark {
    /// The column, field or JSON pointer; empty for the item as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// A stable word.
    pub code: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Remark {
    pub(crate) fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.to_owned(), message: message.into() }
    }
}

/// One item of a submission.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadItem {
    /// Where it stands, e.g. `row 7` or `/needs/0`.
    pub place: String,
    /// The employer's own key, if it could be read.
    pub reference: Option<String>,
    /// The need, or what is wrong with it.
    pub result: Result<Box<NeedDraft>, Vec<Remark>>,
    /// What was understood in a way that its writer should look at.
    pub warnings: Vec<Remark>,
}

/// A submission that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// How it came.
    pub source: SubmissionSource,
    /// Its items in order.
    pub items: Vec<ReadItem>,
    /// What concerns the file as a whole, e.g. its encoding.
    pub notes: Vec<Remark>,
}

/// A submission that cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A stable word.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Unreadable {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our JSON.
    Json,
    /// Comma-, semicolon- or tab-separated.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// JDX or schema.org JobPosting, bare or inside HTML.
    Posting,
    /// A job description as text.
    Text,
    /// A job description as a Word document.
    Docx,
}

impl Format {
    /// By media type and, when that says nothing, by file name.
    ///
    /// # Errors
    /// [`Unreadable`] when neither names a format we read.
    pub fn of(media_type: &str, file_name: Option<&str>) -> Result<Self, Unreadable> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let by_type = match essence.as_str() {
            "application/json" => Some(Self::Json),
            "text/csv" | "application/csv" | "text/tab-separated-values" => Some(Self::Csv),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(Self::Xlsx),
            "application/ld+json" | "text/html" => Some(Self::Posting),
            "text/plain" => Some(Self::Text),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Some(Self::Docx),
            _ => None,
        };
        let extension = file_name.and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
        let by_name = match extension.as_deref() {
            Some("json") => Some(Self::Json),
            Some("csv" | "tsv") => Some(Self::Csv),
            Some("xlsx") => Some(Self::Xlsx),
            Some("jsonld" | "html" | "htm") => Some(Self::Posting),
            Some("txt" | "md") => Some(Self::Text),
            Some("docx") => Some(Self::Docx),
            _ => None,
        };
        // Browsers send what the user's system believes (Excel installed: CSV comes as a spreadsheet type): a name that
        // says a format wins over the type.
        by_name.or(by_type).ok_or_else(|| {
            Unreadable::new(
                "format",
                format!(
                    "'{}' is not a format read here; send .csv, .xlsx, .json, .jsonld, .html, .txt or .docx",
                    file_name.unwrap_or(media_type)
                ),
            )
        })
    }
}

/// Reads a submission.
///
/// # Errors
/// [`Unreadable`] when it cannot be read at all.
pub fn read(format: Format, bytes: &[u8], context: &Context) -> Result<Reading, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::new("empty", "nothing was sent; the file or body is empty"));
    }
    let (source, raw, notes) = match format {
        Format::Json => {
            let items = json::read(bytes, context)?;
            (SubmissionSource::Json, items, Vec::new())
        }
        Format::Csv => {
            let (items, notes) = csv::read(bytes, context)?;
            (SubmissionSource::Csv, items, notes)
        }
        Format::Xlsx => {
            let (items, notes) = xlsx::read(bytes, context)?;
            (SubmissionSource::Xlsx, items, notes)
        }
        Format::Posting => (SubmissionSource::JobPosting, posting::read(bytes, context)?, Vec::new()),
        Format::Text => {
            let (text, notes) = encoding::decode(bytes)?;
            (SubmissionSource::Text, vec![text::read(&text, context)?], notes)
        }
        Format::Docx => (SubmissionSource::Text, vec![text::read(&docx::text(bytes, context)?, context)?], Vec::new()),
    };
    if raw.is_empty() {
        return Err(Unreadable::new("no_needs", "there is no need in it; give at least one row or item"));
    }
    if raw.len() > context.limits.rows_max {
        return Err(Unreadable::new(
            "too_many_rows",
            format!("{} needs in one submission; at most {}: split it", raw.len(), context.limits.rows_max),
        ));
    }
    Ok(Reading { source, items: check::all(raw, context), notes })
}

/// Reads one need of the form.
#[must_use]
pub fn read_form(need: &JsonNeed, context: &Context) -> Reading {
    let raw = vec![json::raw(need, String::new())];
    Reading { source: SubmissionSource::Form, items: check::all(raw, context), notes: Vec::new() }
}
