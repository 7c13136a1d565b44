//! CASE as OpenSALT writes it to CSV: a row an item, parents named by identifier or coding scheme.

use std::collections::HashMap;

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::{ImportOptions, foreign, names, scheme_of};
use crate::bundle::{Builder, BundleConcept, NameCalled, RelationKind, Scheme, Status};

/// What points at other items, by row.
struct Links {
    at: u32,
    line: u64,
    parent: String,
    replaced: String,
    related: String,
}

pub(super) fn import(
    source: &mut Source<'_>,
    found: &Found,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let text = source.text(found)?;
    let mut table = Table::commas(&text);
    // "Is Child Of" and "isChildOf" are one column.
    let find = |name: &str| {
        let folded = |text: &str| text.to_lowercase().replace([' ', '_'], "");
        table.header().iter().position(|column| folded(column) == name)
    };
    let (Some(id), Some(statement)) = (find("identifier"), find("fullstatement")) else {
        let why =
            format!("there is no column Identifier or fullStatement; the columns are {}", table.header().join(", "));
        return Err(ImportError::at(&found.shown, 1, why));
    };
    let (code, short, keywords, notes) =
        (find("humancodingscheme"), find("abbreviatedstatement"), find("conceptkeywords"), find("notes"));
    let (child, replaced, related) = (find("ischildof"), find("replacedby"), find("isrelatedto"));
    let stem = found.name.rsplit_once('.').map_or(found.name.as_str(), |(stem, _)| stem).to_owned();
    let scheme = scheme_of("case", &stem, options);
    builder.schemes.push(Scheme {
        scheme: scheme.clone(),
        title: stem,
        release: options.release.clone().unwrap_or_else(|| "unknown".to_owned()),
        publisher: String::new(),
        licence: options.licence.clone().unwrap_or_default(),
        source: source.given(),
    });
    let key = |id: &str| ConceptKey { scheme: scheme.clone(), id: id.to_owned() };
    let mut by_code: HashMap<String, String> = HashMap::new();
    let mut links: Vec<Links> = Vec::new();
    while let Some(row) = table.next() {
        let line = table.line();
        if let Err(why) = row {
            builder.odd("row cannot be read", &found.shown, line, &why);
            continue;
        }
        let (id, label) = (table.cell(id), table.cell(statement));
        if id.is_empty() || label.is_empty() {
            builder.odd("item without identifier or fullStatement", &found.shown, line, id);
            continue;
        }
        let concept = BundleConcept {
            description: table.maybe(notes).to_owned(),
            ..BundleConcept::new(key(id), ConceptKind::Skill, label)
        };
        let Some(at) = builder.concept(concept) else {
            builder.odd("id is there twice", &found.shown, line, id);
            continue;
        };
        names(builder, at, label, "fullStatement");
        builder.name(at, table.maybe(short), NameCalled::Hidden, "abbreviated statement");
        builder.name(at, table.maybe(code), NameCalled::Hidden, "human coding scheme");
        builder.text(at, "notes", table.maybe(notes));
        builder.text(at, "keywords", table.maybe(keywords));
        if !table.maybe(code).is_empty() {
            by_code.insert(table.maybe(code).to_owned(), id.to_owned());
        }
        let (parent, replaced, related) = (table.maybe(child), table.maybe(replaced), table.maybe(related));
        links.push(Links { at, line, parent: parent.into(), replaced: replaced.into(), related: related.into() });
    }
    join(builder, &found.shown, &scheme, &by_code, links);
    Ok(())
}

/// Joins the items: what a row names may stand before or behind it.
fn join(builder: &mut Builder, file: &str, scheme: &str, by_code: &HashMap<String, String>, links: Vec<Links>) {
    let key = |id: &str| ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
    for link in links {
        let resolve = |builder: &Builder, name: &str| {
            let by_id = Some(key(name)).filter(|key| builder.place(key).is_some());
            by_id.or_else(|| by_code.get(name).map(|id| key(id)))
        };
        if !link.parent.is_empty() {
            match resolve(builder, &link.parent) {
                Some(parent) => builder.broader(link.at, parent),
                None => builder.odd("broader concept is not there", file, link.line, &link.parent),
            }
        }
        if let Some(next) = resolve(builder, &link.replaced) {
            builder.change(link.at, |concept| {
                concept.status = Status::Retired;
                concept.replaced_by.push(next);
            });
        }
        for other in link.related.split([',', ';']).map(str::trim).filter(|other| !other.is_empty()) {
            match resolve(builder, other).or_else(|| foreign(other)) {
                Some(other) => {
                    builder.relation(link.at, RelationKind::Related, other);
                }
                None => builder.odd("association with an item that is not there", file, link.line, other),
            }
        }
    }
}
