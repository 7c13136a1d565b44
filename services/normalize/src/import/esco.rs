//! ESCO classification, CSV, v1.0.x to 1.2: a folder, a zip or several zips. Files are known by their columns, whatever they
//! are called, so that a part that was downloaded alone fits in.

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::decode::is_garbled;
use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::{ImportOptions, esco_relations, names, release_in};
use crate::bundle::{Builder, BundleConcept, NameCalled, Scheme, Status};

pub(super) const SCHEME: &str = "esco";
const ISCO: &str = "http://data.europa.eu/esco/isco/C";
/// The language that is read when there are several and none was asked for.
const LANGUAGE: &str = "en";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Skills,
    SkillGroups,
    Occupations,
    IscoGroups,
    Hierarchy,
    Broader,
    OccupationSkills,
    SkillSkills,
}

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let files = files(source, options, builder)?;
    if !files.iter().any(|(holds, _)| matches!(holds, Holds::Skills | Holds::Occupations)) {
        let why = "holds no ESCO table with the columns conceptUri and preferredLabel; required is skills_en.csv or \
                   occupations_en.csv of the CSV download (classification)";
        return Err(source.missing(why));
    }
    let release = match &options.release {
        Some(release) => Some(release.clone()),
        None => source.called().iter().find_map(|name| release_in(name)),
    };
    if release.is_none() {
        builder.odd("release is not told", &source.given(), 0, "give it with --release, e.g. --release 1.2.0");
    }
    builder.schemes.push(Scheme {
        scheme: SCHEME.to_owned(),
        title: "European Skills, Competences, Qualifications and Occupations".to_owned(),
        release: release.unwrap_or_else(|| "unknown".to_owned()),
        publisher: "European Commission".to_owned(),
        licence: "free reuse with attribution to the European Union (Commission Decision 2011/833/EU)".to_owned(),
        source: source.given(),
    });
    for (holds, found) in &files {
        let text = source.text(found)?;
        let mut table = Table::commas(&text);
        let mut file = File { shown: &found.shown, table: &mut table, builder };
        match holds {
            Holds::Skills | Holds::SkillGroups | Holds::Occupations | Holds::IscoGroups => concepts(&mut file)?,
            Holds::Hierarchy => esco_relations::hierarchy(&mut file)?,
            Holds::Broader => esco_relations::broader(&mut file)?,
            Holds::OccupationSkills => {
                esco_relations::relations(&mut file, ["occupationUri", "relationType", "skillUri"])?;
            }
            Holds::SkillSkills => {
                esco_relations::relations(&mut file, ["originalSkillUri", "relationType", "relatedSkillUri"])?;
            }
        }
    }
    Ok(())
}

/// A file that is being read.
pub(super) struct File<'f, 't> {
    pub(super) shown: &'f str,
    pub(super) table: &'f mut Table<'t>,
    pub(super) builder: &'f mut Builder,
}

impl File<'_, '_> {
    pub(super) fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], ImportError> {
        self.table.columns(names).map_err(|why| ImportError::at(self.shown, 1, why))
    }

    /// Goes to the next row that can be read.
    pub(super) fn next(&mut self) -> bool {
        loop {
            match self.table.next() {
                None => return false,
                Some(Ok(())) => {
                    if !self.table.is_even() {
                        self.odd("row has too few or too many cells", 0);
                    }
                    return true;
                }
                Some(Err(why)) => self.builder.odd("row cannot be read", self.shown, self.table.line(), &why),
            }
        }
    }

    /// Notes something odd about a cell of the row.
    pub(super) fn odd(&mut self, sort: &str, at: usize) {
        self.builder.odd(sort, self.shown, self.table.line(), self.table.cell(at));
    }
}

/// The files that are read, in the order they must be; of several languages one.
fn files(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<Vec<(Holds, Found)>, ImportError> {
    let mut files: Vec<(Holds, Found)> = Vec::new();
    let tables: Vec<Found> =
        source.files().iter().filter(|f| f.name.to_lowercase().ends_with(".csv")).cloned().collect();
    for found in tables {
        let head = source.head(&found)?;
        let table = Table::commas(&head);
        match holds(&table, &head) {
            Some(holds) => files.push((holds, found)),
            None => builder.odd("file is not used", &found.shown, 0, &table.header().join(", ")),
        }
    }
    let mut languages: Vec<String> = files.iter().filter_map(|(_, found)| language(&found.name)).collect();
    languages.sort();
    languages.dedup();
    let wanted = match &options.language {
        Some(language) => Some(language.clone()),
        None if languages.len() > 1 && languages.iter().any(|l| l == LANGUAGE) => Some(LANGUAGE.to_owned()),
        None => languages.first().cloned(),
    };
    if let Some(wanted) = &wanted {
        files.retain(|(_, found)| {
            let read = language(&found.name).is_none_or(|l| l == *wanted);
            if !read {
                builder.odd("file of another language is not read", &found.shown, 0, "ask for it with --language");
            }
            read
        });
        if wanted != LANGUAGE {
            builder.odd("language is not English", "", 0, wanted);
        }
    }
    files.sort_by(|a, b| (a.0, &a.1.shown).cmp(&(b.0, &b.1.shown)));
    Ok(files)
}

/// skills_en.csv -> en
fn language(name: &str) -> Option<String> {
    let stem = name.rsplit_once('.')?.0;
    let code = stem.rsplit_once('_')?.1;
    (code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase())).then(|| code.to_owned())
}

/// What a table holds, by its columns; of concepts by the type of the first row.
fn holds(table: &Table<'_>, head: &str) -> Option<Holds> {
    let has = |names: &[&str]| names.iter().all(|name| table.find(name).is_some());
    if has(&["occupationUri", "relationType", "skillUri"]) {
        return Some(Holds::OccupationSkills);
    }
    if has(&["originalSkillUri", "relationType", "relatedSkillUri"]) {
        return Some(Holds::SkillSkills);
    }
    if has(&["Level 0 URI", "Level 1 URI"]) {
        return Some(Holds::Hierarchy);
    }
    if has(&["conceptUri", "broaderUri"]) {
        return Some(Holds::Broader);
    }
    // The collections (green, digital ...) repeat concepts in part.
    if !has(&["conceptUri", "preferredLabel"]) || has(&["broaderConceptPT"]) {
        return None;
    }
    let mut rows = Table::commas(head);
    let first = rows.next().and_then(Result::ok).map(|()| rows.maybe(table.find("conceptType")).to_owned());
    match first.unwrap_or_default().as_str() {
        "SkillGroup" => Some(Holds::SkillGroups),
        "ISCOGroup" => Some(Holds::IscoGroups),
        "Occupation" => Some(Holds::Occupations),
        "KnowledgeSkillCompetence" => Some(Holds::Skills),
        _ if has(&["iscoGroup"]) => Some(Holds::Occupations),
        _ if has(&["skillType"]) => Some(Holds::Skills),
        _ => None,
    }
}

pub(super) fn key(uri: &str) -> ConceptKey {
    ConceptKey { scheme: SCHEME.to_owned(), id: uri.to_owned() }
}

/// Columns of concept tables that may be absent.
struct Columns {
    kind: Option<usize>,
    skill: Option<usize>,
    isco: Option<usize>,
    code: Option<usize>,
    status: Option<usize>,
    replaced: Option<usize>,
    alternative: Option<usize>,
    hidden: Option<usize>,
    description: Option<usize>,
    definition: Option<usize>,
    scope: Option<usize>,
}

fn concepts(file: &mut File<'_, '_>) -> Result<(), ImportError> {
    let [uri, label] = file.columns(["conceptUri", "preferredLabel"])?;
    let find = |name: &str| file.table.find(name);
    let columns = Columns {
        kind: find("conceptType"),
        skill: find("skillType"),
        isco: find("iscoGroup"),
        code: find("code"),
        status: find("status"),
        replaced: find("replacedBy").or(find("replacedByUri")),
        alternative: find("altLabels"),
        hidden: find("hiddenLabels"),
        description: find("description"),
        definition: find("definition"),
        scope: find("scopeNote"),
    };
    let mut codes: Vec<(u32, String, String)> = Vec::new();
    while file.next() {
        if !file.table.cell(uri).starts_with("http") {
            file.odd("conceptUri is no address", uri);
            continue;
        }
        if file.table.cell(label).is_empty() {
            file.odd("blank preferred label", uri);
            continue;
        }
        let concept = concept(file, &columns, uri, label);
        let name = concept.label.clone();
        let Some(at) = file.builder.concept(concept) else {
            file.odd("conceptUri is there twice", uri);
            continue;
        };
        let (table, builder) = (&*file.table, &mut *file.builder);
        for (sort, column) in
            [("description", columns.description), ("definition", columns.definition), ("scope note", columns.scope)]
        {
            builder.text(at, sort, table.maybe(column));
        }
        names(builder, at, &name, "preferredLabel");
        for alternative in table.maybe(columns.alternative).lines() {
            names(builder, at, alternative.trim(), "altLabel");
        }
        for hidden in table.maybe(columns.hidden).lines() {
            builder.name(at, hidden, NameCalled::Hidden, "hiddenLabel");
        }
        codes.push((at, table.maybe(columns.code).to_owned(), table.maybe(columns.isco).to_owned()));
    }
    above(file.builder, &codes);
    Ok(())
}

fn concept(file: &mut File<'_, '_>, columns: &Columns, uri: usize, label: usize) -> BundleConcept {
    let kind = match (file.table.maybe(columns.kind), file.table.maybe(columns.skill)) {
        ("Occupation" | "ISCOGroup", _) => ConceptKind::Occupation,
        (_, "knowledge") => ConceptKind::Knowledge,
        (_, "skill/competence") => ConceptKind::Skill,
        ("SkillGroup", _) => ConceptKind::Skill,
        _ if columns.isco.is_some() => ConceptKind::Occupation,
        _ => {
            file.odd("skillType is blank or unknown: taken as a skill", label);
            ConceptKind::Skill
        }
    };
    let group = matches!(file.table.maybe(columns.kind), "SkillGroup" | "ISCOGroup");
    let status = match file.table.maybe(columns.status).to_lowercase().as_str() {
        "" | "released" | "published" if group => Status::Heading,
        "" | "released" | "published" => Status::Active,
        "obsolete" | "deprecated" | "retired" | "replaced" | "superseded" => Status::Retired,
        _ => {
            file.odd("status is unknown: taken as in use", columns.status.unwrap_or(label));
            if group { Status::Heading } else { Status::Active }
        }
    };
    if is_garbled(file.table.cell(label)) || is_garbled(file.table.maybe(columns.alternative)) {
        file.odd("text went through a wrong encoding", label);
    }
    let successors = file.table.maybe(columns.replaced).split([',', ';', '|', '\n']).map(str::trim);
    BundleConcept {
        description: file.table.maybe(columns.description).to_owned(),
        status,
        replaced_by: successors.filter(|uri| uri.starts_with("http")).map(key).collect(),
        ..BundleConcept::new(key(file.table.cell(uri)), kind, file.table.cell(label))
    }
}

/// What codes say of the hierarchy: 2654.1.7 is under 2654.1 if that is there, else under group 2654; group 265 under 26.
/// Spreadsheets take leading zeros away; group codes of occupations have four digits.
fn above(builder: &mut Builder, codes: &[(u32, String, String)]) {
    let by_code: std::collections::HashMap<&str, u32> =
        codes.iter().filter(|(_, code, _)| !code.is_empty()).map(|(at, code, _)| (code.as_str(), *at)).collect();
    for (at, code, isco) in codes {
        let mut rest = code.as_str();
        let mut found = None;
        while let Some((shorter, _)) = rest.rsplit_once('.') {
            rest = shorter;
            found = found.or_else(|| by_code.get(rest).map(|at| builder.get(*at).key.clone()));
        }
        let group = match (isco.as_str(), builder.get(*at).key.id.strip_prefix(ISCO)) {
            (_, Some(own)) => own.get(..own.len().saturating_sub(1)).unwrap_or_default().to_owned(),
            ("", None) => String::new(),
            (isco, None) => format!("{isco:0>4}"),
        };
        if found.is_none() && !group.is_empty() {
            found = Some(key(&format!("{ISCO}{group}")));
        }
        if let Some(broader) = found {
            builder.broader(*at, broader);
        }
    }
}
