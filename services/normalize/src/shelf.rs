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

/// How a text that is no name is likened to concepts.
#[derive(Debug)]
enum Likeness {
    /// By the words that it shares with names.
    Words(Overlaps),
    /// By what was learned from the taxonomy's texts.
    Learned(Arc<Model>, Vec<u32>),
}

/// Concepts of one kind.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub index: Index,
    kind: MatchKind,
    likeness: Likeness,
}

thread_local! {
    static MEMORY: RefCell<(Scratch, Vec<(u16, f32)>)> = RefCell::default();
}

impl Shelf {
    /// Of (number, entry); the classes of the model, if there is one, are these entries in this order.
    pub(crate) fn new(
        entries: &[(u32, &Entry)],
        known: &Arc<HashSet<String>>,
        kind: MatchKind,
        model: Option<Arc<Model>>,
    ) -> Self {
        let likeness = match model {
            Some(model) => Likeness::Learned(model, entries.iter().map(|(at, _)| *at).collect()),
            None => Likeness::Words(Overlaps::new(entries.iter().copied())),
        };
        Self { index: Index::new(entries.iter().copied(), known), kind, likeness }
    }

    /// What the text may mean: names, and what is like the text.
    pub(crate) fn find(&self, said: &Said, into: &mut Vec<Hit>) {
        let exact = self.index.exactly(&said.whole).next().is_some();
        let names = names(&self.index, said);
        match &self.likeness {
            Likeness::Words(overlaps) => {
                into.extend(names);
                for overlap in overlaps.overlapping(&said.core) {
                    let score = score::of_overlap(&overlap, self.kind);
                    into.push(Hit { entry: overlap.entry, score, why: Why::Words(score) });
                }
            }
            Likeness::Learned(model, entries) => {
                let likely = self.likely(model, entries, said);
                // What is called exactly so is that; the rest is a hint beside what was learned.
                if exact {
                    score::order(self.kind, names, &likely, into)
                } else {
                    score::blend(self.kind, &names, &likely, into)
                }
            }
        }
    }

    /// The entries that a model thinks of, best first, with their share.
    fn likely(&self, model: &Model, entries: &[u32], said: &Said) -> Vec<Likely> {
        let words = if self.kind == MatchKind::Occupation { &said.whole } else { &said.core };
        MEMORY.with_borrow_mut(|(scratch, scores)| {
            model.likely(words, scratch, scores);
            score::shares(scores, LEARNED_MAX)
                .into_iter()
                .map(|(class, share)| Likely { entry: entries[usize::from(class)], share })
                .collect()
        })
    }

    /// The model with the entries that are its classes.
    pub(crate) fn learned(&self) -> Option<(&Model, &[u32])> {
        match &self.likeness {
            Likeness::Words(_) => None,
            Likeness::Learned(model, entries) => Some((model, entries)),
        }
    }
}
