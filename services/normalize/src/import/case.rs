//! CASE 1.0 packages (JSON), as frameworks of competencies are exchanged between learning systems.

use serde_json::Value;
use skillwire_schemas::{ConceptKey, ConceptKind};

use super::json::{self, Node};
use super::source::{Found, ImportError, Source};
use super::{ImportOptions, case_csv, foreign, names, scheme_of};
use crate::bundle::{Builder, BundleConcept, NameCalled, RelationKind, Scheme, Status};

/// Item types that only hold others together.
const HEADINGS: [&str; 10] =
    ["domain", "strand", "cluster", "category", "level", "course", "grade level", "subject", "section", "unit"];

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let files: Vec<Found> = source.files().to_vec();
    for found in &files {
        let name = found.name.to_lowercase();
        if name.ends_with(".csv") {
            case_csv::import(source, found, options, builder)?;
        } else if name.ends_with(".json") || name.ends_with(".jsonld") {
            let value = json::read(source, found)?;
            let packages = value.as_array().map_or_else(|| vec![&value], |list| list.iter().collect());
            for package in packages {
                read(package, found, options, &source.given(), builder)?;
            }
        } else {
            builder.odd("file is not used", &found.shown, 0, "neither .json nor .csv");
        }
    }
    Ok(())
}

fn read(
    package: &Value,
    found: &Found,
    options: &ImportOptions,
    given: &str,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let wrong = || {
        ImportError::at(
            &found.shown,
            0,
            "is no CASE package; give what /ims/case/v1p0/CFPackages/{id} answers: CFDocument, CFItems, CFAssociations",
        )
    };
    let package = Node(package.as_object().ok_or_else(wrong)?);
    let document = package.nodes("CFDocument").into_iter().next().ok_or_else(wrong)?;
    let title = document.text("title");
    let scheme = scheme_of("case", &title, options);
    let first = |keys: [&str; 3]| keys.iter().map(|key| document.text(key)).find(|t| !t.is_empty()).unwrap_or_default();
    builder.schemes.push(Scheme {
        scheme: scheme.clone(),
        title: title.clone(),
        release: options.release.clone().unwrap_or_else(|| first(["version", "lastChangeDateTime", "identifier"])),
        publisher: first(["publisher", "creator", "creator"]),
        licence: options.licence.clone().unwrap_or_else(|| first(["licenseURI", "licenseURI", "licenseURI"])),
        source: given.to_owned(),
    });
    let gone = ["deprecated", "retired"].contains(&document.text("adoptionStatus").to_lowercase().as_str());
    if gone {
        builder.odd("framework is deprecated: its items are taken as retired", &found.shown, 0, &title);
    }
    for (at, node) in (1u64..).zip(package.nodes("CFItems")) {
        item(builder, options, &scheme, &found.shown, at, node, gone);
    }
    for (at, node) in (1u64..).zip(package.nodes("CFAssociations")) {
        association(builder, &scheme, &found.shown, at, node, &document.text("identifier"));
    }
    Ok(())
}

fn item(builder: &mut Builder, options: &ImportOptions, scheme: &str, file: &str, at: u64, node: Node<'_>, gone: bool) {
    let (id, label) = (node.text("identifier"), node.text("fullStatement"));
    if id.is_empty() || label.is_empty() {
        return builder.odd("item without identifier or fullStatement", file, at, &format!("{id} {label}"));
    }
    let sort = node.text("CFItemType").to_lowercase();
    let kind = match () {
        () if sort.contains("knowledge") => ConceptKind::Knowledge,
        () if sort.contains("credential") || sort.contains("certif") => ConceptKind::Credential,
        () if sort.contains("occupation") || sort == "job" => ConceptKind::Occupation,
        () => ConceptKind::Skill,
    };
    let ended = super::day(&node.text("statusEndDate")).zip(options.today).is_some_and(|(end, today)| end < today);
    let status = match () {
        () if gone || ended => Status::Retired,
        () if HEADINGS.contains(&sort.as_str()) => Status::Heading,
        () => Status::Active,
    };
    let key = ConceptKey { scheme: scheme.to_owned(), id: id.clone() };
    let notes = node.text("notes");
    let concept = BundleConcept { status, description: notes.clone(), ..BundleConcept::new(key, kind, &label) };
    let Some(place) = builder.concept(concept) else { return builder.odd("id is there twice", file, at, &id) };
    names(builder, place, &label, "fullStatement");
    for (name, called) in [
        ("abbreviatedStatement", NameCalled::Alias),
        ("alternativeLabel", NameCalled::Alias),
        ("humanCodingScheme", NameCalled::Hidden),
    ] {
        builder.name(place, &node.text(name), called, name);
    }
    builder.text(place, "notes", &notes);
    builder.text(place, "keywords", &node.texts("conceptKeywords").join("; "));
}

fn association(builder: &mut Builder, scheme: &str, file: &str, at: u64, node: Node<'_>, document: &str) {
    if node.get("sequenceNumber").is_some_and(Value::is_string) {
        builder.odd("sequenceNumber is a text", file, at, &node.text("sequenceNumber"));
    }
    let end = |key: &str| {
        let end = node.nodes(key).into_iter().next();
        end.map(|end| (end.text("identifier"), end.text("uri"))).unwrap_or_default()
    };
    let ((from, _), (to, to_uri)) = (end("originNodeURI"), end("destinationNodeURI"));
    let key = |id: &str| ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
    let Some(origin) = builder.place(&key(&from)) else {
        return builder.odd("association of an item that is not there", file, at, &from);
    };
    let here = builder.place(&key(&to));
    let sort = node.text("associationType");
    let relation = match sort.as_str() {
        "isChildOf" | "isPartOf" if to == document => return,
        "isChildOf" | "isPartOf" if here.is_some() => return builder.broader(origin, key(&to)),
        "replacedBy" if here.is_some() => {
            return builder.change(origin, |concept| {
                concept.status = Status::Retired;
                concept.replaced_by.push(key(&to));
            });
        }
        "exactMatchOf" => RelationKind::ExactMatch,
        "isPeerOf" | "isRelatedTo" | "precedes" | "hasSkillLevel" => RelationKind::Related,
        "exemplar" => return,
        "isChildOf" | "isPartOf" | "replacedBy" => {
            return builder.odd("association with an item that is not there", file, at, &format!("{sort} {to_uri}"));
        }
        _ => return builder.odd("association of another sort", file, at, &sort),
    };
    let other = if here.is_some() { Some(key(&to)) } else { foreign(&to_uri).or_else(|| foreign(&to)) };
    match other {
        Some(other) => {
            builder.relation(origin, relation, other);
        }
        None => builder.odd("association with an item that is not there", file, at, &format!("{sort} {to_uri}")),
    }
}
