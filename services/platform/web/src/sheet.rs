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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_text() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert!(csv_cell(bad).starts_with('\''), "{bad:?}");
        }
        assert_eq!(csv_cell("Welder"), "Welder");
        assert_eq!(csv_cell(""), "");
    }
}
