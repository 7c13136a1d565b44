//! A matcher with what is to be said beside it. Pure.

use std::collections::HashMap;

use skillwire_schemas::{Concept, ConceptKey, Match, MatchState};

use crate::combine::Combined;
use crate::fold::key;
use crate::matcher::Matcher;
use crate::reading::Memo;
use crate::review::LOCAL;

/// A matcher with what is to be said beside it.
#[derive(Debug)]
pub(crate) struct Lexicon {
    pub matcher: Matcher,
    /// What the matcher said.
    pub memo: Memo,
    /// Names of concepts that were retired without a successor.
    retired: HashMap<String, String>,
    /// Concepts that were retired.
    gone: HashMap<ConceptKey, String>,
    shown: HashMap<ConceptKey, (Concept, &'static str)>,
}

impl Lexicon {
    pub(crate) fn new(combined: Combined) -> Self {
        let Combined { taxonomy, retired, gone, shown } = combined;
        Self { matcher: Matcher::new(taxonomy), memo: Memo::default(), retired, gone, shown }
    }

    /// Says of a text that means nothing any more why that is, and shows its concept in the partnership's scheme.
    pub(crate) fn explain(&self, matched: &mut Match) {
        match matched.state {
            MatchState::Unmatched if !self.retired.is_empty() => {
                if let Some(why) = self.retired.get(&key(&matched.text).join(" ")) {
                    add(matched, why);
                }
            }
            MatchState::Matched => {
                self.show(matched);
            }
            _ => {}
        }
    }

    /// The same for what staff decided, which stays as they decided it: a concept that the taxonomy in force has no more is
    /// kept and said to be so; one that it names otherwise now bears the new name.
    pub(crate) fn explain_decided(&self, matched: &mut Match) {
        if self.show(matched) {
            return;
        }
        let Some(concept) = matched.concept.as_mut().filter(|concept| concept.key.scheme != LOCAL) else { return };
        if let Some(current) = self.matcher.concept(&concept.key) {
            concept.clone_from(current);
            return;
        }
        let why = match self.gone.get(&concept.key) {
            Some(why) => why.clone(),
            None => format!("'{}' ({}) is not in the taxonomy in force", concept.label, concept.key),
        };
        add(matched, &why);
    }

    /// Shows the concept in the partnership's scheme, if that has the same.
    fn show(&self, matched: &mut Match) -> bool {
        let Some((concept, why)) = matched.concept.as_ref().and_then(|concept| self.shown.get(&concept.key)) else {
            return false;
        };
        matched.concept = Some(concept.clone());
        add(matched, &format!("{why} {}", concept.key.scheme));
        true
    }
}

fn add(matched: &mut Match, why: &str) {
    matched.reason = format!("{}; {why}", matched.reason);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use skillwire_schemas::ConceptKind;

    use super::*;
    use crate::need::by_decision;
    use crate::taxonomy::{Entry, Taxonomy};

    fn concept(scheme: &str, id: &str, label: &str) -> Concept {
        let key = ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
        Concept { key, kind: ConceptKind::Skill, label: label.to_owned(), broader: Vec::new() }
    }

    fn lexicon() -> Lexicon {
        let (aliases, abbreviations, sectors) = (Vec::new(), Vec::new(), Vec::new());
        let entry = Entry { concept: concept("x", "1", "Thatching"), aliases, abbreviations, sectors };
        let taxonomy = Taxonomy { entries: vec![entry], counties: 0, words: HashSet::new(), models: Vec::new() };
        let retired = HashMap::from([(key("sewing").join(" "), "retired".to_owned())]);
        let gone = HashMap::from([(concept("x", "2", "").key, "'Sewing' was retired".to_owned())]);
        let shown = HashMap::from([(concept("x", "3", "").key, (concept("y", "3", "Baking"), "the same in"))]);
        Lexicon::new(Combined { taxonomy, retired, gone, shown })
    }

    #[test]
    fn what_staff_decided_stays_and_says_what_became_of_the_concept() {
        let decided = |concept: Option<&Concept>| {
            let mut matched = by_decision("sewing", 12, concept);
            lexicon().explain_decided(&mut matched);
            let told = matched.concept.map(|c| format!("{} {}", c.key, c.label)).unwrap_or_default();
            (told, matched.reason)
        };
        for (made, told, reason) in [
            (Some(concept("x", "1", "Roofing")), "x:1 Thatching", "staff decision #12"),
            (Some(concept("x", "2", "Sewing")), "x:2 Sewing", "staff decision #12; 'Sewing' was retired"),
            (Some(concept("x", "3", "Bread")), "y:3 Baking", "staff decision #12; the same in y"),
            (
                Some(concept("x", "4", "Old")),
                "x:4 Old",
                "staff decision #12; 'Old' (x:4) is not in the taxonomy in force",
            ),
            (Some(concept(LOCAL, "4", "Ours")), "local:4 Ours", "staff decision #12"),
            (None, "", "staff decision #12: asks for nothing"),
        ] {
            assert_eq!(decided(made.as_ref()), (told.to_owned(), reason.to_owned()));
        }
    }
}
