//! O*NET database, text files: occupations with their titles, content model elements, work activities. Any recent release;
//! tab-separated, nothing quoted. A title that belongs to several codes is kept with each.

use std::collections::{HashMap, HashSet};

use skillwire_schemas::{ConceptKey, ConceptKind};

use super::decode::is_garbled;
use super::source::{Found, ImportError, Source};
use super::table::Table;
use super::{ImportOptions, onet_technology, release_in, title};
use crate::bundle::{Builder, BundleConcept, RelationKind, Scheme, Status};

pub(super) const OCCUPATIONS: &str = "onet-soc";
pub(super) const TECHNOLOGIES: &str = "onet-technology";
const ELEMENTS: &str = "onet-element";

const CODE: &str = "O*NET-SOC Code";
const REQUIRED: &str = "required are 'Occupation Data.txt' and 'Alternate Titles.txt' of the text-file download";
/// Content model elements that are taken: (id and what is under it, kind).
const ELEMENT_ROOTS: [(&str, ConceptKind); 4] = [
    ("1.A", ConceptKind::Skill),
    ("2.A", ConceptKind::Skill),
    ("2.B", ConceptKind::Skill),
    ("2.C", ConceptKind::Knowledge),
];

pub(super) fn import(
    source: &mut Source<'_>,
    options: &ImportOptions,
    builder: &mut Builder,
) -> Result<(), ImportError> {
    let data = required(source, "Occupation Data.txt")?;
    let titles = required(source, "Alternate Titles.txt")?;
    let release = release(source, options, builder)?;
    for (scheme, what) in [
        (OCCUPATIONS, "O*NET-SOC occupations"),
        (TECHNOLOGIES, "O*NET technology skills and tools"),
        (ELEMENTS, "O*NET content model: skills, knowledge, abilities"),
    ] {
        builder.schemes.push(Scheme {
            scheme: scheme.to_owned(),
            title: what.to_owned(),
            release: release.clone(),
            publisher: "U.S. Department of Labor, Employment and Training Administration".to_owned(),
            licence: "CC BY 4.0".to_owned(),
            source: source.given(),
        });
    }
    occupations(source, &data, builder)?;
    alternate_titles(source, &titles, builder)?;
    for (name, read) in [
        ("Sample of Reported Titles.txt", reported_titles as Reader),
        ("Content Model Reference.txt", elements),
        ("Related Occupations.txt", related),
        ("Task Statements.txt", tasks),
    ] {
        if let Some(found) = optional(source, name, builder) {
            read(source, &found, builder)?;
        }
    }
    work_activities(source, builder)?;
    onet_technology::import(source, builder)
}

type Reader = fn(&mut Source<'_>, &Found, &mut Builder) -> Result<(), ImportError>;

fn required(source: &Source<'_>, name: &str) -> Result<Found, ImportError> {
    source.named(name).ok_or_else(|| source.missing(format!("there is no '{name}' in it; {REQUIRED}")))
}

/// A file that may be missing; that it is, is noted.
pub(super) fn optional(source: &Source<'_>, name: &str, builder: &mut Builder) -> Option<Found> {
    let found = source.named(name);
    if found.is_none() {
        builder.odd("optional file is missing", name, 0, "what it holds is not imported");
    }
    found
}

/// "O*NET 27.0 Database" in the read-me, else the number in the name of the zip or folder.
fn release(source: &mut Source<'_>, options: &ImportOptions, builder: &mut Builder) -> Result<String, ImportError> {
    if let Some(release) = &options.release {
        return Ok(release.clone());
    }
    if let Some(found) = source.named("Read Me.txt") {
        let text = source.text(&found)?;
        let line = text.lines().find(|line| line.contains("O*NET") && line.contains("Database"));
        if let Some(release) = line.and_then(release_in) {
            return Ok(release);
        }
    }
    if let Some(release) = source.called().iter().find_map(|name| release_in(name)) {
        return Ok(release);
    }
    builder.odd("release is not told", "Read Me.txt", 0, "give it with --release, e.g. --release 29.0");
    Ok("unknown".to_owned())
}

/// Reads the rows of an O*NET file; rows that cannot be are noted.
pub(super) fn rows<const N: usize>(
    source: &mut Source<'_>,
    found: &Found,
    columns: [&str; N],
    builder: &mut Builder,
    mut take: impl FnMut(&mut Builder, u64, [&str; N]),
) -> Result<(), ImportError> {
    let text = source.text(found)?;
    let mut table = Table::tabs(&text);
    let places = table.columns(columns).map_err(|why| ImportError::at(&found.shown, 1, why))?;
    while let Some(row) = table.next() {
        let line = table.line();
        if let Err(why) = row {
            builder.odd("row cannot be read", &found.shown, line, &why);
            continue;
        }
        if !table.is_even() {
            builder.odd("row has too few or too many cells", &found.shown, line, table.cell(0));
        }
        take(builder, line, places.map(|at| table.cell(at)));
    }
    Ok(())
}

/// The key of a code, in the form O*NET gives it.
fn occupation_key(code: &str) -> ConceptKey {
    ConceptKey { scheme: OCCUPATIONS.to_owned(), id: code.to_owned() }
}

pub(super) fn is_code(code: &str) -> bool {
    let form = "dd-dddd.dd";
    code.len() == form.len()
        && code.chars().zip(form.chars()).all(|(c, f)| if f == 'd' { c.is_ascii_digit() } else { c == f })
}

/// The occupation of a code; a code that is not there is noted.
pub(super) fn occupation(builder: &mut Builder, file: &str, line: u64, code: &str) -> Option<u32> {
    let at = builder.place(&occupation_key(code));
    if at.is_none() {
        builder.odd("code has no occupation", file, line, code);
    }
    at
}

fn occupations(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    rows(source, found, [CODE, "Title", "Description"], builder, |builder, line, [code, label, description]| {
        if label.is_empty() || code.is_empty() {
            return builder.odd("blank title or code", &file, line, &format!("{code} {label}"));
        }
        if !is_code(code) {
            return builder.odd("code has not the form 51-4121.00", &file, line, code);
        }
        note_garbled(builder, &file, line, &[label, description]);
        let concept = BundleConcept {
            description: description.to_owned(),
            ..BundleConcept::new(occupation_key(code), ConceptKind::Occupation, label)
        };
        let Some(at) = builder.concept(concept) else {
            return builder.odd("code is there twice", &file, line, code);
        };
        builder.text(at, "description", description);
        names(builder, at, label, "title");
    })?;
    // 51-4121.06 is part of 51-4121.00, when that is an occupation itself.
    let parts: Vec<(u32, ConceptKey)> = (0u32..)
        .zip(builder.concepts())
        .filter(|(_, c)| c.key.scheme == OCCUPATIONS && !c.key.id.ends_with(".00"))
        .filter_map(|(at, c)| c.key.id.get(..7).map(|soc| (at, occupation_key(&format!("{soc}.00")))))
        .collect();
    for (at, whole) in parts {
        if builder.place(&whole).is_some() {
            builder.broader(at, whole);
        }
    }
    Ok(())
}

pub(super) fn note_garbled(builder: &mut Builder, file: &str, line: u64, texts: &[&str]) {
    if let Some(text) = texts.iter().find(|text| is_garbled(text)) {
        builder.odd("text went through a wrong encoding", file, line, text);
    }
}

/// A title and what it says beside itself; whether it was new.
fn names(builder: &mut Builder, at: u32, name: &str, source: &str) -> bool {
    let added = builder.name(at, name, title::called(name), source);
    if let Some((without, inside)) = title::bracket(name) {
        builder.name(at, &without, title::called(&without), source);
        // What stands in the bracket is the same name, short or long.
        if let Some(inside) = inside.filter(|inside| !inside.contains('(')) {
            builder.name(at, inside, title::called(inside), source);
        }
    }
    added
}

fn alternate_titles(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let columns = [CODE, "Alternate Title", "Short Title"];
    rows(source, found, columns, builder, |builder, line, [code, name, short]| {
        if name.is_empty() {
            return builder.odd("blank title", &file, line, code);
        }
        let Some(at) = occupation(builder, &file, line, code) else { return };
        note_garbled(builder, &file, line, &[name]);
        if !seen.insert((code.to_owned(), name.to_lowercase())) {
            builder.odd("title is there twice with the same code", &file, line, &format!("{code} {name}"));
        }
        names(builder, at, name, "alternate title");
        if !short.is_empty() && !short.eq_ignore_ascii_case("n/a") {
            builder.name(at, short, title::called(short), "short title");
        }
    })
}

fn reported_titles(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    rows(source, found, [CODE, "Reported Job Title"], builder, |builder, line, [code, name]| {
        if name.is_empty() {
            return builder.odd("blank title", &file, line, code);
        }
        let Some(at) = occupation(builder, &file, line, code) else { return };
        note_garbled(builder, &file, line, &[name]);
        names(builder, at, name, "reported title");
    })
}

fn related(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    rows(source, found, [CODE, "Related O*NET-SOC Code"], builder, |builder, line, [from, to]| {
        let from = occupation(builder, &file, line, from);
        let there = occupation(builder, &file, line, to).is_some();
        if let Some(from) = from.filter(|_| there) {
            builder.relation(from, RelationKind::Related, occupation_key(to));
        }
    })
}

fn tasks(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    rows(source, found, [CODE, "Task"], builder, |builder, line, [code, task]| {
        if let Some(at) = occupation(builder, &file, line, code) {
            builder.text(at, "task", task);
        }
    })
}

/// What people of an occupation do, in the words O*NET shares between occupations.
fn work_activities(source: &mut Source<'_>, builder: &mut Builder) -> Result<(), ImportError> {
    let (Some(reference), Some(links)) =
        (optional(source, "DWA Reference.txt", builder), optional(source, "Tasks to DWAs.txt", builder))
    else {
        return Ok(());
    };
    let mut titles: HashMap<String, String> = HashMap::new();
    rows(source, &reference, ["DWA ID", "DWA Title"], builder, |_, _, [id, title]| {
        titles.insert(id.to_owned(), title.to_owned());
    })?;
    let file = links.shown.clone();
    let mut seen: HashSet<(u32, String)> = HashSet::new();
    rows(source, &links, [CODE, "DWA ID"], builder, |builder, line, [code, id]| {
        let Some(at) = occupation(builder, &file, line, code) else { return };
        let Some(title) = titles.get(id) else { return builder.odd("work activity is not there", &file, line, id) };
        if seen.insert((at, id.to_owned())) {
            builder.text(at, "work activity", title);
        }
    })
}

fn elements(source: &mut Source<'_>, found: &Found, builder: &mut Builder) -> Result<(), ImportError> {
    let file = found.shown.clone();
    let mut taken: Vec<(u32, String)> = Vec::new();
    let columns = ["Element ID", "Element Name", "Description"];
    rows(source, found, columns, builder, |builder, line, [id, label, description]| {
        let under = |root: &str| id.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let Some((_, kind)) = ELEMENT_ROOTS.iter().find(|(root, _)| under(root)) else { return };
        if label.is_empty() {
            return builder.odd("blank title or code", &file, line, id);
        }
        let key = ConceptKey { scheme: ELEMENTS.to_owned(), id: id.to_owned() };
        let concept = BundleConcept { description: description.to_owned(), ..BundleConcept::new(key, *kind, label) };
        match builder.concept(concept) {
            Some(at) => {
                builder.text(at, "description", description);
                taken.push((at, id.to_owned()));
            }
            None => builder.odd("code is there twice", &file, line, id),
        }
    })?;
    for (at, id) in &taken {
        let Some((above, _)) = id.rsplit_once('.') else { continue };
        let above = ConceptKey { scheme: ELEMENTS.to_owned(), id: above.to_owned() };
        if let Some(heading) = builder.place(&above) {
            builder.broader(*at, above);
            builder.change(heading, |concept| concept.status = Status::Heading);
        }
    }
    Ok(())
}
