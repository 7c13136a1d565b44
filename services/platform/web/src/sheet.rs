//! Cells that go out to spreadsheets.

use std::borrow::Cow;

/// A cell that no spreadsheet takes for a formula (OWASP ASVS 5.0 1.2.10).
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

/// A line of a CSV file (RFC 4180): every cell quoted, none of them a formula.
#[must_use]
pub fn csv_row(cells: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> =
        cells.iter().map(|cell| format!("\"{}\"", csv_cell(cell.as_ref()).replace('"', "\"\""))).collect();
    format!("{}\r\n", quoted.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_quoted_and_holds_no_formula() {
        assert_eq!(csv_row(&["=1+1", "6\" pipe, \"new\"", ""]), "\"'=1+1\",\"6\"\" pipe, \"\"new\"\"\",\"\"\r\n");
    }

    #[test]
    fn formulas_are_made_text() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert!(csv_cell(bad).starts_with('\''), "{bad:?}");
        }
        assert_eq!(csv_cell("Welder"), "Welder");
        assert_eq!(csv_cell(""), "");
    }
}
