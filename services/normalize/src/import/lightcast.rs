//! Lightcast skills, JSON (as the API answers) or CSV: id, name and type. The licence is the user's own with Lightcast.

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::json::{self, Node};
use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::{ImportOptions, names, release_in};
use crate::bundle::{Builder, BundleConcept, Scheme, Status};

pub(super) const SCHEME: &str = "lightcast";

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let files: Vec<Found> = source.files().to_vec();
    let mut release = options.release.clone();
    for found in &files {
        let name = found.name.to_lowercase();
        if name.ends_with(".json") {
            let value = json::read(source, found)?;
            release = release.or_else(|| version(&value));
            from_json(&value, found, builder)?;
        } else if name.ends_with(".csv") {
            from_csv(source, found, builder)?;
        }
    }
    let release = release.or_else(|| source.called().iter().find_map(|name| release_in(name)));
    if release.is_none() {
        builder.odd("release is not told", &source.given(), 0, "give it with --release, e.g. --release 9.33");
    }
    builder.schemes.push(Scheme {
        scheme: SCHEME.to_owned(),
        title: "Lightcast Open Skills".to_owned(),
        release: release.unwrap_or_else(|| "unknown".to_owned()),
        publisher: "Lightcast".to_owned(),
        licence: "under the user's own agreement with Lightcast".to_owned(),
        source: source.given(),
    });
    Ok(())
}

fn version(value: &serde_json::Value) -> Option<String> {
    let of = |value: &serde_json::Value| {
        let text = value.get("version").or_else(|| value.get("latestVersion"))?.as_str()?;
        Some(text.to_owned()).filter(|t| !t.is_empty() && t.len() < 20)
    };
    of(value).or_else(|| value.get("data").and_then(of))
}

/// A skill as both forms give it.
struct Skill {
    id: String,
    name: String,
    sort: String,
    software: bool,
    description: String,
    above: Vec<(String, String)>,
}

fn from_json(value: &serde_json::Value, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let list = value.as_array().or_else(|| value.get("data").and_then(|d| d.as_array()));
    let list = list.or_else(|| value.get("skills").and_then(|d| d.as_array())).ok_or_else(|| {
        ImportError::at(
            &found.shown,
            0,
            "holds no list of skills; give the answer of the skills API ({\"data\": [..]}) as it came",
        )
    })?;
    for (at, node) in (1u64..).zip(list) {
        let Some(node) = node.as_object().map(Node) else {
            builder.odd("entry is no object", &found.shown, at, &node.to_string());
            continue;
        };
        let group = |key: &str| {
            let group = node.nodes(key).into_iter().next();
            group.map(|g| (g.text("id"), g.text("name"))).filter(|(id, name)| !id.is_empty() && !name.is_empty())
        };
        let kind = node.nodes("type").into_iter().next();
        let skill = Skill {
            id: node.text("id"),
            name: node.text("name"),
            sort: kind.map_or_else(|| node.text("type"), |kind| format!("{} {}", kind.text("id"), kind.text("name"))),
            software: node.get("isSoftware").is_some_and(|v| v.as_bool() == Some(true)),
            description: node.text("description"),
            above: ["subcategory", "category"].iter().filter_map(|key| group(key)).collect(),
        };
        take(builder, &found.shown, at, &skill);
    }
    Ok(())
}

fn from_csv(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let text = source.text(found)?;
    let mut table = Table::commas(&text);
    let find = |names: &[&str]| names.iter().find_map(|name| table.find(name));
    let (Some(id), Some(name)) = (find(&["id", "skill_id", "skill id"]), find(&["name", "skill_name", "skill name"]))
    else {
        let why = format!("there is no column id or name; the columns are {}", table.header().join(", "));
        return Err(ImportError::at(&found.shown, 1, why));
    };
    let (sort, description) = (find(&["type", "skill_type", "skill type"]), find(&["description"]));
    let software = find(&["is_software", "issoftware", "software"]);
    while let Some(row) = table.next() {
        if let Err(why) = row {
            builder.odd("row cannot be read", &found.shown, table.line(), &why);
            continue;
        }
        let skill = Skill {
            id: table.cell(id).to_owned(),
            name: table.cell(name).to_owned(),
            sort: table.maybe(sort).to_owned(),
            software: ["true", "1", "yes"].contains(&table.maybe(software).to_lowercase().as_str()),
            description: table.maybe(description).to_owned(),
            above: Vec::new(),
        };
        take(builder, &found.shown, table.line(), &skill);
    }
    Ok(())
}

fn take(builder: &mut Builder, file: &str, line: u64, skill: &Skill) {
    if skill.id.is_empty() || skill.name.is_empty() {
        return builder.odd("id or name is blank", file, line, &format!("{} {}", skill.id, skill.name));
    }
    let sort = skill.sort.to_lowercase();
    let kind = match () {
        () if sort.contains("certif") || sort.contains("st3") => ConceptKind::Credential,
        () if skill.software => ConceptKind::Technology,
        () => ConceptKind::Skill,
    };
    let known = ["certif", "common", "special", "soft", "hard", "st1", "st2", "st3"];
    if !known.iter().any(|word| sort.contains(word)) {
        builder.odd("type is none of certification, common, specialized: taken as a skill", file, line, &skill.sort);
    }
    let key = |id: &str| ConceptKey { scheme: SCHEME.to_owned(), id: id.to_owned() };
    let concept = BundleConcept {
        description: skill.description.clone(),
        ..BundleConcept::new(key(&skill.id), kind, &skill.name)
    };
    let Some(at) = builder.concept(concept) else { return builder.odd("id is there twice", file, line, &skill.id) };
    names(builder, at, &skill.name, "name");
    builder.text(at, "description", &skill.description);
    let mut below = at;
    for (id, name) in &skill.above {
        let heading = key(&format!("category/{id}"));
        let place = builder.place(&heading).or_else(|| {
            let made = BundleConcept::new(heading.clone(), ConceptKind::Skill, name);
            builder.concept(BundleConcept { status: Status::Heading, ..made })
        });
        builder.broader(below, heading);
        let Some(place) = place else { return };
        below = place;
    }
}
