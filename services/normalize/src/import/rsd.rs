//! Rich skill descriptors (OSMT): CSV in its four dialects, and JSON. Name and statement are required.

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::json::{self, Node};
use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::title::slug;
use super::{ImportOptions, foreign, names};
use crate::bundle::{Builder, BundleConcept, RelationKind, Scheme, Status};

const SCHEME: &str = "rsd";
/// Alignments of a descriptor at most.
const ALIGNMENTS_MAX: usize = 100;
const NAME: [&str; 3] = ["rsd name", "skill name", "name"];
const STATEMENT: [&str; 2] = ["skill statement", "contextualized skill statement"];

/// A descriptor, whatever it was written in.
#[derive(Default)]
struct Descriptor {
    id: String,
    name: String,
    statement: String,
    categories: Vec<String>,
    keywords: Vec<String>,
    certifications: Vec<String>,
    occupations: Vec<String>,
    alignments: Vec<String>,
    retired: bool,
}

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let scheme = options.scheme.clone().unwrap_or_else(|| SCHEME.to_owned());
    builder.schemes.push(Scheme {
        scheme: scheme.clone(),
        title: options.title.clone().unwrap_or_else(|| "Rich skill descriptors".to_owned()),
        release: options.release.clone().unwrap_or_else(|| "unknown".to_owned()),
        publisher: String::new(),
        licence: options.licence.clone().unwrap_or_default(),
        source: source.given(),
    });
    let files: Vec<Found> = source.files().to_vec();
    for found in &files {
        let name = found.name.to_lowercase();
        if name.ends_with(".json") || name.ends_with(".jsonld") {
            let value = json::read(source, found)?;
            let list = value.as_array().or_else(|| value.get("skills").and_then(|skills| skills.as_array()));
            let list = list.map_or_else(|| vec![&value], |list| list.iter().collect());
            for (at, node) in (1u64..).zip(list) {
                match node.as_object() {
                    Some(node) => from_json(builder, &scheme, &found.shown, at, Node(node)),
                    None => builder.odd("entry is no object", &found.shown, at, &node.to_string()),
                }
            }
        } else if name.ends_with(".csv") {
            from_csv(source, found, &scheme, builder)?;
        } else {
            builder.odd("file is not used", &found.shown, 0, "neither .json nor .csv");
        }
    }
    Ok(())
}

fn from_json(builder: &mut Builder, scheme: &str, file: &str, at: u64, node: Node<'_>) {
    if node.get("skillName").is_none() && !node.text("type").is_empty() && node.text("type") != "RichSkillDescriptor" {
        return builder.odd("entry is no RichSkillDescriptor", file, at, &node.text("type"));
    }
    // v2 has author and category as one text with `;`.
    let list = |keys: [&str; 2]| keys.iter().flat_map(|key| node.texts(key)).flat_map(|t| split(&t)).collect();
    let of = |key: &str, field: &str| node.nodes(key).into_iter().map(|n| n.text(field)).collect::<Vec<_>>();
    let descriptor = Descriptor {
        id: node.text("id"),
        name: node.text("skillName"),
        statement: node.text("skillStatement"),
        categories: list(["categories", "category"]),
        keywords: node.texts("keywords"),
        certifications: of("certifications", "name"),
        occupations: of("occupations", "code"),
        alignments: of("alignments", "id"),
        retired: ["archived", "deleted"].contains(&node.text("status").to_lowercase().as_str()),
    };
    take(builder, scheme, file, at, descriptor);
}

fn from_csv(source: &mut Source<'_>, found: &Found, scheme: &str, builder: &mut Builder) -> Result<(), ImportError> {
    let text = source.text(found)?;
    let mut table = Table::commas(&text);
    let find = |names: &[&str]| names.iter().find_map(|name| table.find(name));
    let (Some(name), Some(statement)) = (find(&NAME), find(&STATEMENT)) else {
        let why = format!(
            "there is no column for the name ({}) or the statement ({}); the columns are {}",
            NAME.join(", "),
            STATEMENT.join(", "),
            table.header().join(", ")
        );
        return Err(ImportError::at(&found.shown, 1, why));
    };
    let id = find(&["canonical url", "id", "url"]);
    let categories = find(&["categories", "category", "skill categories", "skill category"]);
    let (keywords, certifications) = (find(&["keywords"]), find(&["certifications"]));
    let occupations = find(&["o*net job codes", "o*net job role", "o*net job codes (8 digit)", "o*net"]);
    let status = find(&["status", "publish status"]);
    let addresses: Vec<usize> = (table.header().iter().enumerate())
        .filter(|(_, column)| {
            let column = column.to_lowercase();
            column == "alignment" || column.starts_with("alignment") && column.ends_with("url")
        })
        .map(|(at, _)| at)
        .take(ALIGNMENTS_MAX)
        .collect();
    while let Some(row) = table.next() {
        if let Err(why) = row {
            builder.odd("row cannot be read", &found.shown, table.line(), &why);
            continue;
        }
        let descriptor = Descriptor {
            id: table.maybe(id).to_owned(),
            name: table.cell(name).to_owned(),
            statement: table.cell(statement).to_owned(),
            categories: split(table.maybe(categories)),
            keywords: split(table.maybe(keywords)),
            certifications: split(table.maybe(certifications)),
            occupations: split(table.maybe(occupations)),
            alignments: addresses.iter().flat_map(|at| split(table.cell(*at))).collect(),
            retired: ["archived", "deleted"].contains(&table.maybe(status).to_lowercase().as_str()),
        };
        take(builder, scheme, &found.shown, table.line(), descriptor);
    }
    Ok(())
}

fn split(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
}

fn take(builder: &mut Builder, scheme: &str, file: &str, line: u64, descriptor: Descriptor) {
    let Descriptor { name, statement, .. } = &descriptor;
    if name.is_empty() || statement.is_empty() {
        return builder.odd("descriptor without name or statement", file, line, &format!("{name} {statement}"));
    }
    let key = |id: &str| ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
    let mut id = descriptor.id.clone();
    if id.is_empty() {
        id = slug(name);
        let same = builder.place(&key(&id)).map(|at| builder.get(at).description == *statement);
        if same == Some(false) {
            // Names are not unique; the statement tells the second from the first.
            id = format!("{id}-{:08x}", mark(statement));
            builder.odd("name is there twice: the id of the second has a mark of its statement", file, line, name);
        }
    }
    let concept = BundleConcept {
        description: statement.clone(),
        status: if descriptor.retired { Status::Retired } else { Status::Active },
        ..BundleConcept::new(key(&id), ConceptKind::Skill, name)
    };
    let Some(at) = builder.concept(concept) else { return builder.odd("id is there twice", file, line, &id) };
    names(builder, at, name, "name");
    builder.text(at, "statement", statement);
    builder.text(at, "keywords", &descriptor.keywords.join("; "));
    builder.text(at, "certifications", &descriptor.certifications.join("; "));
    for category in &descriptor.categories {
        let heading = key(&format!("category/{}", slug(category)));
        if builder.place(&heading).is_none() {
            let made = BundleConcept::new(heading.clone(), ConceptKind::Skill, category);
            builder.concept(BundleConcept { status: Status::Heading, ..made });
        }
        builder.broader(at, heading);
    }
    for code in &descriptor.occupations {
        // 15-1251.00 is O*NET's; groups (15-0000, 15-1200) have no concept there.
        match foreign(code) {
            Some(occupation) => {
                builder.relation(at, RelationKind::Related, occupation);
            }
            None => builder.odd("code is no O*NET-SOC code", file, line, code),
        }
    }
    for other in descriptor.alignments.iter().filter_map(|address| foreign(address)) {
        builder.relation(at, RelationKind::CloseMatch, other);
    }
}

/// FNV-1a: the same on every machine and in every version.
fn mark(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
