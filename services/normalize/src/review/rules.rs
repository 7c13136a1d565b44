//! What holds, worked out from the log.

use std::collections::{BTreeMap, HashMap, HashSet};

use skillwire_schemas::{Answer, Concept, ConceptKey, Decision, Scope, TermKind};

use super::{LOCAL, term_key};

/// A decision that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub number: u32,
    pub scope: Scope,
    pub answer: Answer,
}

/// What of a need tells whether a decision's scope fits it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    pub naics: Option<&'a str>,
    /// Its job, as the matcher knows it and as the partnership sees it.
    pub occupations: [Option<&'a ConceptKey>; 2],
}

impl Rule {
    /// How narrow its scope is, if it fits: the narrowest rule that fits holds.
    fn fits(&self, place: Place<'_>) -> Option<usize> {
        match &self.scope {
            Scope::Anywhere => Some(0),
            Scope::Industry { naics } => {
                place.naics.is_some_and(|of_need| of_need.starts_with(naics.as_str())).then_some(naics.len())
            }
            Scope::Occupation { concept } => {
                let mut of_need = place.occupations.into_iter().flatten();
                of_need.any(|of_need| of_need.to_string() == *concept).then_some(usize::MAX)
            }
        }
    }
}

/// All that holds in a partnership.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    by_term: HashMap<(TermKind, String), Vec<Rule>>,
    /// Undone -> by which.
    undone: HashMap<u32, u32>,
    /// The partnership's own concepts, by id: those that a decision in force names.
    local: BTreeMap<String, Concept>,
}

impl Rules {
    /// From the log, in any order. From the last entry back: an entry that a later one in force undid counts for nothing, be it
    /// an undo itself. Of two about the same text and scope the later one holds.
    pub(crate) fn of(log: &[Decision]) -> Self {
        let mut newest_first: Vec<&Decision> = log.iter().collect();
        newest_first.sort_unstable_by_key(|decision| std::cmp::Reverse(decision.number));
        let mut rules = Self::default();
        let mut settled: HashSet<(TermKind, String, &Scope)> = HashSet::new();
        for decision in newest_first {
            if rules.undone.contains_key(&decision.number) {
                continue;
            }
            // Folded anew, as texts of needs are: what was kept with the decision is only for looking up.
            let term = (decision.kind, term_key(&decision.text));
            match &decision.answer {
                Answer::Undo { decision: undone } => {
                    rules.undone.insert(*undone, decision.number);
                }
                answer => {
                    if settled.insert((term.0, term.1.clone(), &decision.scope)) {
                        let (scope, answer) = (decision.scope.clone(), answer.clone());
                        rules.by_term.entry(term).or_default().push(Rule { number: decision.number, scope, answer });
                    }
                }
            }
        }
        rules.local = rules.locals();
        rules
    }

    fn locals(&self) -> BTreeMap<String, Concept> {
        let mut newest: BTreeMap<String, (u32, &Concept)> = BTreeMap::new();
        for rule in self.by_term.values().flatten() {
            let named: Vec<&Concept> = match &rule.answer {
                Answer::Map { concept } => vec![concept],
                Answer::Split { parts } => parts.iter().filter_map(|part| part.concept.as_ref()).collect(),
                Answer::Ignore | Answer::Undo { .. } => Vec::new(),
            };
            for concept in named.into_iter().filter(|concept| concept.key.scheme == LOCAL) {
                let known = newest.entry(concept.key.id.clone()).or_insert((rule.number, concept));
                if known.0 < rule.number {
                    *known = (rule.number, concept);
                }
            }
        }
        newest.into_iter().map(|(id, (_, concept))| (id, concept.clone())).collect()
    }

    /// What holds for a text in a need: the narrowest that fits.
    pub(crate) fn find(&self, kind: TermKind, folded: &str, place: Place<'_>) -> Option<&Rule> {
        let rules = self.of_term(kind, folded).iter();
        rules
            .filter_map(|rule| rule.fits(place).map(|width| (width, rule)))
            .max_by_key(|(width, _)| *width)
            .map(|(_, r)| r)
    }

    /// All that holds for a text, newest first.
    pub(crate) fn of_term(&self, kind: TermKind, folded: &str) -> &[Rule] {
        // Most partnerships decide little, most texts are undecided: no key is made for them.
        if self.by_term.is_empty() {
            return &[];
        }
        self.by_term.get(&(kind, folded.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// By which decision one was undone.
    pub(crate) fn undone_by(&self, number: u32) -> Option<u32> {
        self.undone.get(&number).copied()
    }

    /// The partnership's own concepts.
    pub(crate) fn local(&self) -> impl Iterator<Item = &Concept> {
        self.local.values()
    }

    /// One of them.
    pub(crate) fn local_by_id(&self, id: &str) -> Option<&Concept> {
        self.local.get(id)
    }
}
