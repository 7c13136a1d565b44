//! Any table with an id or a name a row: our own columns, the starter's, or anybody's, guessed or told.

use std::collections::HashMap;

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::title::{self, slug};
use super::{ImportOptions, scheme_of};
use crate::bundle::{Builder, BundleConcept, NameCalled, Scheme, Status, TABLE_COLUMNS};

/// Fields of a concept, and what people call their columns (folded: letters and digits only), best first.
const FIELDS: [(&str, &[&str]); 11] = [
    ("concept", &["concept", "id", "conceptid", "code", "identifier", "uri", "conceptcode", "key"]),
    ("label", &["label", "preferredlabel", "name", "title", "skill", "skillname", "occupation", "term", "competency"]),
    ("kind", &["kind", "type", "concepttype"]),
    ("aliases", &["aliases", "alias", "altlabels", "alternativelabels", "synonyms", "alternatetitles", "othernames"]),
    ("abbreviations", &["abbreviations", "abbreviation", "acronym", "acronyms", "shortname"]),
    ("hidden", &["hidden", "hiddenlabels"]),
    ("description", &["description", "definition", "statement", "scopenote"]),
    ("status", &["status", "state"]),
    ("replaced_by", &["replacedby", "supersededby", "successor"]),
    ("broader", &["broader", "parent", "parentid", "broaderid", "parentcode"]),
    ("sectors", &["sectors", "sector", "industries"]),
];

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let files: Vec<Found> = source.files().to_vec();
    for found in &files {
        let name = found.name.to_lowercase();
        if [".csv", ".tsv", ".txt"].iter().any(|end| name.ends_with(end)) {
            read(source, found, options, builder)?;
        } else {
            builder.odd("file is not used", &found.shown, 0, "no table: .csv, .tsv or .txt");
        }
    }
    Ok(())
}

/// Where the fields are.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn of(table: &Table<'_>, options: &ImportOptions) -> Result<Self, String> {
        let folded = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let header: Vec<String> = table.header().iter().map(|name| folded(name)).collect();
        let mut columns = HashMap::new();
        for (field, names) in FIELDS {
            let told = options.columns.iter().find(|(f, _)| f == field).map(|(_, column)| column);
            let at = match told {
                Some(column) => Some(table.find(column).ok_or_else(|| format!("there is no column {column}"))?),
                None => names.iter().find_map(|name| header.iter().position(|column| column == name)),
            };
            columns.extend(at.map(|at| (field, at)));
        }
        if let Some((field, _)) = options.columns.iter().find(|(f, _)| !FIELDS.iter().any(|(known, _)| known == f)) {
            let known: Vec<&str> = FIELDS.iter().map(|(field, _)| *field).collect();
            return Err(format!("'{field}' is no field; give {}", known.join(", ")));
        }
        if !columns.contains_key("label") {
            let there = table.header().join(", ");
            return Err(format!(
                "no column is the name of a concept; say which with --column label=NAME; the columns are {there}"
            ));
        }
        Ok(Self(columns))
    }

    fn get<'t>(&self, table: &'t Table<'_>, field: &str) -> &'t str {
        table.maybe(self.0.get(field).copied())
    }
}

fn read(
    source: &mut Source<'_>,
    found: &Found,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let text = source.text(found)?;
    let mut table = Table::commas(&text);
    let columns = Columns::of(&table, options).map_err(|why| ImportError::at(&found.shown, 1, why))?;
    // Our own table has a name a line in a cell, since names may hold `;`.
    let ours = table.header().iter().map(String::as_str).eq(TABLE_COLUMNS);
    let separators: &[char] = if ours { &['\n'] } else { &[';', '|', '\n'] };
    let stem = found.name.rsplit_once('.').map_or(found.name.as_str(), |(stem, _)| stem).to_owned();
    let scheme = scheme_of("csv", &stem, options);
    while let Some(row) = table.next() {
        let line = table.line();
        if let Err(why) = row {
            builder.odd("row cannot be read", &found.shown, line, &why);
            continue;
        }
        let get = |field: &str| columns.get(&table, field).to_owned();
        if get("label").is_empty() {
            builder.odd("row without a name", &found.shown, line, &get("concept"));
            continue;
        }
        let key = |text: &str| key_of(text, &scheme, ours);
        let kind = kind(builder, &found.shown, line, &get("kind"), options);
        let status = match get("status").as_str() {
            "" => Status::Active,
            word => Status::parse(word).unwrap_or_else(|why| {
                builder.odd("status is unknown: taken as in use", &found.shown, line, &why);
                Status::Active
            }),
        };
        let keys = |text: &str| split(text, &[';', '|', '\n']).map(key).collect::<Vec<_>>();
        let id = if get("concept").is_empty() { slug(&get("label")) } else { get("concept") };
        let concept = BundleConcept {
            description: get("description"),
            status,
            replaced_by: keys(&get("replaced_by")),
            broader: keys(&get("broader")),
            sectors: split(&get("sectors"), &[';', '|', '\n']).map(ToOwned::to_owned).collect(),
            ..BundleConcept::new(key(&id), kind, &get("label"))
        };
        let made = concept.key.scheme.clone();
        let Some(at) = builder.concept(concept) else {
            builder.odd("id is there twice, or cannot be one", &found.shown, line, &id);
            continue;
        };
        scheme_seen(builder, &made, &stem, options, &source.given());
        for name in split(&get("aliases"), separators) {
            let called = if ours { NameCalled::Alias } else { title::called(name) };
            builder.name(at, name, called, "alias");
        }
        for name in split(&get("abbreviations"), separators) {
            builder.name(at, name, NameCalled::Abbreviation, "abbreviation");
        }
        for name in split(&get("hidden"), separators) {
            builder.name(at, name, NameCalled::Hidden, "hidden");
        }
        builder.text(at, "description", &get("description"));
    }
    Ok(())
}

fn split<'t>(text: &'t str, separators: &'t [char]) -> impl Iterator<Item = &'t str> {
    text.split(separators).map(str::trim).filter(|part| !part.is_empty())
}

/// Our own table writes `scheme:id`; others have ids of their own, which may hold a colon (addresses do).
fn key_of(text: &str, scheme: &str, ours: bool) -> ConceptKey {
    let own = || ConceptKey { scheme: scheme.to_owned(), id: text.to_owned() };
    if ours { text.parse().unwrap_or_else(|_| own()) } else { own() }
}

fn kind(builder: &mut Builder, file: &str, line: u64, word: &str, options: &ImportOptions) -> ConceptKind {
    let usual = options.kind.unwrap_or(ConceptKind::Skill);
    if word.is_empty() {
        return usual;
    }
    word.to_lowercase().parse().unwrap_or_else(|_| {
        builder.odd(&format!("kind is unknown: taken as {usual}"), file, line, word);
        usual
    })
}

fn scheme_seen(builder: &mut Builder, scheme: &str, stem: &str, options: &ImportOptions, given: &str) {
    if builder.schemes.iter().any(|known| known.scheme == scheme) {
        return;
    }
    builder.schemes.push(Scheme {
        scheme: scheme.to_owned(),
        title: options.title.clone().unwrap_or_else(|| stem.to_owned()),
        release: options.release.clone().unwrap_or_else(|| "unknown".to_owned()),
        publisher: String::new(),
        licence: options.licence.clone().unwrap_or_default(),
        source: given.to_owned(),
    });
}
