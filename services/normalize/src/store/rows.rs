//! A bundle of one scheme as rows, and rows as a bundle.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use skillwire_schemas::{ConceptKey, ConceptKind};
use skillwire_store::StoreError;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::bundle::{
    Bundle, BundleConcept, FORMAT, Manifest, Name, NameCalled, Relation, RelationKind, Scheme, Status, Target, Text,
    counts,
};

/// A row of normalize.concepts.
#[derive(Serialize)]
pub(super) struct ConceptRow<'a> {
    id: &'a str,
    kind: &'static str,
    label: &'a str,
    description: &'a str,
    status: &'static str,
    replaced_by: Vec<&'a str>,
    broader: Vec<&'a str>,
    sectors: &'a [String],
    names: Vec<&'a str>,
    called: Vec<&'static str>,
    sources: Vec<&'a str>,
    sorts: Vec<&'a str>,
    texts: Vec<&'a str>,
}

/// A row of normalize.relations.
#[derive(Serialize)]
pub(super) struct RelationRow<'a> {
    id: &'a str,
    relation: &'static str,
    others: Vec<String>,
}

pub(super) fn concepts(bundle: &Bundle) -> Vec<ConceptRow<'_>> {
    let mut texts = bundle.texts.iter().peekable();
    (0u32..)
        .zip(&bundle.concepts)
        .map(|(at, concept)| {
            let names = bundle.names_of(at);
            let mut of: Vec<&Text> = Vec::new();
            while let Some(text) = texts.next_if(|text| text.concept == at) {
                of.push(text);
            }
            ConceptRow {
                id: &concept.key.id,
                kind: concept.kind.as_str(),
                label: &concept.label,
                description: &concept.description,
                status: concept.status.as_str(),
                replaced_by: concept.replaced_by.iter().map(|key| key.id.as_str()).collect(),
                broader: concept.broader.iter().map(|key| key.id.as_str()).collect(),
                sectors: &concept.sectors,
                names: names.iter().map(|name| name.name.as_str()).collect(),
                called: names.iter().map(|name| name.called.as_str()).collect(),
                sources: names.iter().map(|name| &*name.source).collect(),
                sorts: of.iter().map(|text| &*text.sort).collect(),
                texts: of.iter().map(|text| text.text.as_str()).collect(),
            }
        })
        .collect()
}

pub(super) fn relations(bundle: &Bundle) -> Vec<RelationRow<'_>> {
    let groups = bundle.relations.chunk_by(|a, b| (a.from, a.relation) == (b.from, b.relation));
    groups
        .filter_map(|group| {
            let first = group.first()?;
            Some(RelationRow {
                id: &bundle.concepts[first.from as usize].key.id,
                relation: first.relation.as_str(),
                others: group.iter().map(|relation| bundle.target(&relation.to).to_string()).collect(),
            })
        })
        .collect()
}

/// The rows of a release as a bundle. Both are in order of their ids.
pub(super) fn bundle(scheme: Scheme, concepts: &[PgRow], relations: &[PgRow]) -> Result<Bundle, StoreError> {
    let name = scheme.scheme.clone();
    let mut made = Bundle {
        manifest: Manifest { format: FORMAT, schemes: vec![scheme], ..Manifest::default() },
        ..Bundle::default()
    };
    let mut words = Words::default();
    let key = |id: String| ConceptKey { scheme: name.clone(), id };
    let keys = |ids: Vec<String>| ids.into_iter().map(key).collect::<Vec<_>>();
    let mut places: HashMap<String, u32> = HashMap::with_capacity(concepts.len());
    for (at, row) in (0u32..).zip(concepts) {
        let id: String = row.get("id");
        let wrong = |column: &'static str, why: String| {
            StoreError::inconsistent("normalize.concepts", column, format!("{name}:{id}"), why)
        };
        let kind: ConceptKind = row.get::<&str, _>("kind").parse().map_err(|e| wrong("kind", format!("{e}")))?;
        let status = Status::parse(row.get("status")).map_err(|why| wrong("status", why))?;
        let names: (Vec<String>, Vec<String>, Vec<String>) = (row.get("names"), row.get("called"), row.get("sources"));
        for ((name, called), source) in names.0.into_iter().zip(names.1).zip(names.2) {
            let called = NameCalled::parse(&called).map_err(|why| wrong("called", why))?;
            made.names.push(Name { concept: at, name, called, source: words.get(&source) });
        }
        let texts: (Vec<String>, Vec<String>) = (row.get("sorts"), row.get("texts"));
        let texts = texts.0.into_iter().zip(texts.1);
        made.texts.extend(texts.map(|(sort, text)| Text { concept: at, sort: words.get(&sort), text }));
        made.concepts.push(BundleConcept {
            key: key(id.clone()),
            kind,
            label: row.get("label"),
            description: row.get("description"),
            status,
            replaced_by: keys(row.get("replaced_by")),
            broader: keys(row.get("broader")),
            sectors: row.get("sectors"),
        });
        places.insert(id, at);
    }
    for row in relations {
        let id: String = row.get("id");
        let wrong = |column: &'static str, why: String| {
            StoreError::inconsistent("normalize.relations", column, format!("{name}:{id}"), why)
        };
        let from = *places.get(&id).ok_or_else(|| wrong("id", "there is no such concept".to_owned()))?;
        let relation = RelationKind::parse(row.get("relation")).map_err(|why| wrong("relation", why))?;
        for other in row.get::<Vec<String>, _>("others") {
            let other: ConceptKey = other.parse().map_err(|e| wrong("others", format!("{e}")))?;
            let here = places.get(&other.id).filter(|_| other.scheme == name);
            let to = here.map_or_else(|| Target::Elsewhere(Box::new(other.clone())), |at| Target::Here(*at));
            made.relations.push(Relation { from, relation, to });
        }
    }
    made.relations.sort_by_key(|relation| (relation.from, relation.relation));
    made.manifest.counts = counts(&made);
    Ok(made)
}

/// The same word again and again is kept once.
#[derive(Default)]
struct Words(HashMap<String, Arc<str>>);

impl Words {
    fn get(&mut self, word: &str) -> Arc<str> {
        Arc::clone(self.0.entry(word.to_owned()).or_insert_with(|| word.into()))
    }
}
