//! CSV: comma-, semicolon- or tab-separated, with the header in the first row.

use super::raw::RawNeed;
use super::table::Header;
use super::{Context, Remark, Unreadable, encoding};

/// Reads a CSV file.
pub(crate) fn read(bytes: &[u8], context: &Context) -> Result<(Vec<RawNeed>, Vec<Remark>), Unreadable> {
    let (text, mut notes) = encoding::decode(bytes)?;
    let separator = separator(&text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut header: Option<Header> = None;
    let mut needs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| Unreadable::new("csv", format!("the file cannot be read as CSV: {e}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<String> = record.iter().map(ToOwned::to_owned).collect();
        match &header {
            None if cells.iter().all(|c| c.trim().is_empty()) => {}
            None => header = Some(Header::read(&cells)?),
            Some(header) => {
                let number = usize::try_from(line).unwrap_or(usize::MAX);
                needs.extend(header.row(number, &cells, context));
            }
        }
        if needs.len() > context.limits.rows_max {
            return Err(Unreadable::new(
                "too_many_rows",
                format!("more than {} rows in one file; split it", context.limits.rows_max),
            ));
        }
    }
    let Some(header) = header else {
        return Err(Unreadable::new("columns_missing", "the file has no header row; start from the template"));
    };
    notes.extend(header.notes);
    Ok((needs, notes))
}

/// The separator that splits the first line into most pieces.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| first.bytes().filter(|b| *b == separator).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|s| (count(*s), *s == b',')).unwrap_or(b',')
}
