//! Collects what an importer finds and puts it in order. What is there twice is kept once; what points nowhere is noted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use skillwire_schemas::ConceptKey;

use super::{
    Bundle, BundleConcept, FORMAT, Name, NameCalled, Oddities, Relation, RelationKind, Scheme, Status, Target, Text,
};

/// A concept may not be longer than this, bytes: longer ones are no ids but something else in the wrong column.
pub(crate) const KEY_BYTES_MAX: usize = 500;

/// A bundle that is being made.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) oddities: Oddities,
    concepts: Vec<BundleConcept>,
    places: HashMap<ConceptKey, u32>,
    names: Vec<Name>,
    known_names: HashSet<(u32, NameCalled, String)>,
    relations: Vec<(u32, RelationKind, ConceptKey)>,
    known_relations: HashSet<(u32, RelationKind, ConceptKey)>,
    texts: Vec<Text>,
    words: HashMap<String, Arc<str>>,
}

impl Builder {
    /// Takes a concept; `None` when its key is taken or cannot be one.
    pub(crate) fn concept(&mut self, mut concept: BundleConcept) -> Option<u32> {
        let BundleConcept { key, .. } = &concept;
        let fits = !key.id.is_empty() && key.id.len() + key.scheme.len() < KEY_BYTES_MAX;
        if !fits || key.id.contains([';', '\n', '\r']) || self.places.contains_key(key) {
            return None;
        }
        concept.label = tidy(&concept.label);
        let at = u32::try_from(self.concepts.len()).ok()?;
        self.places.insert(concept.key.clone(), at);
        self.concepts.push(concept);
        Some(at)
    }

    /// The place of a concept.
    pub(crate) fn place(&self, key: &ConceptKey) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// A concept that was taken.
    pub(crate) fn get(&self, at: u32) -> &BundleConcept {
        &self.concepts[at as usize]
    }

    /// Everything that was taken.
    pub(crate) fn concepts(&self) -> &[BundleConcept] {
        &self.concepts
    }

    /// Changes a concept that was taken; its key stays.
    pub(crate) fn change(&mut self, at: u32, change: impl FnOnce(&mut BundleConcept)) {
        let concept = &mut self.concepts[at as usize];
        let key = concept.key.clone();
        change(concept);
        concept.key = key;
    }

    /// Adds a broader concept, once.
    pub(crate) fn broader(&mut self, at: u32, broader: ConceptKey) {
        let concept = &mut self.concepts[at as usize];
        if concept.key != broader && !concept.broader.contains(&broader) {
            concept.broader.push(broader);
        }
    }

    /// Adds a name, unless it is the label or known; whether it was added.
    pub(crate) fn name(&mut self, at: u32, name: &str, called: NameCalled, source: &str) -> bool {
        let name = tidy(name);
        let label = &self.concepts[at as usize].label;
        let same = match called {
            NameCalled::Abbreviation => *label == name,
            NameCalled::Alias | NameCalled::Hidden => label.to_lowercase() == name.to_lowercase(),
        };
        // Upper and lower case tell abbreviations apart, and nothing else.
        let folded = if called == NameCalled::Abbreviation { name.clone() } else { name.to_lowercase() };
        if name.is_empty() || same || !self.known_names.insert((at, called, folded)) {
            return false;
        }
        let source = self.word(source);
        self.names.push(Name { concept: at, name, called, source });
        true
    }

    /// Adds a relation, once; whether it was new. The other concept may come later, or stand in another bundle.
    pub(crate) fn relation(&mut self, from: u32, relation: RelationKind, to: ConceptKey) -> bool {
        let new = self.concepts[from as usize].key != to && self.known_relations.insert((from, relation, to.clone()));
        if new {
            self.relations.push((from, relation, to));
        }
        new
    }

    /// Adds a text to learn from.
    pub(crate) fn text(&mut self, at: u32, sort: &str, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            let sort = self.word(sort);
            self.texts.push(Text { concept: at, sort, text: text.to_owned() });
        }
    }

    /// Notes something odd.
    pub(crate) fn odd(&mut self, sort: &str, file: &str, line: u64, what: &str) {
        self.oddities.note(sort, file, line, what);
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return Arc::clone(known);
        }
        let made: Arc<str> = word.into();
        self.words.insert(word.to_owned(), Arc::clone(&made));
        made
    }

    /// The bundle, in order.
    pub(crate) fn finish(mut self) -> Bundle {
        self.drop_lost_references();
        let mut order: Vec<usize> = (0..self.concepts.len()).collect();
        order.sort_by(|a, b| self.concepts[*a].key.cmp(&self.concepts[*b].key));
        let mut moved = vec![0u32; order.len()];
        for (to, from) in (0u32..).zip(&order) {
            moved[*from] = to;
        }
        let mut concepts: Vec<Option<BundleConcept>> = self.concepts.into_iter().map(Some).collect();
        let concepts: Vec<BundleConcept> = order.iter().filter_map(|from| concepts[*from].take()).collect();
        let mut names = self.names;
        for name in &mut names {
            name.concept = moved[name.concept as usize];
        }
        names.sort_by_key(|name| name.concept);
        let mut texts = self.texts;
        for text in &mut texts {
            text.concept = moved[text.concept as usize];
        }
        texts.sort_by_key(|text| text.concept);
        let places = &self.places;
        let target = |key: ConceptKey| match places.get(&key) {
            Some(at) => Target::Here(moved[*at as usize]),
            None => Target::Elsewhere(Box::new(key)),
        };
        let mut relations: Vec<Relation> = (self.relations.into_iter())
            .map(|(from, relation, to)| Relation { from: moved[from as usize], relation, to: target(to) })
            .collect();
        relations.sort_by(|a, b| (a.from, a.relation).cmp(&(b.from, b.relation)).then_with(|| by_target(&a.to, &b.to)));
        let mut bundle = Bundle { concepts, names, relations, texts, ..Bundle::default() };
        bundle.manifest.format = FORMAT;
        bundle.manifest.schemes = self.schemes;
        bundle.manifest.oddities = self.oddities;
        bundle.manifest.counts = counts(&bundle);
        bundle
    }

    /// Broader concepts and successors stand in the same bundle; what does not is left out and noted.
    fn drop_lost_references(&mut self) {
        let (places, oddities) = (&self.places, &mut self.oddities);
        for concept in &mut self.concepts {
            let key = &concept.key;
            for (list, sort) in [
                (&mut concept.broader, "broader concept is not there"),
                (&mut concept.replaced_by, "successor is not there"),
            ] {
                list.retain(|other| {
                    let there = places.contains_key(other);
                    if !there {
                        oddities.note(sort, "", 0, &format!("{key} -> {other}"));
                    }
                    there
                });
            }
        }
    }
}

fn by_target(a: &Target, b: &Target) -> std::cmp::Ordering {
    match (a, b) {
        (Target::Here(a), Target::Here(b)) => a.cmp(b),
        (Target::Here(_), Target::Elsewhere(_)) => std::cmp::Ordering::Less,
        (Target::Elsewhere(_), Target::Here(_)) => std::cmp::Ordering::Greater,
        (Target::Elsewhere(a), Target::Elsewhere(b)) => a.cmp(b),
    }
}

/// What a bundle holds, in numbers.
pub(crate) fn counts(bundle: &Bundle) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut add = |key: String, n: usize| *counts.entry(key).or_insert(0u64) += n as u64;
    add("concepts".to_owned(), bundle.concepts.len());
    for concept in &bundle.concepts {
        let key = match concept.status {
            Status::Active => format!("{}.{}", concept.key.scheme, concept.kind),
            status => format!("{}.{}", concept.key.scheme, status.as_str()),
        };
        add(key, 1);
    }
    for name in &bundle.names {
        add(format!("names.{}", name.called.as_str()), 1);
    }
    for relation in &bundle.relations {
        add(format!("relations.{}", relation.relation.as_str()), 1);
    }
    add("texts".to_owned(), bundle.texts.len());
    counts
}

/// One space between words, none around.
pub(crate) fn tidy(text: &str) -> String {
    let clean = text.trim();
    if clean.len() == text.len() && !clean.contains(['\t', '\n', '\r', '\u{a0}']) && !clean.contains("  ") {
        return text.to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
