//! CTDL and CTDL-ASN (Credential Engine), JSON-LD: competencies and credentials. Published samples carry `//` comments and
//! days that no calendar has; both are reported and the rest is read.

use std::collections::HashMap;

use serde_json::{Map, Value};
use skillwire_schemas::{ConceptKey, ConceptKind};

use super::json::{self, Node};
use super::source::{Found, ImportError, Source};
use super::{ImportOptions, day, foreign, names};
use crate::bundle::{Builder, BundleConcept, NameCalled, RelationKind, Scheme, Status};

const SCHEME: &str = "ctdl";
/// Types that are credentials, beside those that end in Degree, Certificate or Certification.
const CREDENTIALS: [&str; 9] = [
    "Credential",
    "License",
    "Badge",
    "DigitalBadge",
    "OpenBadge",
    "Diploma",
    "MicroCredential",
    "GeneralEducationDevelopment",
    "QualityAssuranceCredential",
];

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let scheme = options.scheme.clone().unwrap_or_else(|| SCHEME.to_owned());
    let mut title = String::new();
    let mut documents: Vec<(Found, Value)> = Vec::new();
    for found in source.files().to_vec() {
        let name = found.name.to_lowercase();
        if name.ends_with(".json") || name.ends_with(".jsonld") {
            let value = json::read(source, &found)?;
            documents.push((found, value));
        } else {
            builder.odd("file is not used", &found.shown, 0, "neither .json nor .jsonld");
        }
    }
    let nodes: Vec<(&str, Node<'_>)> = documents
        .iter()
        .flat_map(|(found, value)| graph(value).into_iter().map(|n| (found.shown.as_str(), n)))
        .collect();
    let mut places: HashMap<String, u32> = HashMap::new();
    for (at, (file, node)) in (1u64..).zip(&nodes) {
        dates(builder, file, at, node.0);
        match types(*node).iter().find_map(|kind| kind_of(kind)) {
            Some(kind) => take(builder, &scheme, file, at, *node, kind, &mut places),
            None if types(*node).iter().any(|t| t == "CompetencyFramework") && title.is_empty() => {
                title = node.text("name");
            }
            None => {}
        }
    }
    for (at, (file, node)) in (1u64..).zip(&nodes) {
        relations(builder, file, at, *node, &places);
    }
    builder.schemes.push(Scheme {
        scheme,
        title: options.title.clone().unwrap_or(title),
        release: options.release.clone().unwrap_or_else(|| "unknown".to_owned()),
        publisher: String::new(),
        licence: options.licence.clone().unwrap_or_default(),
        source: source.given(),
    });
    Ok(())
}

fn graph(value: &Value) -> Vec<Node<'_>> {
    match value {
        Value::Array(values) => values.iter().flat_map(graph).collect(),
        Value::Object(node) => match node.get("@graph") {
            Some(inner) => graph(inner),
            None => vec![Node(node)],
        },
        _ => Vec::new(),
    }
}

fn types(node: Node<'_>) -> Vec<String> {
    let plain = |t: String| t.rsplit_once(':').map_or_else(|| t.clone(), |(_, name)| name.to_owned());
    node.texts("@type").into_iter().map(plain).collect()
}

fn kind_of(name: &str) -> Option<ConceptKind> {
    match name {
        "Competency" => Some(ConceptKind::Skill),
        "Occupation" | "Job" => Some(ConceptKind::Occupation),
        _ if CREDENTIALS.contains(&name) => Some(ConceptKind::Credential),
        _ if ["Degree", "Certificate", "Certification"].iter().any(|end| name.ends_with(end)) => {
            Some(ConceptKind::Credential)
        }
        _ => None,
    }
}

/// The publisher's own id: the CTID, else the address.
fn id_of(node: Node<'_>) -> String {
    let ctid = node.text("ctid").to_lowercase();
    if ctid.is_empty() { node.text("@id") } else { ctid }
}

fn take(
    builder: &mut Builder,
    scheme: &str,
    file: &str,
    at: u64,
    node: Node<'_>,
    kind: ConceptKind,
    places: &mut HashMap<String, u32>,
) {
    let id = id_of(node);
    let texts = ["competencyLabel", "competencyText", "name", "description"].map(|key| node.text(key));
    let Some(label) = texts[..3].iter().find(|t| !t.is_empty()) else {
        return builder.odd("node without name or competencyText", file, at, &id);
    };
    if id.is_empty() {
        return builder.odd("node without ctid and @id", file, at, label);
    }
    if id.starts_with("ce-") && !is_ctid(&id) {
        builder.odd("ctid is not ce- and a uuid", file, at, &id);
    }
    let category = node.text("competencyCategory").to_lowercase();
    let kind = if category.contains("knowledge") { ConceptKind::Knowledge } else { kind };
    let state =
        node.links("credentialStatusType").into_iter().chain(node.texts("credentialStatusType")).collect::<String>();
    let gone = ["Deprecated", "Superseded", "Ceased", "Revoked"].iter().any(|word| state.contains(word));
    let description = texts[1..].iter().find(|t| !t.is_empty() && *t != label).cloned().unwrap_or_default();
    let concept = BundleConcept {
        description,
        status: if gone { Status::Retired } else { Status::Active },
        ..BundleConcept::new(ConceptKey { scheme: scheme.to_owned(), id: id.clone() }, kind, label)
    };
    let Some(place) = builder.concept(concept) else { return builder.odd("id is there twice", file, at, &id) };
    names(builder, place, label, "name");
    for name in node.texts("alternateName") {
        names(builder, place, &name, "alternateName");
    }
    for code in node.texts("codedNotation") {
        builder.name(place, &code, NameCalled::Hidden, "codedNotation");
    }
    for key in ["competencyText", "description", "comment"] {
        builder.text(place, key, &node.text(key));
    }
    builder.text(place, "keywords", &[node.texts("conceptKeyword"), node.texts("keyword")].concat().join("; "));
    places.insert(id, place);
    for address in [node.text("@id"), node.text("ctid")] {
        places.insert(address, place);
    }
}

fn is_ctid(id: &str) -> bool {
    id.strip_prefix("ce-").is_some_and(|rest| uuid::Uuid::try_parse(rest).is_ok() && rest.len() == 36)
}

fn relations(builder: &mut Builder, file: &str, line: u64, node: Node<'_>, places: &HashMap<String, u32>) {
    let Some(from) = places.get(&id_of(node)).copied() else { return };
    // Registry addresses end in the CTID.
    let find = |link: &str| {
        let tail = link.rsplit('/').next().unwrap_or_default().to_lowercase();
        places.get(link).or_else(|| places.get(&tail)).copied()
    };
    for parent in node.links("isChildOf") {
        match find(&parent) {
            Some(at) => builder.broader(from, builder.get(at).key.clone()),
            None => builder.odd("broader concept is not there", file, line, &parent),
        }
    }
    for child in node.links("hasChild").iter().filter_map(|child| find(child)) {
        builder.broader(child, builder.get(from).key.clone());
    }
    for next in node.links("supersededBy").iter().filter_map(|next| find(next)) {
        let key = builder.get(next).key.clone();
        builder.change(from, |concept| {
            concept.status = Status::Retired;
            concept.replaced_by.push(key);
        });
    }
    let mut relate = |link: &str, relation: RelationKind| {
        let other = find(link).map(|at| builder.get(at).key.clone()).or_else(|| foreign(link));
        match other {
            Some(other) => {
                builder.relation(from, relation, other);
            }
            None => builder.odd("alignment with something that is not there", file, line, link),
        }
    };
    for (key, relation) in [
        ("exactAlignment", RelationKind::ExactMatch),
        ("majorAlignment", RelationKind::CloseMatch),
        ("broadAlignment", RelationKind::BroadMatch),
        ("minorAlignment", RelationKind::Related),
        ("narrowAlignment", RelationKind::Related),
        ("prerequisiteAlignment", RelationKind::Essential),
    ] {
        node.links(key).iter().for_each(|link| relate(link, relation));
    }
    for (key, relation) in [("requires", RelationKind::Essential), ("recommends", RelationKind::Optional)] {
        for condition in node.nodes(key) {
            let targets = ["targetCredential", "targetCompetency"].iter().flat_map(|key| condition.links(key));
            targets.for_each(|link| relate(&link, relation));
        }
    }
}

/// Notes days that no calendar has, wherever they stand in a node.
fn dates(builder: &mut Builder, file: &str, line: u64, node: &Map<String, Value>) {
    for (key, value) in node {
        match value {
            Value::String(text) if key.to_lowercase().contains("date") => {
                let looks = text.len() >= 10
                    && text.as_bytes()[4] == b'-'
                    && text.as_bytes()[..4].iter().all(u8::is_ascii_digit);
                if looks && day(text).is_none() {
                    builder.odd("day that no calendar has", file, line, &format!("{key} {text}"));
                }
            }
            Value::Object(inner) => dates(builder, file, line, inner),
            Value::Array(values) => {
                values.iter().filter_map(Value::as_object).for_each(|inner| dates(builder, file, line, inner));
            }
            _ => {}
        }
    }
}
