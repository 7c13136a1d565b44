//! XLSX: the sheet "Needs", or the first one.

use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};

use super::raw::RawNeed;
use super::table::Header;
use super::{Context, Remark, Unreadable, zipped};

/// Reads a workbook.
pub(crate) fn read(bytes: &[u8], context: &Context) -> Result<(Vec<RawNeed>, Vec<Remark>), Unreadable> {
    zipped::open(bytes, context)?;
    let bad = |e: calamine::XlsxError| {
        Unreadable::new("xlsx", format!("the workbook cannot be read ({e}); save it again as .xlsx"))
    };
    let mut book: Xlsx<Cursor<&[u8]>> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(bad)?;
    let names = book.sheet_names();
    let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case("needs")).or(names.first()).cloned() else {
        return Err(Unreadable::new("xlsx", "the workbook has no sheet; start from the template"));
    };
    let cells = book.worksheet_range(&name).map_err(bad)?;
    let formulas = book.worksheet_formula(&name).unwrap_or_default();
    let mut notes = Vec::new();
    if names.len() > 1 {
        notes.push(Remark::new("", "sheet", format!("of {} sheets only '{name}' was read", names.len())));
    }
    rows(&cells, &formulas, context, notes)
}

fn rows(
    cells: &Range<Data>,
    formulas: &Range<String>,
    context: &Context,
    mut notes: Vec<Remark>,
) -> Result<(Vec<RawNeed>, Vec<Remark>), Unreadable> {
    let (top, left) = cells.start().unwrap_or_default();
    let (mut header, mut names): (Option<Header>, Vec<String>) = (None, Vec::new());
    let mut needs = Vec::new();
    for (at, row) in cells.rows().enumerate() {
        let number = at + usize::try_from(top).unwrap_or_default() + 1;
        let texts: Vec<String> = row.iter().map(text).collect();
        let Some(known) = &header else {
            if texts.iter().any(|t| !t.trim().is_empty()) {
                header = Some(Header::read(&texts)?);
                names = texts;
            }
            continue;
        };
        let Some(mut need) = known.row(number, &texts, context) else { continue };
        for (column, cell) in row.iter().enumerate() {
            let name = names.get(column).map_or("", |n| n.trim());
            if let Data::Error(error) = cell {
                let message = format!("the cell holds the error {error}; put a value there");
                need.errors.push(Remark::new(name, "error_cell", message));
            }
            let at_row = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(top);
            let at_column = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(left);
            if formulas.get_value((at_row, at_column)).is_some_and(|formula| !formula.is_empty()) {
                need.warnings.push(Remark::new(
                    name,
                    "formula_value",
                    "the value of a formula was taken; look whether it is right",
                ));
            }
        }
        needs.push(need);
        if needs.len() > context.limits.rows_max {
            let message = format!("more than {} rows in one file; split it", context.limits.rows_max);
            return Err(Unreadable::new("too_many_rows", message));
        }
    }
    let Some(header) = header else {
        return Err(Unreadable::new("columns_missing", "the sheet is empty; start from the template"));
    };
    notes.extend(header.notes);
    Ok((needs, notes))
}

/// A cell as its reader sees it: 29095, not 29095.0.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::DateTime(at) => at.as_datetime().map_or_else(|| cell.to_string(), |d| d.date().to_string()),
        other => other.to_string(),
    }
}
