//! Rows and columns, by the names of the columns.

use csv::StringRecord;

/// A table in memory, read row by row.
pub(super) struct Table<'a> {
    header: Vec<String>,
    reader: csv::Reader<&'a [u8]>,
    record: StringRecord,
    line: u64,
    /// Behind a line that ends in CR LF the reader stands between the two.
    behind: u64,
}

impl<'a> Table<'a> {
    /// Separated by tabs, nothing quoted.
    pub(super) fn tabs(text: &'a str) -> Self {
        Self::new(text, csv::ReaderBuilder::new().delimiter(b'\t').quoting(false))
    }

    /// Separated by commas, or by semicolons or tabs when the header says so.
    pub(super) fn commas(text: &'a str) -> Self {
        let head = text.lines().next().unwrap_or_default();
        let most = [b',', b';', b'\t'].into_iter().rev().max_by_key(|by| head.bytes().filter(|b| b == by).count());
        Self::new(text, csv::ReaderBuilder::new().delimiter(most.unwrap_or(b',')))
    }

    fn new(text: &'a str, builder: &mut csv::ReaderBuilder) -> Self {
        let mut reader = builder.flexible(true).has_headers(true).from_reader(text.as_bytes());
        let header = reader.headers().map(|h| h.iter().map(|c| c.trim().to_owned()).collect()).unwrap_or_default();
        let behind = u64::from(text.split('\n').next().is_some_and(|first| first.ends_with('\r')));
        Self { header, reader, record: StringRecord::new(), line: 1, behind }
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column is, whatever its case.
    pub(super) fn find(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name.eq_ignore_ascii_case(column))
    }

    /// Where the columns are, or the names of those that are not there.
    pub(super) fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], String> {
        let missing: Vec<&str> = names.iter().copied().filter(|name| self.find(name).is_none()).collect();
        if !missing.is_empty() {
            let there = self.header.join(", ").chars().take(300).collect::<String>();
            return Err(format!("there is no column {}; the columns are {there}", missing.join(" and no ")));
        }
        Ok(names.map(|name| self.find(name).unwrap_or_default()))
    }

    /// The next row; a row that cannot be read is an error and the ones after it are read on.
    pub(super) fn next(&mut self) -> Option<Result<(), String>> {
        self.line = self.reader.position().line() + self.behind;
        match self.reader.read_record(&mut self.record) {
            Ok(true) => Some(Ok(())),
            Ok(false) => None,
            Err(e) => Some(Err(e.to_string())),
        }
    }

    /// The line on which the row begins.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Whether the row has as many cells as the header.
    pub(super) fn is_even(&self) -> bool {
        self.record.len() == self.header.len()
    }

    /// A cell of the row, empty when the row is too short.
    pub(super) fn cell(&self, at: usize) -> &str {
        self.record.get(at).unwrap_or_default().trim()
    }

    /// A cell of a column that may be absent.
    pub(super) fn maybe(&self, at: Option<usize>) -> &str {
        at.map_or("", |at| self.cell(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let text = ["a,b", "1,\"two", "lines\"", "3,4", "5,6"].join(end);
            let mut table = Table::commas(&text);
            let mut lines = Vec::new();
            while let Some(row) = table.next() {
                row.unwrap();
                lines.push((table.line(), table.cell(0).to_owned()));
            }
            assert_eq!(lines, [(2, "1".to_owned()), (4, "3".to_owned()), (5, "5".to_owned())], "{end:?}");
        }
    }

    #[test]
    fn the_separator_is_the_one_of_the_header() {
        for by in [',', ';', '\t'] {
            let text = format!("a{by}b\n1{by}2\n");
            assert_eq!(Table::commas(&text).header(), ["a", "b"], "{by:?}");
        }
        assert_eq!(Table::commas("one\n1\n").header(), ["one"]);
        assert_eq!(Table::tabs("a\t\"b\n1\t2\n").header(), ["a", "\"b"]);
    }
}
