//! A bundle from the disk.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use csv::StringRecord;
use skillwire_schemas::{ConceptKey, ConceptKind};

use super::write::{
    CONCEPT_COLUMNS, CONCEPTS, MANIFEST, NAME_COLUMNS, NAMES, RELATION_COLUMNS, RELATIONS, TEXT_COLUMNS, TEXTS,
};
use super::{
    Bundle, BundleConcept, BundleError, FORMAT, Manifest, Name, NameCalled, Relation, RelationKind, Status, Target,
    Text,
};

/// Largest file of a bundle, bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;

impl Bundle {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`BundleError`] with file, line and what would be right.
    pub fn read(folder: &Path) -> Result<Self, BundleError> {
        let mut bundle = Self::read_names(folder)?;
        let places = Places::of(&bundle.concepts);
        bundle.relations = relations(folder, &places)?;
        bundle.texts = texts(folder, &places)?;
        Ok(bundle)
    }

    /// Reads concepts and names and leaves relations and texts on the disk: enough to match by name.
    ///
    /// # Errors
    /// [`BundleError`] with file, line and what would be right.
    pub fn read_names(folder: &Path) -> Result<Self, BundleError> {
        let manifest = manifest(folder)?;
        let concepts = concepts(folder)?;
        let places = Places::of(&concepts);
        let names = names(folder, &places)?;
        drop(places);
        Ok(Self { manifest, concepts, names, relations: Vec::new(), texts: Vec::new() })
    }

    /// Whether a folder is a bundle, by its `taxonomy.json`.
    #[must_use]
    pub fn is_at(folder: &Path) -> bool {
        folder.join(MANIFEST).is_file()
    }
}

fn manifest(folder: &Path) -> Result<Manifest, BundleError> {
    let path = folder.join(MANIFEST);
    let text = text_of(folder, MANIFEST)?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|e| BundleError::of(&path, format!("is not of the shape ({e}); make the bundle again")))?;
    if manifest.format != FORMAT {
        let why = format!("is of format {}; this program reads {FORMAT}: import the taxonomy again", manifest.format);
        return Err(BundleError::of(&path, why));
    }
    Ok(manifest)
}

fn text_of(folder: &Path, name: &str) -> Result<String, BundleError> {
    let path = folder.join(name);
    let wrong = |e: std::io::Error| {
        let files = [MANIFEST, CONCEPTS, NAMES, RELATIONS, TEXTS].join(", ");
        BundleError::of(&path, format!("cannot be read ({e}); a taxonomy bundle holds {files}"))
    };
    let bytes = fs::metadata(&path).map_err(wrong)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(BundleError::of(&path, format!("has {bytes} bytes; at most {FILE_BYTES_MAX}")));
    }
    fs::read_to_string(&path).map_err(wrong)
}

/// Where concepts are, by the text they are written as. Rows of one concept follow one another: the last is looked at first.
struct Places<'a> {
    concepts: &'a [BundleConcept],
    by_text: HashMap<(&'a str, &'a str), u32>,
}

impl<'a> Places<'a> {
    fn of(concepts: &'a [BundleConcept]) -> Self {
        let by_text = (0u32..).zip(concepts).map(|(at, c)| ((c.key.scheme.as_str(), c.key.id.as_str()), at)).collect();
        Self { concepts, by_text }
    }

    fn find(&self, text: &str, last: u32) -> Option<u32> {
        let (scheme, id) = text.split_once(':')?;
        if let Some(concept) = self.concepts.get(last as usize)
            && concept.key.id == id
            && concept.key.scheme == scheme
        {
            return Some(last);
        }
        self.by_text.get(&(scheme, id)).copied()
    }
}

/// Reads the rows of a file; `take` gets each with its line and says what would be right.
fn rows<const N: usize>(
    folder: &Path,
    name: &str,
    columns: [&str; N],
    mut take: impl FnMut([&str; N]) -> Result<(), String>,
) -> Result<(), BundleError> {
    let text = text_of(folder, name)?;
    let file = folder.join(name).display().to_string();
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| BundleError::at(&file, 1, e.to_string()))?;
    if header.iter().ne(columns) {
        let why = format!(
            "the columns are {}; they must be {}",
            header.iter().collect::<Vec<_>>().join(","),
            columns.join(",")
        );
        return Err(BundleError::at(&file, 1, why));
    }
    // Behind a line that ends in CR LF (a spreadsheet has saved the file) the reader stands between the two.
    let behind = u64::from(text.split('\n').next().is_some_and(|first| first.ends_with('\r')));
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line() + behind;
        let more = reader.read_record(&mut record).map_err(|e| BundleError::at(&file, line, e.to_string()))?;
        if !more {
            return Ok(());
        }
        let mut cells = [""; N];
        for (cell, value) in cells.iter_mut().zip(&record) {
            *cell = value;
        }
        take(cells).map_err(|why| BundleError::at(&file, line, why))?;
    }
}

fn key(text: &str) -> Result<ConceptKey, String> {
    text.parse::<ConceptKey>().map_err(|e| e.to_string())
}

fn keys(text: &str) -> Result<Vec<ConceptKey>, String> {
    if text.is_empty() { Ok(Vec::new()) } else { text.split(';').map(key).collect() }
}

fn concepts(folder: &Path) -> Result<Vec<BundleConcept>, BundleError> {
    let mut concepts: Vec<BundleConcept> = Vec::new();
    rows(
        folder,
        CONCEPTS,
        CONCEPT_COLUMNS,
        |[id, kind, label, description, status, replaced_by, broader, sectors]| {
            let kind: ConceptKind = kind.parse().map_err(|e| format!("column kind: {e}"))?;
            if label.is_empty() {
                return Err(format!("column label: {id} has none; give the name shown to people"));
            }
            let key = key(id)?;
            if concepts.last().is_some_and(|last| last.key >= key) {
                return Err(format!(
                    "column concept: {key} is there twice or out of order; concepts stand in order of scheme and id"
                ));
            }
            concepts.push(BundleConcept {
                key,
                kind,
                label: label.to_owned(),
                description: description.to_owned(),
                status: Status::parse(status)?,
                replaced_by: keys(replaced_by)?,
                broader: keys(broader)?,
                sectors: if sectors.is_empty() {
                    Vec::new()
                } else {
                    sectors.split(';').map(ToOwned::to_owned).collect()
                },
            });
            Ok(())
        },
    )?;
    Ok(concepts)
}

/// The same word again and again is kept once.
#[derive(Default)]
struct Words(Vec<Arc<str>>);

impl Words {
    /// Sorts of names and texts a bundle has at most; there are a handful.
    const MAX: usize = 200;

    fn get(&mut self, word: &str) -> Result<Arc<str>, String> {
        if let Some(known) = self.0.iter().find(|known| ***known == *word) {
            return Ok(Arc::clone(known));
        }
        if self.0.len() == Self::MAX {
            return Err(format!("'{word}' is another sort or source; at most {} of them", Self::MAX));
        }
        let made: Arc<str> = word.into();
        self.0.push(Arc::clone(&made));
        Ok(made)
    }
}

fn unknown(id: &str) -> String {
    format!("the concept '{id}' does not stand in {CONCEPTS}")
}

fn names(folder: &Path, places: &Places) -> Result<Vec<Name>, BundleError> {
    let (mut names, mut words, mut last) = (Vec::new(), Words::default(), 0);
    rows(folder, NAMES, NAME_COLUMNS, |[id, name, called, source]| {
        let concept = places.find(id, last).ok_or_else(|| unknown(id))?;
        if concept < last {
            return Err(format!("column concept: {id} is out of order; names stand in the order of {CONCEPTS}"));
        }
        last = concept;
        names.push(Name {
            concept,
            name: name.to_owned(),
            called: NameCalled::parse(called)?,
            source: words.get(source)?,
        });
        Ok(())
    })?;
    Ok(names)
}

fn relations(folder: &Path, places: &Places) -> Result<Vec<Relation>, BundleError> {
    let (mut relations, mut last) = (Vec::new(), 0);
    rows(folder, RELATIONS, RELATION_COLUMNS, |[from, relation, to]| {
        let from = places.find(from, last).ok_or_else(|| unknown(from))?;
        last = from;
        let relation = RelationKind::parse(relation)?;
        for other in to.split(';') {
            let to = match places.find(other, from) {
                Some(at) => Target::Here(at),
                None => Target::Elsewhere(Box::new(key(other)?)),
            };
            relations.push(Relation { from, relation, to });
        }
        Ok(())
    })?;
    Ok(relations)
}

fn texts(folder: &Path, places: &Places) -> Result<Vec<Text>, BundleError> {
    let (mut texts, mut words, mut last) = (Vec::new(), Words::default(), 0);
    rows(folder, TEXTS, TEXT_COLUMNS, |[id, sort, text]| {
        let concept = places.find(id, last).ok_or_else(|| unknown(id))?;
        last = concept;
        texts.push(Text { concept, sort: words.get(sort)?, text: text.to_owned() });
        Ok(())
    })?;
    Ok(texts)
}
