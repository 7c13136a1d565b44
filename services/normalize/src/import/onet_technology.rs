//! O*NET's technologies: examples that employers name, under the commodities (UNSPSC) they are of. The examples have no ids
//! of their own: theirs is their text, folded so that it is the same from release to release.

use std::collections::HashMap;

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::onet::{TECHNOLOGIES, note_garbled, occupation, optional, rows};
use super::source::{Found, ImportError, Source};
use super::title::{self, slug};
use crate::bundle::{Builder, BundleConcept, NameCalled, RelationKind, Status};

/// Levels of the commodity tree: code and title of what is above a commodity, nearest first.
type Above = [(String, String); 3];

pub(super) fn import(source: &mut Source<'_>, builder: &mut Builder) -> Result<(), ImportError> {
    let tree = match optional(source, "UNSPSC Reference.txt", builder) {
        Some(found) => commodities(source, &found, builder)?,
        None => HashMap::new(),
    };
    for name in ["Technology Skills.txt", "Tools Used.txt"] {
        if let Some(found) = optional(source, name, builder) {
            examples(source, &found, &tree, builder)?;
        }
    }
    Ok(())
}

fn commodities(
    source: &mut Source<'_>,
    found: &Found,
    builder: &mut Builder,
) -> Result<HashMap<String, Above>, ImportError> {
    let columns =
        ["Commodity Code", "Class Code", "Class Title", "Family Code", "Family Title", "Segment Code", "Segment Title"];
    let mut tree = HashMap::new();
    rows(source, found, columns, builder, |_, _, [code, class, a, family, b, segment, c]| {
        let above = [(class, a), (family, b), (segment, c)];
        tree.insert(code.to_owned(), above.map(|(code, title)| (code.to_owned(), title.to_owned())));
    })?;
    Ok(tree)
}

fn examples(
    source: &mut Source<'_>,
    found: &Found,
    tree: &HashMap<String, Above>,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let file = found.shown.clone();
    let columns = ["O*NET-SOC Code", "Example", "Commodity Code", "Commodity Title"];
    rows(source, found, columns, builder, |builder, line, [code, example, commodity, commodity_title]| {
        if example.is_empty() {
            return builder.odd("blank technology", &file, line, code);
        }
        let Some(occupation) = occupation(builder, &file, line, code) else { return };
        note_garbled(builder, &file, line, &[example]);
        let above = concept(builder, commodity, commodity_title, Status::Active);
        if above.is_some() {
            headings(builder, commodity, tree);
        }
        let id = slug(example);
        let Some(at) = concept(builder, &id, example, Status::Active) else {
            return builder.odd("technology cannot be an id", &file, line, example);
        };
        // "Web browser software" and "web-browser software" fold to one id: one concept, two names.
        builder.name(at, example, NameCalled::Alias, "technology example");
        if above.is_some() {
            builder.broader(at, key(commodity));
        }
        builder.relation(occupation, RelationKind::Optional, key(&id));
    })
}

fn key(id: &str) -> ConceptKey {
    ConceptKey { scheme: TECHNOLOGIES.to_owned(), id: id.to_owned() }
}

/// The concept, made when it is new.
fn concept(builder: &mut Builder, id: &str, label: &str, status: Status) -> Option<u32> {
    if let Some(at) = builder.place(&key(id)) {
        return Some(at);
    }
    if label.is_empty() {
        return None;
    }
    let made = BundleConcept { status, ..BundleConcept::new(key(id), ConceptKind::Technology, label) };
    let at = builder.concept(made)?;
    if let Some((without, inside)) = title::bracket(label) {
        builder.name(at, &without, title::called(&without), "without bracket");
        if let Some(inside) = inside.filter(|inside| title::is_short(inside)) {
            builder.name(at, inside, NameCalled::Abbreviation, "bracket");
        }
    }
    if let Some((long, short)) = title::spelled_out(label) {
        builder.name(at, &long, NameCalled::Alias, "spelled out");
        builder.name(at, &short, NameCalled::Abbreviation, "spelled out");
    }
    if let Some(once) = title::said_twice(label) {
        builder.name(at, once, title::called(once), "without maker");
    }
    Some(at)
}

/// Class, family and segment over a commodity.
fn headings(builder: &mut Builder, commodity: &str, tree: &HashMap<String, Above>) {
    let Some(above) = tree.get(commodity) else { return };
    let mut below = commodity.to_owned();
    for (code, label) in above {
        let known = builder.place(&key(code)).is_some();
        if concept(builder, code, label, Status::Heading).is_none() {
            return;
        }
        if let Some(at) = builder.place(&key(&below)) {
            builder.broader(at, key(code));
        }
        if known {
            return;
        }
        below.clone_from(code);
    }
}
