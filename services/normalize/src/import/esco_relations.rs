//! ESCO: what is over what, and what an occupation needs.

use skillwire_schemas::ConceptKind;

use super::esco::{File, key};
use super::source::ImportError;
use crate::bundle::{BundleConcept, RelationKind, Status};

/// skillsHierarchy: each row is a group with the groups above it.
pub(super) fn hierarchy(file: &mut File<'_, '_>) -> Result<(), ImportError> {
    let levels: Vec<(usize, usize)> = (0..)
        .map_while(|level| {
            let find = |what: &str| file.table.find(&format!("Level {level} {what}"));
            find("URI").zip(find("preferred term"))
        })
        .collect();
    let description = file.table.find("Description");
    while file.next() {
        let (table, builder) = (&*file.table, &mut *file.builder);
        let path: Vec<(usize, usize)> =
            levels.iter().copied().take_while(|(uri, _)| !table.cell(*uri).is_empty()).collect();
        let Some((uri, label)) = path.last().copied() else { continue };
        let uri_text = table.cell(uri);
        let at = match builder.place(&key(uri_text)) {
            Some(at) => at,
            None => {
                // The tree over knowledge is ISCED-F; all else is skills.
                let knowledge = uri_text.contains("/isced-f/") || table.cell(path[0].0).contains("/isced-f/");
                let kind = if knowledge { ConceptKind::Knowledge } else { ConceptKind::Skill };
                let made = builder.concept(BundleConcept {
                    description: table.maybe(description).to_owned(),
                    status: Status::Heading,
                    ..BundleConcept::new(key(uri_text), kind, table.cell(label))
                });
                let Some(made) = made.filter(|_| !table.cell(label).is_empty()) else {
                    file.odd("group has no name", uri);
                    continue;
                };
                builder.text(made, "description", table.maybe(description));
                made
            }
        };
        if let [.., (above, _), _] = path.as_slice() {
            builder.broader(at, key(table.cell(*above)));
        }
    }
    Ok(())
}

/// broaderRelations of both pillars. A concept with concepts under it may still be what somebody means.
pub(super) fn broader(file: &mut File<'_, '_>) -> Result<(), ImportError> {
    let [concept, broader] = file.columns(["conceptUri", "broaderUri"])?;
    while file.next() {
        let (from, to) = (key(file.table.cell(concept)), key(file.table.cell(broader)));
        match (file.builder.place(&from), file.builder.place(&to)) {
            (Some(at), Some(_)) => file.builder.broader(at, to),
            (None, _) => file.odd("relation names a concept that is not there", concept),
            (_, None) => file.odd("relation names a concept that is not there", broader),
        }
    }
    Ok(())
}

/// What needs what: (from, relation, to).
pub(super) fn relations(file: &mut File<'_, '_>, columns: [&str; 3]) -> Result<(), ImportError> {
    let [from, relation, to] = file.columns(columns)?;
    while file.next() {
        let kind = match file.table.cell(relation) {
            "essential" => RelationKind::Essential,
            "optional" => RelationKind::Optional,
            _ => {
                file.odd("relation is neither essential nor optional", relation);
                continue;
            }
        };
        let (first, second) = (key(file.table.cell(from)), key(file.table.cell(to)));
        match (file.builder.place(&first), file.builder.place(&second)) {
            (Some(at), Some(_)) => {
                if !file.builder.relation(at, kind, second) {
                    file.odd("relation is there twice", from);
                }
            }
            (None, _) => file.odd("relation names a concept that is not there", from),
            (_, None) => file.odd("relation names a concept that is not there", to),
        }
    }
    Ok(())
}
