//! A bundle -> a taxonomy in memory.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use skillwire_schemas::{Concept, ConceptKey, ConceptKind};

use crate::bundle::{Bundle, NameCalled, Status};
use crate::learn::{Model, ModelFileError, Training};
use crate::load::LoadError;
use crate::matcher::MatchKind;
use crate::school;
use crate::taxonomy::{Entry, Learned, Taxonomy};

/// Concepts above one another at most; a publisher's tree has fewer than ten levels.
const LEVELS_MAX: usize = 32;
/// Largest model file, bytes.
const MODEL_BYTES_MAX: u64 = 1 << 28;

/// The file of a model in a bundle's folder.
pub(crate) fn model_file(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::Occupation => "model-occupation.bin",
        MatchKind::Skill => "model-skill.bin",
        MatchKind::Credential => "model-credential.bin",
        MatchKind::Industry => "model-industry.bin",
    }
}

impl Taxonomy {
    /// From a bundle's folder, with what was learned if it is there.
    ///
    /// # Errors
    /// [`LoadError`] with file, line and what would be right.
    pub(crate) fn from_bundle_dir(folder: &Path) -> Result<Self, LoadError> {
        let read = |kind: MatchKind| {
            let path = folder.join(model_file(kind));
            match fs::metadata(&path) {
                Ok(about) if about.len() <= MODEL_BYTES_MAX => fs::read(&path).map(Some),
                Ok(about) => Err(std::io::Error::other(format!("{} bytes; at most {MODEL_BYTES_MAX}", about.len()))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
            .map_err(|error| LoadError::new(&path.display().to_string(), 0, format!("cannot be read ({error})")))
        };
        let bundle = Bundle::read_names(folder)?;
        let mut taxonomy = Self::from_bundle(&bundle);
        for kind in MatchKind::TAUGHT {
            if let Some(bytes) = read(kind)? {
                let learned = learned(&bundle, kind, &bytes).map_err(|error| {
                    LoadError::new(&folder.join(model_file(kind)).display().to_string(), 0, error.to_string())
                })?;
                taxonomy.models.push(learned);
            }
        }
        Ok(taxonomy)
    }

    /// The concepts in use, with their names.
    #[must_use]
    pub fn from_bundle(bundle: &Bundle) -> Self {
        let direct: HashMap<&ConceptKey, &[ConceptKey]> =
            bundle.concepts.iter().map(|concept| (&concept.key, concept.broader.as_slice())).collect();
        let mut entries = Vec::new();
        let mut names = bundle.names.as_slice();
        for (place, concept) in (0u32..).zip(&bundle.concepts) {
            let mine = names.partition_point(|name| name.concept <= place);
            let (these, rest) = names.split_at(mine);
            names = rest;
            if concept.status != Status::Active {
                continue;
            }
            let named = |called: &[NameCalled]| -> Vec<String> {
                these.iter().filter(|name| called.contains(&name.called)).map(|name| name.name.clone()).collect()
            };
            entries.push(Entry {
                concept: Concept {
                    key: concept.key.clone(),
                    kind: concept.kind,
                    label: concept.label.clone(),
                    broader: above(&concept.key, &direct),
                },
                aliases: named(&[NameCalled::Alias, NameCalled::Hidden]),
                abbreviations: named(&[NameCalled::Abbreviation]),
                sectors: concept.sectors.clone(),
            });
        }
        let counties = bundle.concepts.iter().filter(|concept| concept.kind == ConceptKind::Place).count();
        Self { entries, counties, words: HashSet::new(), models: Vec::new() }
    }
}

/// A model that was written for the concepts of a bundle.
pub(crate) fn learned(bundle: &Bundle, kind: MatchKind, bytes: &[u8]) -> Result<Learned, ModelFileError> {
    let model = Model::read(bytes, school::check_sum(bundle, kind))?;
    Ok(Learned { kind, keys: school::keys(bundle, kind).cloned().collect(), model: Arc::new(model) })
}

/// Learns the concepts of a kind from a bundle's texts: the bytes of the model, nothing when there are too few of them.
pub(crate) fn learn(
    bundle: &Bundle,
    kind: MatchKind,
    progress: &mut dyn FnMut(usize, usize),
) -> std::io::Result<Option<Vec<u8>>> {
    let Some(model) = school::learn(bundle, kind, &how(kind), progress) else { return Ok(None) };
    let mut bytes = Vec::new();
    model.write(school::check_sum(bundle, kind), &mut bytes)?;
    Ok(Some(bytes))
}

/// How a kind is learned. Job titles are short and of few words: more rounds, more left out.
fn how(kind: MatchKind) -> Training {
    match kind {
        MatchKind::Occupation => Training { epochs: 6, rate: 0.1, left_out_share: 0.4, ..Training::default() },
        MatchKind::Skill | MatchKind::Credential | MatchKind::Industry => Training::default(),
    }
}

/// Learns what the texts of a bundle teach and writes it beside them. `progress` hears the kind, and how many texts of how
/// many are done.
///
/// # Errors
/// [`LoadError`] when the folder holds no bundle or cannot be written.
pub fn learn_folder(
    folder: &Path,
    progress: &mut dyn FnMut(MatchKind, usize, usize),
) -> Result<Vec<(MatchKind, u64)>, LoadError> {
    let bundle = Bundle::read(folder)?;
    let mut written = Vec::new();
    for kind in MatchKind::TAUGHT {
        let path = folder.join(model_file(kind));
        let wrong = |error: std::io::Error| {
            LoadError::new(&path.display().to_string(), 0, format!("cannot be written ({error})"))
        };
        let learned = learn(&bundle, kind, &mut |done, all| progress(kind, done, all)).map_err(wrong)?;
        let Some(bytes) = learned else { continue };
        let beside = path.with_extension("new");
        fs::write(&beside, &bytes).and_then(|()| fs::rename(&beside, &path)).map_err(wrong)?;
        written.push((kind, bytes.len() as u64));
    }
    Ok(written)
}

/// All broader concepts, nearest first; a circle is walked once.
fn above(key: &ConceptKey, direct: &HashMap<&ConceptKey, &[ConceptKey]>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut level: Vec<&ConceptKey> = direct.get(key).copied().unwrap_or_default().iter().collect();
    for _ in 0..LEVELS_MAX {
        let mut next = Vec::new();
        for broader in level {
            if broader != key && broader.scheme == key.scheme && !found.contains(&broader.id) {
                found.push(broader.id.clone());
                next.extend(direct.get(broader).copied().unwrap_or_default());
            }
        }
        level = next;
    }
    found
}
