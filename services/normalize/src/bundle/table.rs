//! Concepts and names of a bundle as one table, for spreadsheets; `import csv` reads it again.

use std::io::{self, Write};

use super::{Bundle, NameCalled};

/// The columns, in order. Names stand one a line in their cell, since they may hold `;`.
pub(crate) const TABLE_COLUMNS: [&str; 11] = [
    "concept",
    "kind",
    "label",
    "aliases",
    "abbreviations",
    "hidden",
    "description",
    "status",
    "replaced_by",
    "broader",
    "sectors",
];

impl Bundle {
    /// Writes the table. Relations, texts and where names come from are not in it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_table(&self, output: impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(TABLE_COLUMNS)?;
        for (at, concept) in (0u32..).zip(&self.concepts) {
            let names = |called: NameCalled| {
                let of = self.names_of(at).iter().filter(|name| name.called == called);
                of.map(|name| name.name.as_str()).collect::<Vec<_>>().join("\n")
            };
            let keys = |keys: &[skillwire_schemas::ConceptKey]| {
                keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
            };
            writer.write_record([
                concept.key.to_string(),
                concept.kind.as_str().to_owned(),
                concept.label.clone(),
                names(NameCalled::Alias),
                names(NameCalled::Abbreviation),
                names(NameCalled::Hidden),
                concept.description.clone(),
                concept.status.as_str().to_owned(),
                keys(&concept.replaced_by),
                keys(&concept.broader),
                concept.sectors.join(";"),
            ])?;
        }
        writer.flush()
    }
}
