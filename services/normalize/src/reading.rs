//! Reading texts: what staff decided first, the matcher for all else. What the matcher said is remembered, since the same few
//! texts come in needs over and over. Pure.

use std::collections::HashMap;

use skillwire_schemas::{ConceptKey, Match};

use crate::matcher::{Context, MatchKind, Matcher};
use crate::review::Rules;
use crate::split;

/// Answers remembered at most; when there are more, all are forgotten.
const ANSWERS_MAX: usize = 50_000;

/// What a match depends on: kind, text, industry, occupation.
type Asked = (u8, String, Option<String>, Option<ConceptKey>);

/// What the matcher said. Of one matcher only.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    matches: HashMap<Asked, Match>,
    phrases: HashMap<String, Vec<String>>,
}

/// What stands around a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around<'a> {
    pub naics: Option<&'a str>,
    pub occupation: Option<ConceptKey>,
}

/// Reads texts of one partnership.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub matcher: &'a Matcher,
    pub rules: &'a Rules,
    pub memo: &'a mut Memo,
}

impl Reading<'_> {
    /// What the matcher makes of a text.
    pub(crate) fn matched(&mut self, text: &str, kind: MatchKind, around: &Around<'_>) -> Match {
        let asked = (kind as u8, text.to_owned(), around.naics.map(ToOwned::to_owned), around.occupation.clone());
        if let Some(known) = self.memo.matches.get(&asked) {
            return known.clone();
        }
        let mut context = Context::of_industry(around.naics);
        context.occupation.clone_from(&around.occupation);
        let said = self.matcher.decide(text, kind, &context);
        if self.memo.matches.len() >= ANSWERS_MAX {
            self.memo.matches.clear();
        }
        self.memo.matches.insert(asked, said.clone());
        said
    }

    /// The phrases of a cell.
    pub(crate) fn phrases(&mut self, text: &str) -> Vec<String> {
        if let Some(known) = self.memo.phrases.get(text) {
            return known.clone();
        }
        let phrases = split::phrases(text, self.matcher);
        if self.memo.phrases.len() >= ANSWERS_MAX {
            self.memo.phrases.clear();
        }
        self.memo.phrases.insert(text.to_owned(), phrases.clone());
        phrases
    }
}
