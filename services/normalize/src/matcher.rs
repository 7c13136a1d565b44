//! Phrase -> concept: candidates, score, state, reason. Pure.

use std::collections::{HashMap, HashSet};

use skillwire_schemas::{Concept, ConceptKey, ConceptKind, Match, MatchState};

use crate::fold::key;
use crate::index::{Called, Hit, Index};
use crate::lists::{NOISE, OFFER, PAPER, PLACE, RANK};
use crate::negation::is_negated;
use crate::score;
use crate::taxonomy::{Entry, Taxonomy};
use crate::title::{core, parts, peeled, sides};

/// From here on a text means the concept. Exact names (0.95 and more), their parts (0.93), misspellings (0.86 and more) are
/// above; of names that only share words with the text, those that cover about three quarters of it.
const MATCHED_MIN: f64 = 0.84;
/// Two concepts closer than this cannot be told apart.
const AMBIGUOUS_MARGIN: f64 = 0.015;
/// Below this a candidate is not worth naming.
const NAMED_MIN: f64 = 0.3;
/// What stands beside a name that was hit exactly is no more than this.
const BESIDE_MAX: f64 = 0.8;
/// Texts longer than this, in characters, are sentences and no names; the rest is not read.
const TEXT_CHARS_MAX: usize = 300;

/// What kind of concept is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// A job.
    Occupation,
    /// A skill, knowledge area or technology.
    Skill,
    /// A credential.
    Credential,
}

/// What is known of the need around the text. It decides only between concepts of which the text alone could be either.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Sector slugs of the employer's industry.
    pub sectors: Vec<&'static str>,
    /// The need's occupation: its sectors say more than the employer's.
    pub occupation: Option<ConceptKey>,
}

impl Context {
    /// From an industry (NAICS 2022).
    #[must_use]
    pub fn of_industry(naics: Option<&str>) -> Self {
        Self { sectors: naics.map(crate::taxonomy::sectors_of).unwrap_or_default(), occupation: None }
    }
}

/// A concept that a text may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub concept: Concept,
    /// 0 to 1.
    pub score: f64,
    /// Why.
    pub reason: String,
}

/// What a text may mean, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Whether it means the first.
    pub state: MatchState,
    /// Why not, when it does not.
    pub remark: Option<String>,
    /// Best first.
    pub candidates: Vec<Candidate>,
}

/// Finds concepts.
#[derive(Debug)]
pub struct Matcher {
    entries: Vec<Entry>,
    occupations: Index,
    skills: Index,
    credentials: Index,
    by_key: HashMap<ConceptKey, usize>,
    /// All names of a concept, folded, for type-ahead.
    folded: Vec<Vec<String>>,
}

impl Matcher {
    /// On a taxonomy.
    #[must_use]
    pub fn new(taxonomy: Taxonomy) -> Self {
        let Taxonomy { entries, words, .. } = taxonomy;
        let names = |e: &Entry| -> Vec<String> {
            std::iter::once(&e.concept.label)
                .chain(&e.aliases)
                .chain(&e.abbreviations)
                .map(|n| key(n).join(" "))
                .collect()
        };
        let folded: Vec<Vec<String>> = entries.iter().map(names).collect();
        let mut known: HashSet<String> = words;
        known.extend(folded.iter().flatten().flat_map(|name| name.split(' ')).map(ToOwned::to_owned));
        known.extend([NOISE, PAPER, OFFER, RANK, PLACE].into_iter().flatten().map(|w| (*w).to_owned()));
        let of = |kinds: &'static [ConceptKind]| Index::new(&entries, &known, move |e| kinds.contains(&e.concept.kind));
        let occupations = of(&[ConceptKind::Occupation]);
        let skills = of(&[ConceptKind::Skill, ConceptKind::Knowledge, ConceptKind::Technology]);
        let credentials = of(&[ConceptKind::Credential]);
        let by_key = entries.iter().enumerate().map(|(at, e)| (e.concept.key.clone(), at)).collect();
        Self { entries, occupations, skills, credentials, by_key, folded }
    }

    /// The occupation of a SOC or O*NET-SOC code.
    #[must_use]
    pub fn occupation_by_code(&self, code: &str) -> Option<&Concept> {
        let code = code.trim();
        let id = if code.len() == 7 { format!("{code}.00") } else { code.to_owned() };
        let at = self.by_key.get(&ConceptKey { scheme: "onet-soc".to_owned(), id })?;
        Some(&self.entries[*at].concept)
    }

    /// A concept by scheme and id.
    #[must_use]
    pub fn concept(&self, key: &ConceptKey) -> Option<&Concept> {
        self.by_key.get(key).map(|at| &self.entries[*at].concept)
    }

    /// Concepts of these kinds of whose names one holds the text, for type-ahead: names that begin with it first.
    #[must_use]
    pub fn search(&self, text: &str, kinds: &[ConceptKind], limit: usize) -> Vec<&Concept> {
        let wanted = key(text).join(" ");
        let rank = |names: &Vec<String>| {
            names.iter().filter_map(|name| name.find(&wanted)).map(|at| usize::from(at > 0)).min()
        };
        let mut found: Vec<(usize, usize)> = (self.entries.iter().zip(&self.folded).enumerate())
            .filter(|(_, (entry, _))| kinds.contains(&entry.concept.kind))
            .filter_map(|(at, (_, names))| rank(names).map(|rank| (rank, at)))
            .collect();
        found.sort_unstable();
        found.into_iter().take(limit).map(|(_, at)| &self.entries[at].concept).collect()
    }

    /// Whether the text is exactly a name of that kind.
    #[must_use]
    pub fn is_name(&self, text: &str, kind: MatchKind) -> bool {
        !self.index(kind).exactly(&key(text)).is_empty()
    }

    /// Whether the text is a name of that kind, in any order and form and with words that only stand around it.
    pub(crate) fn knows(&self, text: &str, kind: MatchKind) -> bool {
        !first_called(self.index(kind), &key(text), kind, 0.0).is_empty()
    }

    fn index(&self, kind: MatchKind) -> &Index {
        match kind {
            MatchKind::Occupation => &self.occupations,
            MatchKind::Skill => &self.skills,
            MatchKind::Credential => &self.credentials,
        }
    }

    /// What the text may mean: at most `top` candidates, best first, whatever the state.
    #[must_use]
    pub fn rank(&self, text: &str, kind: MatchKind, context: &Context, top: usize) -> Ranked {
        let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let mut best: HashMap<usize, Hit> = HashMap::new();
        for hit in self.hits(&text, kind) {
            match best.get(&hit.entry) {
                Some(known) if known.score >= hit.score => {}
                _ => {
                    best.insert(hit.entry, hit);
                }
            }
        }
        let mut hits: Vec<(f64, Hit)> = best
            .into_values()
            .filter(|hit| hit.score >= NAMED_MIN)
            .map(|hit| (hit.score + self.fits(&hit, context), hit))
            .collect();
        hits.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| self.id(a.1.entry).cmp(self.id(b.1.entry))));
        let (state, remark) = if is_negated(&text) {
            (MatchState::Unmatched, Some("negated: it says that this is not asked for".to_owned()))
        } else {
            self.judge(&hits)
        };
        let candidates = hits
            .into_iter()
            .take(top)
            .map(|(_, hit)| Candidate {
                concept: self.entries[hit.entry].concept.clone(),
                score: hit.score,
                reason: hit.reason,
            })
            .collect();
        Ranked { state, remark, candidates }
    }

    /// What the text means, as it is kept.
    #[must_use]
    pub fn decide(&self, text: &str, kind: MatchKind, context: &Context) -> Match {
        let Ranked { state, remark, candidates } = self.rank(text, kind, context, 1);
        let Some(first) = candidates.into_iter().next() else {
            let reason = remark.unwrap_or_else(|| "nothing is called so".to_owned());
            return Match { text: text.to_owned(), state: MatchState::Unmatched, concept: None, score: 0.0, reason };
        };
        let reason = remark.unwrap_or(first.reason);
        let concept = (state == MatchState::Matched).then_some(first.concept);
        Match { text: text.to_owned(), state, concept, score: first.score, reason }
    }

    fn id(&self, entry: usize) -> &str {
        &self.entries[entry].concept.key.id
    }

    /// All that the indexes find: names first, then misspelt names, then names that share words.
    fn hits(&self, text: &str, kind: MatchKind) -> Vec<Hit> {
        let index = self.index(kind);
        let whole = key(text);
        let mut hits = index.called(&whole);
        let parts = parts(text);
        if hits.is_empty() {
            hits = named(index, &parts, kind);
        }
        if hits.is_empty() {
            hits = both_sides(index, &sides(text));
        }
        if hits.is_empty() {
            hits = misspelt(index, &whole, &parts, kind);
        }
        if hits.is_empty() {
            hits = parts.first().map(|part| short(index, part, kind)).unwrap_or_default();
        }
        let found = hits.iter().any(|hit| hit.score >= MATCHED_MIN);
        let around = parts.first().map_or_else(|| whole.clone(), |part| core(part, kind));
        for overlap in index.overlapping(&around) {
            let score = score::of_overlap(&overlap, kind);
            let score = if found { score.min(BESIDE_MAX) } else { score };
            hits.push(Hit { entry: overlap.entry, score, reason: format!("words {score:.2}") });
        }
        hits
    }

    /// What the sectors of the need add or take when concepts are put in order. The score itself stays: it is about the text.
    fn fits(&self, hit: &Hit, context: &Context) -> f64 {
        let sectors = &self.entries[hit.entry].sectors;
        if sectors.is_empty() || sectors.iter().any(|s| s == "all") {
            return 0.0;
        }
        let job = context.occupation.as_ref().and_then(|key| self.by_key.get(key)).map(|at| &self.entries[*at].sectors);
        let of_job = job.filter(|job| !job.iter().any(|s| s == "all"));
        let in_job = of_job.map(|job| job.iter().any(|s| sectors.contains(s)));
        let in_industry = sectors.iter().any(|s| context.sectors.contains(&s.as_str()));
        score::fit(in_job, (!context.sectors.is_empty()).then_some(in_industry), &hit.reason)
    }

    fn judge(&self, hits: &[(f64, Hit)]) -> (MatchState, Option<String>) {
        let Some((rank, first)) = hits.first() else {
            return (MatchState::Unmatched, Some("nothing is called so".to_owned()));
        };
        if first.score < MATCHED_MIN {
            return (MatchState::Unmatched, Some(format!("nothing is like it enough (best {:.2})", first.score)));
        }
        let concept = &self.entries[first.entry].concept;
        let rival = hits[1..].iter().take_while(|(other, _)| rank - other < AMBIGUOUS_MARGIN).find(|(_, hit)| {
            // The narrower of two says more and holds the wider one too.
            hit.score >= MATCHED_MIN && !concept.broader.contains(&self.entries[hit.entry].concept.key.id)
        });
        match rival {
            Some((_, hit)) => {
                let other = &self.entries[hit.entry].concept;
                (MatchState::Ambiguous, Some(format!("may be {} or {}", concept.label, other.label)))
            }
            None => (MatchState::Matched, None),
        }
    }
}

/// Names among the parts of a text. What stands behind a dash or in brackets tells of the place or the shift more often
/// than of the job: of two parts that are names the first counts. Behind a first part that says what somebody is, a name counts
/// only when it says the same: "medication aide (CMA)" is no medical assistant, whatever CMA stands for elsewhere.
fn named(index: &Index, parts: &[Vec<String>], kind: MatchKind) -> Vec<Hit> {
    let Some((first, later)) = parts.split_first() else { return Vec::new() };
    let mut hits = first_called(index, first, kind, score::FIRST_PART_LOSS);
    let is_job = kind == MatchKind::Occupation && index.has_head(first);
    for part in later {
        if !is_job || first.last() == part.last() {
            hits.extend(first_called(index, part, kind, score::LATER_PART_LOSS));
        }
    }
    hits
}

/// Two names in one text, "welder/fabricator": only when each side is one.
fn both_sides(index: &Index, sides: &[Vec<String>]) -> Vec<Hit> {
    let hit = |(entry, called): &(usize, Called)| Hit {
        entry: *entry,
        score: score::ONE_SIDE,
        reason: called.reason().to_owned(),
    };
    let names: Vec<_> = sides.iter().map(|side| index.exactly(side)).collect();
    if names.iter().any(|names| names.is_empty()) {
        return Vec::new();
    }
    names.into_iter().flatten().map(hit).collect()
}

/// An abbreviation before or behind other words ("RN ICU", "staff nurse RN"): when those say nothing else of what somebody is.
fn short(index: &Index, words: &[String], kind: MatchKind) -> Vec<Hit> {
    let words = core(words, kind);
    let mut hits = Vec::new();
    let ends = [words.split_first(), words.split_last()];
    for (end, rest) in ends.into_iter().flatten().filter(|(_, rest)| !rest.is_empty()) {
        for (entry, called) in index.exactly(std::slice::from_ref(end)) {
            let same = || index.called(rest).iter().any(|hit| hit.entry == *entry);
            if *called == Called::Abbreviation && (same() || kind == MatchKind::Occupation && !index.has_head(rest)) {
                hits.push(Hit {
                    entry: *entry,
                    score: score::SHORT_AMONG_OTHERS,
                    reason: "abbreviation among other words".to_owned(),
                });
            }
        }
    }
    hits
}

/// The longest rest of the words that is a name.
fn first_called(index: &Index, words: &[String], kind: MatchKind, loss: f64) -> Vec<Hit> {
    let mut found = peeled(words, kind).into_iter().map(|span| index.called(span)).find(|hits| !hits.is_empty());
    if found.is_none() {
        let core = core(words, kind);
        let hits = index.called(&core);
        found = Some(if hits.is_empty() { index.bare(&core) } else { hits });
    }
    let less = |hit: Hit| Hit { score: hit.score - loss, ..hit };
    found.into_iter().flatten().map(less).collect()
}

fn misspelt(index: &Index, whole: &[String], parts: &[Vec<String>], kind: MatchKind) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (words, loss) in
        std::iter::once((whole, 0.0)).chain(parts.first().map(|part| (part.as_slice(), score::FIRST_PART_LOSS)))
    {
        let Some((right, wrong_share)) = index.corrected(words) else { continue };
        for hit in first_called(index, &right, kind, loss) {
            let score = score::of_misspelling(hit.score, wrong_share);
            hits.push(Hit { score, reason: format!("fuzzy {score:.2}"), ..hit });
        }
    }
    hits
}
