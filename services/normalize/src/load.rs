//! Files -> a taxonomy. The starter is part of the program; another folder of the same format may take its place.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use skillwire_schemas::{Concept, ConceptKey, ConceptKind};

use crate::bundle::{Bundle, BundleError};
use crate::fold::key;
use crate::taxonomy::{Entry, Taxonomy};

/// A taxonomy file that is wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}, line {line}: {why}")]
pub struct LoadError {
    /// Which file.
    pub file: String,
    /// Which line, counted from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong and what would be right.
    pub why: String,
}

impl From<BundleError> for LoadError {
    fn from(BundleError { file, line, why }: BundleError) -> Self {
        Self { file, line, why }
    }
}

impl LoadError {
    pub(crate) fn new(file: &str, line: u64, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, why: why.into() }
    }
}

const FILES: [&str; 5] = ["skills.csv", "credentials.csv", "occupations.csv", "industries.csv", "counties.csv"];
/// A column that may be absent.
const DESCRIPTION: &str = "description";
/// The scheme of our own ids.
const OWN: &str = "skillwire";

impl Taxonomy {
    /// The starter.
    ///
    /// # Errors
    /// Never for a released program: a test reads the same files.
    pub fn starter() -> Result<Self, LoadError> {
        read([
            include_str!("../starter/skills.csv"),
            include_str!("../starter/credentials.csv"),
            include_str!("../starter/occupations.csv"),
            include_str!("../starter/industries.csv"),
            include_str!("../starter/counties.csv"),
        ])
    }

    /// A folder that an import has made, or one of the starter's format.
    ///
    /// # Errors
    /// [`LoadError`] with file, line and what would be right.
    pub fn from_dir(folder: &Path) -> Result<Self, LoadError> {
        if Bundle::is_at(folder) {
            return Self::from_bundle_dir(folder);
        }
        let mut texts: [String; 5] = Default::default();
        for (text, name) in texts.iter_mut().zip(FILES) {
            let path = folder.join(name);
            *text = std::fs::read_to_string(&path).map_err(|e| {
                LoadError::new(
                    &path.display().to_string(),
                    0,
                    format!("cannot be read ({e}); a taxonomy folder holds {}", FILES.join(", ")),
                )
            })?;
        }
        read(texts.each_ref().map(String::as_str))
    }
}

fn read(texts: [&str; 5]) -> Result<Taxonomy, LoadError> {
    let [skills, credentials, occupations, industries, counties] = texts;
    let mut entries = Vec::new();
    let mut words = HashSet::new();
    for row in rows(FILES[0], skills, &["id", "kind", "label", "aliases", "abbreviations", "broader", "sectors"])? {
        let kind = match row.get("kind") {
            "skill" => ConceptKind::Skill,
            "knowledge" => ConceptKind::Knowledge,
            "technology" => ConceptKind::Technology,
            other => return Err(row.wrong(format!("column kind: '{other}'; give skill, knowledge or technology"))),
        };
        words.extend(key(row.get(DESCRIPTION)));
        entries.push((row.entry(OWN, "id", kind, "label")?, row.place()));
    }
    for row in
        rows(FILES[1], credentials, &["id", "label", "issuer", "abbreviations", "aliases", "sectors", "broader"])?
    {
        if row.get("issuer").is_empty() {
            return Err(row.wrong("column issuer: empty; say who awards the credential"));
        }
        words.extend(key(row.get(DESCRIPTION)));
        entries.push((row.entry(OWN, "id", ConceptKind::Credential, "label")?, row.place()));
    }
    for row in rows(FILES[2], occupations, &["code", "title", "aliases", "abbreviations", "sectors"])? {
        if !is_onet(row.get("code")) {
            return Err(
                row.wrong(format!("column code: '{}'; give an O*NET-SOC code such as 51-4121.00", row.get("code")))
            );
        }
        entries.push((row.entry("onet-soc", "code", ConceptKind::Occupation, "title")?, row.place()));
    }
    for row in rows(FILES[3], industries, &["code", "title", "aliases"])? {
        if !row.get("code").bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(row.wrong(format!("column code: '{}'; give a NAICS code", row.get("code"))));
        }
        entries.push((row.entry("naics", "code", ConceptKind::Industry, "title")?, row.place()));
    }
    let counties = rows(FILES[4], counties, &["fips", "name", "state", "state_name"])?.len();
    widen(&mut entries)?;
    Ok(Taxonomy { entries: entries.into_iter().map(|(entry, _)| entry).collect(), counties, words, models: Vec::new() })
}

fn is_onet(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| match at {
            2 => *b == b'-',
            7 => *b == b'.',
            _ => b.is_ascii_digit(),
        })
}

/// Where an entry stands.
struct Place {
    file: String,
    line: u64,
}

impl Place {
    fn wrong(&self, why: String) -> LoadError {
        LoadError::new(&self.file, self.line, why)
    }
}

/// A row with the names of its columns.
struct Row<'a> {
    file: &'a str,
    line: u64,
    cells: HashMap<&'a str, String>,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    fn list(&self, column: &str) -> Vec<String> {
        self.get(column).split(';').map(str::trim).filter(|v| !v.is_empty()).map(ToOwned::to_owned).collect()
    }

    fn place(&self) -> Place {
        Place { file: self.file.to_owned(), line: self.line }
    }

    fn wrong(&self, why: impl Into<String>) -> LoadError {
        LoadError::new(self.file, self.line, why)
    }

    fn entry(&self, scheme: &str, id: &str, kind: ConceptKind, label: &str) -> Result<Entry, LoadError> {
        if self.get(id).is_empty() || self.get(label).is_empty() {
            return Err(self.wrong(format!("{id} or {label} is empty; give both")));
        }
        let key = ConceptKey { scheme: scheme.to_owned(), id: self.get(id).to_owned() };
        Ok(Entry {
            concept: Concept { key, kind, label: self.get(label).to_owned(), broader: self.list("broader") },
            aliases: self.list("aliases"),
            abbreviations: self.list("abbreviations"),
            sectors: self.list("sectors"),
        })
    }
}

fn rows<'a>(file: &'a str, text: &str, wanted: &[&'a str]) -> Result<Vec<Row<'a>>, LoadError> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|e| LoadError::new(file, 1, e.to_string()))?.clone();
    let mut places = Vec::new();
    for column in wanted {
        let at = header.iter().position(|name| name == *column);
        places.push((
            *column,
            at.ok_or_else(|| {
                LoadError::new(file, 1, format!("there is no column {column}; the columns are {}", wanted.join(", ")))
            })?,
        ));
    }
    places.extend(header.iter().position(|name| name == DESCRIPTION).map(|at| (DESCRIPTION, at)));
    let mut found = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|e| LoadError::new(file, e.position().map_or(0, csv::Position::line), e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = places
            .iter()
            .map(|(column, at)| (*column, record.get(*at).unwrap_or_default().trim().to_owned()))
            .collect();
        found.push(Row { file, line, cells });
    }
    Ok(found)
}

/// Puts all broader concepts, nearest first, in the place of the direct ones. NAICS codes hold theirs in themselves.
fn widen(entries: &mut [(Entry, Place)]) -> Result<(), LoadError> {
    let mut direct: HashMap<String, Vec<String>> = HashMap::new();
    for (entry, place) in entries.iter() {
        let key = entry.concept.key.to_string();
        if direct.contains_key(&key) {
            return Err(
                place.wrong(format!("column id: {key} is there twice; ids are unique over all files of a scheme"))
            );
        }
        direct.insert(key, entry.concept.broader.clone());
    }
    for (entry, place) in entries.iter_mut() {
        let concept = &entry.concept;
        let broader = if concept.kind == ConceptKind::Industry {
            let id = &concept.key.id;
            let prefixes = (2..id.len()).rev().filter_map(|n| id.get(..n)).map(ToOwned::to_owned);
            prefixes.filter(|b| direct.contains_key(&format!("{}:{b}", concept.key.scheme))).collect()
        } else {
            above(concept, &direct).map_err(|why| place.wrong(why))?
        };
        entry.concept.broader = broader;
    }
    Ok(())
}

/// All broader concepts, nearest first.
fn above(concept: &Concept, direct: &HashMap<String, Vec<String>>) -> Result<Vec<String>, String> {
    let ConceptKey { scheme, id: own } = &concept.key;
    let mut all: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::from([own.clone()]);
    let mut next = concept.broader.clone();
    while !next.is_empty() {
        let mut wider = Vec::new();
        for id in next {
            if id == *own {
                return Err(format!("column broader: {} is broader than itself; break the circle", concept.key));
            }
            let Some(above) = direct.get(&format!("{scheme}:{id}")) else {
                return Err(format!(
                    "column broader: {} names the broader concept {id}, which is not there; give the id of another row",
                    concept.key
                ));
            };
            if seen.insert(id.clone()) {
                wider.extend(above.iter().cloned());
                all.push(id);
            }
        }
        next = wider;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_is_whole_and_large_enough() {
        let taxonomy = Taxonomy::starter().unwrap();
        let count = |kinds: &[ConceptKind]| taxonomy.entries.iter().filter(|e| kinds.contains(&e.concept.kind)).count();
        assert!(count(&[ConceptKind::Skill, ConceptKind::Knowledge, ConceptKind::Technology]) >= 350);
        assert!(count(&[ConceptKind::Credential]) >= 150);
        assert!(count(&[ConceptKind::Occupation]) >= 150);
        assert!(count(&[ConceptKind::Industry]) >= 20);
        let sectors = [
            "health-care",
            "manufacturing",
            "food-beverage",
            "transportation-logistics",
            "construction",
            "it",
            "hospitality",
            "all",
        ];
        for entry in taxonomy.entries.iter().filter(|e| e.concept.kind != ConceptKind::Industry) {
            assert!(entry.sectors.iter().all(|s| sectors.contains(&s.as_str())), "{:?}", entry.concept.key);
        }
        for sector in sectors {
            assert!(
                taxonomy.entries.iter().filter(|e| e.sectors.iter().any(|s| s == sector)).count() >= 15,
                "{sector}"
            );
        }
    }

    #[test]
    fn a_wrong_file_says_where_and_what_would_be_right() {
        let files = |skills: &str, occupations: &str| {
            read([
                skills,
                "id,label,issuer,abbreviations,aliases,sectors,broader\n",
                occupations,
                "code,title,aliases\n",
                "fips,name,state,state_name\n",
            ])
        };
        let head = "id,kind,label,aliases,abbreviations,broader,sectors\n";
        let occupations = "code,title,aliases,abbreviations,sectors\n";
        for (skills, jobs, wanted) in [
            (
                format!("{head}a,hobby,A,,,,\n"),
                occupations.to_owned(),
                "skills.csv, line 2: column kind: 'hobby'; give skill, knowledge or technology",
            ),
            (
                format!("{head}a,skill,A,,,b,\n"),
                occupations.to_owned(),
                "skills.csv, line 2: column broader: skillwire:a names the broader concept b, which is not there",
            ),
            (format!("{head}a,skill,A,,,b,\nb,skill,B,,,a,\n"), occupations.to_owned(), "break the circle"),
            (
                format!("{head}a,skill,A,,,,\na,skill,B,,,,\n"),
                occupations.to_owned(),
                "skills.csv, line 3: column id: skillwire:a is there twice",
            ),
            ("id,label\n".to_owned(), occupations.to_owned(), "there is no column kind"),
            (
                head.to_owned(),
                format!("{occupations}51-4121,Welders,,,\n"),
                "occupations.csv, line 2: column code: '51-4121'",
            ),
        ] {
            let error = files(&skills, &jobs).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
