//! The concepts of one kind of one taxonomy: their names, and how a text that is no name is likened to them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::index::{Hit, Index, Why};
use crate::learn::{Model, Scratch};
use crate::matcher::MatchKind;
use crate::overlap::Overlaps;
use crate::score::{self, Likely};
use crate::taxonomy::Entry;
use crate::ways::{Said, names};

/// Candidates that a model names.
const LEARNED_MAX: usize = 20;

/// A model and, by its classes, the entries; none for a concept that another taxonomy names already.
pub(crate) type Taught = (Arc<Model>, Vec<Option<u32>>);

fn members((_, entries): &Taught) -> HashSet<u32> {
    entries.iter().flatten().copied().collect()
}

/// Concepts of one kind.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub index: Index,
    kind: MatchKind,
    /// What was learned, and of which entries.
    taught: Vec<Taught>,
    /// The entries of each model, and of all.
    members: Vec<HashSet<u32>>,
    learned: HashSet<u32>,
    /// The others, by the words that they share with a text.
    overlaps: Option<Overlaps>,
}

thread_local! {
    static MEMORY: RefCell<(Scratch, Vec<(u16, f32)>)> = RefCell::default();
}

impl Shelf {
    /// Of (number, entry) and the models that know some of them.
    pub(crate) fn new(
        entries: &[(u32, &Entry)],
        known: &Arc<HashSet<String>>,
        kind: MatchKind,
        taught: Vec<Taught>,
    ) -> Self {
        let members: Vec<HashSet<u32>> = taught.iter().map(members).collect();
        let learned: HashSet<u32> = members.iter().flatten().copied().collect();
        let others: Vec<_> = entries.iter().copied().filter(|(at, _)| !learned.contains(at)).collect();
        let overlaps = (!others.is_empty()).then(|| Overlaps::new(others.into_iter()));
        Self { index: Index::new(entries.iter().copied(), known), kind, taught, members, learned, overlaps }
    }

    /// What the text may mean: names, and what is like the text.
    pub(crate) fn find(&self, said: &Said, into: &mut Vec<Hit>) {
        let exact = self.index.exactly(&said.whole).next().is_some();
        let (known, others): (Vec<Hit>, Vec<Hit>) =
            names(&self.index, said).into_iter().partition(|hit| self.learned.contains(&hit.entry));
        into.extend(others);
        for ((model, entries), members) in self.taught.iter().zip(&self.members) {
            let known: Vec<Hit> = known.iter().copied().filter(|hit| members.contains(&hit.entry)).collect();
            let likely = self.likely(model, entries, said);
            // What is called exactly so is that; the rest is a hint beside what was learned.
            if exact {
                let literal = |entry| self.index.is_literal(&said.words, entry);
                score::order(self.kind, known, &likely, literal, into);
            } else {
                score::blend(self.kind, &known, &likely, into);
            }
        }
        for overlap in self.overlaps.iter().flat_map(|overlaps| overlaps.overlapping(&said.core)) {
            let score = score::of_overlap(&overlap, self.kind);
            into.push(Hit { entry: overlap.entry, score, why: Why::Words(score) });
        }
    }

    /// The entries that a model thinks of, best first, with their share.
    fn likely(&self, model: &Model, entries: &[Option<u32>], said: &Said) -> Vec<Likely> {
        MEMORY.with_borrow_mut(|(scratch, scores)| {
            model.likely(&said.whole, scratch, scores);
            score::shares(scores, LEARNED_MAX)
                .into_iter()
                .filter_map(|(class, share)| Some(Likely { entry: entries[usize::from(class)]?, share }))
                .collect()
        })
    }

    /// What was learned.
    pub(crate) fn taught(&self) -> &[Taught] {
        &self.taught
    }
}
