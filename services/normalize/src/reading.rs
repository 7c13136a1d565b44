//! Reading texts: what staff decided first, the matcher for all else. What the matcher said is remembered, since the same few
//! texts come in needs over and over. Pure.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use skillwire_schemas::{ConceptKey, Match};

use crate::lexicon::Lexicon;
use crate::matcher::{Context, MatchKind};
use crate::review::Rules;
use crate::split;

/// Answers remembered at most; when there are more, all are forgotten.
const ANSWERS_MAX: usize = 50_000;

/// What a match depends on: kind, text, industry, occupation.
type Asked = (u8, String, Option<String>, Option<ConceptKey>);

/// What a matcher said. Each lexicon has its own, so that what one said never stands for another.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    matches: Remembered<Asked, Match>,
    phrases: Remembered<String, Vec<String>>,
}

/// Answers by question.
#[derive(Debug)]
struct Remembered<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// The answer; worked out, with nobody waiting for it, when it is new.
    fn get(&self, asked: K, answer: impl FnOnce(&K) -> V) -> V {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return known.clone();
        }
        let said = answer(&asked);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ANSWERS_MAX {
            all.clear();
        }
        all.insert(asked, said.clone());
        said
    }
}

/// What stands around a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around<'a> {
    pub naics: Option<&'a str>,
    /// The job, as the matcher knows it.
    pub occupation: Option<ConceptKey>,
    /// The job, as the partnership sees it.
    pub shown: Option<ConceptKey>,
}

/// Reads texts of one partnership.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub lexicon: &'a Lexicon,
    pub rules: &'a Rules,
}

impl Reading<'_> {
    /// What the matcher makes of a text.
    pub(crate) fn matched(&self, text: &str, kind: MatchKind, around: &Around<'_>) -> Match {
        let asked = (kind as u8, text.to_owned(), around.naics.map(ToOwned::to_owned), around.occupation.clone());
        self.lexicon.memo.matches.get(asked, |_| {
            let mut context = Context::of_industry(around.naics);
            context.occupation.clone_from(&around.occupation);
            self.lexicon.matcher.decide(text, kind, &context)
        })
    }

    /// The phrases of a cell.
    pub(crate) fn phrases(&self, text: &str) -> Vec<String> {
        self.lexicon.memo.phrases.get(text.to_owned(), |text| split::phrases(text, &self.lexicon.matcher))
    }
}
