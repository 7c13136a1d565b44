//! What a bundle's texts teach a model: each name is an example of its concept, each description a weaker one.

use std::collections::{HashMap, HashSet};

use skillwire_schemas::ConceptKey;

use crate::bundle::{Bundle, Status};
use crate::fold::key;
use crate::learn::{Example, Model, Random, Training, train};
use crate::matcher::MatchKind;
use crate::names::number;

/// What a description or another text about a concept counts; a name counts 1.
const TEXT_WEIGHT: f32 = 0.5;
/// Concepts below which nothing is learned: shared words find them as well.
const CONCEPTS_MIN: usize = 100;
/// Texts of one concept at most, its names aside.
const TEXTS_MAX: usize = 40;

/// How often which words stand in advertisements that ask for a concept: concept, label, advertisements, `word:count`.
/// Counted in synthetic sentences; see `starter/README.md`.
const ASSOCIATIONS: &str = include_str!("../starter/esco-words.csv");
/// Texts made of a concept's words at most, and their words.
const ASSOCIATED_TEXTS_MAX: usize = 60;
const ASSOCIATED_WORDS: usize = 20;
const ASSOCIATIONS_SEED: u64 = 5;

/// The places of the concepts that a text may mean: the classes of the model, in order.
fn classes(bundle: &Bundle, kind: MatchKind) -> Vec<u32> {
    (0u32..)
        .zip(&bundle.concepts)
        .filter(|(_, concept)| concept.status == Status::Active && kind.holds(concept.kind))
        .map(|(place, _)| place)
        .collect()
}

/// The concepts that a text may mean, in order.
pub(crate) fn keys(bundle: &Bundle, kind: MatchKind) -> impl Iterator<Item = &ConceptKey> {
    classes(bundle, kind).into_iter().map(|place| &bundle.concepts[place as usize].key)
}

/// Tells a model's own taxonomy from one that was changed since: a number that stands for the classes in their order.
pub(crate) fn check_sum(bundle: &Bundle, kind: MatchKind) -> u64 {
    number(keys(bundle, kind).flat_map(|key| [key.scheme.as_str(), key.id.as_str()]), "\n")
}

/// Learns the concepts of a kind; nothing when there are too few. `progress` hears how many texts of how many are done.
pub(crate) fn learn(
    bundle: &Bundle,
    kind: MatchKind,
    how: &Training,
    progress: &mut dyn FnMut(usize, usize),
) -> Option<Model> {
    let classes = classes(bundle, kind);
    if classes.len() < CONCEPTS_MIN {
        return None;
    }
    Some(train(&examples(bundle, &classes), classes.len(), how, progress))
}

fn examples(bundle: &Bundle, classes: &[u32]) -> Vec<Example> {
    let class_of: HashMap<u32, u32> = (0u32..).zip(classes).map(|(class, place)| (*place, class)).collect();
    let mut names: Vec<(Vec<String>, u32)> = Vec::new();
    for (class, place) in (0u32..).zip(classes) {
        names.push((key(&bundle.concepts[*place as usize].label), class));
    }
    for name in &bundle.names {
        if let Some(class) = class_of.get(&name.concept) {
            names.push((key(&name.name), *class));
        }
    }
    // A name of several concepts is one example of all of them.
    names.retain(|(words, _)| !words.is_empty());
    names.sort_unstable();
    names.dedup();
    let mut examples: Vec<Example> = names
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| Example {
            words: same[0].0.clone(),
            classes: same.iter().map(|(_, class)| *class).collect(),
            weight: 1.0,
        })
        .collect();
    for (class, place) in (0u32..).zip(classes) {
        let description = &bundle.concepts[*place as usize].description;
        let from = bundle.texts.partition_point(|text| text.concept < *place);
        let others = bundle.texts[from..].iter().take_while(|text| text.concept == *place).map(|text| &text.text);
        let mut texts: Vec<Vec<String>> =
            std::iter::once(description).chain(others).take(TEXTS_MAX).map(|text| key(text)).collect();
        texts.retain(|words| !words.is_empty());
        texts.sort_unstable();
        texts.dedup();
        examples.extend(texts.into_iter().map(|words| Example { words, classes: vec![class], weight: TEXT_WEIGHT }));
    }
    examples.extend(associated(bundle, &class_of));
    examples
}

/// Words that go with concepts in job advertisements, as [`ASSOCIATIONS`] counts them: texts made of such words, as often as
/// the concept was met.
fn associated(bundle: &Bundle, class_of: &HashMap<u32, u32>) -> Vec<Example> {
    let mut random = Random::new(ASSOCIATIONS_SEED);
    let mut examples = Vec::new();
    let mut reader = csv::Reader::from_reader(ASSOCIATIONS.as_bytes());
    for row in reader.records().flatten() {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let Ok(key_of_row) = cell(0).parse::<ConceptKey>() else { continue };
        let Ok(place) = bundle.concepts.binary_search_by(|concept| concept.key.cmp(&key_of_row)) else { continue };
        let Some(class) = u32::try_from(place).ok().and_then(|place| class_of.get(&place)) else { continue };
        let mut sum = 0u64;
        let counted: Vec<(u64, &str)> = cell(3)
            .split(' ')
            .filter_map(|pair| {
                let (word, count) = pair.split_once(':')?;
                sum += count.parse::<u64>().ok()?;
                Some((sum, word))
            })
            .collect();
        let texts: usize = cell(2).parse().unwrap_or(0);
        for _ in 0..texts.min(ASSOCIATED_TEXTS_MAX) {
            let mut words: Vec<String> = (0..ASSOCIATED_WORDS)
                .filter_map(|_| {
                    let pick = random.below(usize::try_from(sum).unwrap_or(0)) as u64;
                    counted.get(counted.partition_point(|(sum, _)| *sum <= pick))
                })
                .flat_map(|(_, word)| key(word))
                .collect();
            let mut seen = HashSet::new();
            words.retain(|word| seen.insert(word.clone()));
            if !words.is_empty() {
                examples.push(Example { words, classes: vec![*class], weight: 1.0 });
            }
        }
    }
    examples
}
