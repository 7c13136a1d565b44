//! The template that people fill in, as CSV and as a workbook.

use rust_xlsxwriter::{Format, Workbook, XlsxError};
use skillwire_web::csv_row;

use crate::read::TEMPLATE_COLUMNS;

/// One filled row, so that nobody has to guess.
const EXAMPLE: [&str; 22] = [
    "WELD-1",
    "MIG Welder 2nd shift",
    "",
    "2",
    "1",
    "",
    "",
    "",
    "",
    "Jackson County, MO",
    "21.50",
    "26.00",
    "hour",
    "HS diploma or GED",
    "1 year",
    "MIG welding; blueprint reading",
    "TIG welding",
    "",
    "AWS D1.1",
    "transportation",
    "",
    "Remove this row",
];

/// The CSV template.
pub(crate) fn csv() -> String {
    format!("{}{}", csv_row(&TEMPLATE_COLUMNS), csv_row(&EXAMPLE))
}

/// The XLSX template.
pub(crate) fn xlsx() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet().set_name("Needs")?;
    for (column, (name, example)) in (0u16..).zip(TEMPLATE_COLUMNS.iter().zip(EXAMPLE)) {
        sheet.write_string_with_format(0, column, *name, &bold)?;
        sheet.write_string(1, column, example)?;
        sheet.set_column_width(column, 18)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}
