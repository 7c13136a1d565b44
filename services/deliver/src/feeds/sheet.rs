//! The state of a feed as a sheet: CSV (RFC 4180) and XLSX, the same columns. Pure.

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use skillwire_schemas::{Figures, Numbers};
use skillwire_web::{csv_cell, csv_row};

use super::entry::{Entry, Feed, Links, moment};

/// The media types.
pub(crate) const CSV_MEDIA_TYPE: &str = "text/csv; charset=utf-8";
pub(crate) const XLSX_MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const COLUMNS: [&str; 24] = [
    "number",
    "signal",
    "revision",
    "as_of",
    "kind",
    "concept",
    "label",
    "level",
    "region",
    "region_name",
    "horizon",
    "state",
    "kept_back",
    "employers",
    "openings",
    "openings_new",
    "openings_replacement",
    "median_hourly",
    "required_percent",
    "previous_openings",
    "previous_employers",
    "change",
    "industries",
    "page",
];
/// Width of a column, characters.
const COLUMN_WIDTH: f64 = 16.0;

/// What stands in a cell. A number is never text, and a text never a formula.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Text(String),
    Number(i64),
    Cents(i64),
    Empty,
}

impl Cell {
    fn csv(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Cents(cents) => format!("{}.{:02}", cents / 100, cents % 100),
            Self::Empty => String::new(),
        }
    }
}

fn number(value: Option<impl Into<i64>>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Number(value.into()))
}

fn row(entry: &Entry, links: &Links) -> [Cell; 24] {
    let signal = &entry.signal;
    let text = |text: &str| Cell::Text(text.to_owned());
    let (state, kept_back) = match &signal.figures {
        Figures::Published(_) => ("published", ""),
        Figures::Suppressed { reason } => ("suppressed", reason.as_str()),
        Figures::Ended => ("ended", ""),
    };
    let numbers = signal.figures.numbers();
    let of = |pick: fn(&Numbers) -> u32| number(numbers.map(pick));
    let trend = numbers.and_then(|n| n.trend);
    [
        Cell::Number(entry.number),
        text(&signal.id.to_string()),
        Cell::Number(signal.revision.into()),
        text(&moment(signal.as_of)),
        text(signal.concept.kind.as_str()),
        text(&signal.concept.key.to_string()),
        text(&signal.concept.label),
        text(signal.region.level.as_str()),
        text(&signal.region.code),
        text(&signal.region.name),
        text(signal.horizon.as_str()),
        text(state),
        text(kept_back),
        of(|n| n.employers),
        of(Numbers::openings),
        of(|n| n.openings_new),
        of(|n| n.openings_replacement),
        numbers.and_then(|n| n.median_hourly_cents).map_or(Cell::Empty, Cell::Cents),
        number(numbers.and_then(|n| n.required_percent)),
        number(trend.map(|t| t.previous_openings)),
        number(trend.map(|t| t.previous_employers)),
        number(trend.map(|t| t.change)),
        text(&signal.industries.join(" ")),
        text(&links.signal(signal)),
    ]
}

/// Writes the CSV.
pub(crate) fn csv(entries: &[Entry], links: &Links) -> String {
    let mut out = format!("{}\r\n", COLUMNS.join(","));
    for entry in entries {
        // `change` is below zero at times: a figure of ours, written bare, is no formula.
        let (mut line, cells) = (String::new(), row(entry, links));
        for (n, cell) in cells.iter().enumerate() {
            if n > 0 {
                line.push(',');
            }
            match cell {
                Cell::Text(text) => line.push_str(csv_row(&[text]).trim_end()),
                other => line.push_str(&other.csv()),
            }
        }
        out.push_str(&line);
        out.push_str("\r\n");
    }
    out
}

/// Writes the workbook: the signals, and a sheet that says what they are.
pub(crate) fn xlsx(feed: &Feed, entries: &[Entry], links: &Links, now: DateTime<Utc>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(feed.last_at.unwrap_or(feed.made_at).timestamp())?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made).set_title("Skillwire signals"));
    let bold = Format::new().set_bold();
    let dollars = Format::new().set_num_format("0.00");
    let sheet = book.add_worksheet().set_name("Signals")?;
    for (column, name) in (0u16..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, name, &bold)?;
        sheet.set_column_width(column, COLUMN_WIDTH)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (line, entry) in (1u32..).zip(entries) {
        for (column, cell) in (0u16..).zip(row(entry, links)) {
            match cell {
                Cell::Text(text) => sheet.write_string(line, column, csv_cell(&text))?,
                Cell::Number(number) => sheet.write_number(line, column, approximate(number))?,
                Cell::Cents(cents) => {
                    sheet.write_number_with_format(line, column, approximate(cents) / 100.0, &dollars)?
                }
                Cell::Empty => sheet,
            };
        }
    }
    let about = book.add_worksheet().set_name("About")?;
    about.set_column_width(0, COLUMN_WIDTH)?;
    let rest = if links.next.is_some() { "there is more than stands here; see the Link header" } else { "all" };
    let lines = [
        ("feed", feed.name.clone()),
        ("read at", moment(now)),
        ("rows", format!("{} ({rest})", entries.len())),
        ("figures", "stated by employers; numbers that are kept back are named in `kept_back`".to_owned()),
        ("signals", format!("{}/signals", links.public_url)),
    ];
    for (line, (name, words)) in (0u32..).zip(lines) {
        about.write_string_with_format(line, 0, name, &bold)?;
        about.write_string(line, 1, csv_cell(&words))?;
    }
    book.save_to_buffer()
}

/// A number of a workbook; those of ours are far below where it loses digits.
#[expect(clippy::cast_precision_loss, reason = "openings, revisions and cents are far below 2^53")]
const fn approximate(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::entry::tests::sample;
    use skillwire_schemas::Suppression;

    #[test]
    fn cells_hold_no_formula_and_numbers_stay_numbers() {
        let (_, mut entry, links) = sample();
        entry.signal.concept.label = "=HYPERLINK(\"http://x\")".to_owned();
        if let Figures::Published(numbers) = &mut entry.signal.figures
            && let Some(trend) = &mut numbers.trend
        {
            trend.change = -3;
        }
        let written = csv(&[entry], &links);
        assert!(written.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{written}");
        assert!(written.contains(",23.75,85,10,4,-3,"), "{written}");
        assert_eq!(written.lines().count(), 2);
    }

    #[test]
    fn numbers_that_are_kept_back_are_empty_and_named() {
        let (_, mut entry, links) = sample();
        entry.signal.figures = Figures::Suppressed { reason: Suppression::Dominated };
        let written = csv(&[entry], &links);
        assert!(written.contains("\"suppressed\",\"dominated\",,,,,,,,,,"), "{written}");
    }
}
