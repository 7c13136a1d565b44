//! The concepts of one kind of one taxonomy: their names, and how a text that is no name is likened to them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::index::{Hit, Index, Why};
use crate::learn::{Model, Scratch};
use crate::matcher::MatchKind;
use crate::overlap::Overlaps;
use crate::score;
use crate::taxonomy::Entry;

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
    static MEMORY: RefCell<(Scratch, Vec<f32>)> = RefCell::default();
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

    /// What the words are like. `whole` are all, `core` those that are not around a name.
    pub(crate) fn alike(&self, whole: &[String], core: &[String], into: &mut Vec<Hit>) {
        match &self.likeness {
            Likeness::Words(overlaps) => {
                for overlap in overlaps.overlapping(core) {
                    let score = score::of_overlap(&overlap, self.kind);
                    into.push(Hit { entry: overlap.entry, score, why: Why::Words(score) });
                }
            }
            Likeness::Learned(model, entries) => MEMORY.with_borrow_mut(|(scratch, scores)| {
                let words = if self.kind == MatchKind::Occupation { whole } else { core };
                model.scores(words, scratch, scores);
                for (class, score) in score::of_learned(scores, LEARNED_MAX) {
                    into.push(Hit { entry: entries[class], score, why: Why::Learned(score) });
                }
            }),
        }
    }

    /// The model with the entries that are its classes.
    pub(crate) fn learned(&self) -> Option<(&Model, &[u32])> {
        match &self.likeness {
            Likeness::Words(_) => None,
            Likeness::Learned(model, entries) => Some((model, entries)),
        }
    }
}
