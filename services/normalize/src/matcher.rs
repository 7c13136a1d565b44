//! Phrase -> concept: candidates, score, state, reason. Pure.

use std::collections::HashMap;

use skillwire_schemas::{Concept, ConceptKind, Match, MatchState};

use crate::fold::{is_negated, key, without_decoration, without_noise};
use crate::index::{Hit, Index};
use crate::taxonomy::{Entry, Taxonomy};

/// From here on a text means the concept.
const MATCHED_MIN: f64 = 0.84;
/// Two concepts closer than this cannot be told apart.
const AMBIGUOUS_MARGIN: f64 = 0.015;
/// Below this a candidate is not worth naming.
const NAMED_MIN: f64 = 0.45;
/// What the sector of the need is worth where names do not decide.
const SECTOR_WORTH: f64 = 0.03;
/// Texts longer than this, in characters, are sentences and no names.
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

/// What is known of the need around the text.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Sector slugs of the employer's industry.
    pub sectors: Vec<&'static str>,
}

impl Context {
    /// From an industry.
    #[must_use]
    pub fn of_industry(naics: Option<&str>) -> Self {
        Self { sectors: naics.map(crate::taxonomy::sectors_of).unwrap_or_default() }
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
    by_code: HashMap<String, usize>,
}

impl Matcher {
    /// On a taxonomy.
    #[must_use]
    pub fn new(taxonomy: Taxonomy) -> Self {
        let entries = taxonomy.entries;
        let of = |kinds: &'static [ConceptKind]| Index::new(&entries, move |e: &Entry| kinds.contains(&e.concept.kind));
        let occupations = of(&[ConceptKind::Occupation]);
        let skills = of(&[ConceptKind::Skill, ConceptKind::Knowledge, ConceptKind::Technology]);
        let credentials = of(&[ConceptKind::Credential]);
        let by_code = entries.iter().enumerate().map(|(at, e)| (e.concept.key.id.clone(), at)).collect();
        Self { entries, occupations, skills, credentials, by_code }
    }

    /// The occupation of a SOC or O*NET-SOC code.
    #[must_use]
    pub fn occupation_by_code(&self, code: &str) -> Option<&Concept> {
        let full = if code.len() == 7 { format!("{code}.00") } else { code.to_owned() };
        let entry = self.by_code.get(&full).map(|at| &self.entries[*at])?;
        (entry.concept.kind == ConceptKind::Occupation).then_some(&entry.concept)
    }

    /// Concepts of these kinds whose label or alias holds the text, for type-ahead.
    #[must_use]
    pub fn search(&self, text: &str, kinds: &[ConceptKind], limit: usize) -> Vec<&Concept> {
        let wanted = key(text).join(" ");
        let holds = |e: &&Entry| {
            kinds.contains(&e.concept.kind)
                && std::iter::once(&e.concept.label)
                    .chain(&e.aliases)
                    .chain(&e.abbreviations)
                    .any(|name| key(name).join(" ").contains(&wanted))
        };
        self.entries.iter().filter(holds).take(limit).map(|e| &e.concept).collect()
    }

    /// Whether the text is exactly a name of that kind.
    #[must_use]
    pub fn is_name(&self, text: &str, kind: MatchKind) -> bool {
        !self.index(kind).exactly(&key(text)).is_empty()
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
        for mut hit in self.hits(&text, kind) {
            hit.score = (hit.score + self.sector(hit.entry, context, &hit.reason)).clamp(0.0, 1.0);
            match best.get(&hit.entry) {
                Some(known) if known.score >= hit.score => {}
                _ => {
                    best.insert(hit.entry, hit);
                }
            }
        }
        let mut hits: Vec<Hit> = best.into_values().filter(|hit| hit.score >= NAMED_MIN).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| self.id(a.entry).cmp(self.id(b.entry))));
        let (state, remark) = if is_negated(&text) {
            (MatchState::Unmatched, Some("says that it is not asked for".to_owned()))
        } else {
            judge(&hits)
        };
        let candidates = hits
            .into_iter()
            .take(top)
            .map(|hit| Candidate {
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
        let ranked = self.rank(text, kind, context, 3);
        let first = ranked.candidates.first();
        let score = first.map_or(0.0, |c| c.score);
        let reason = match (ranked.state, &ranked.remark, first) {
            (MatchState::Matched, _, Some(candidate)) => candidate.reason.clone(),
            (_, Some(remark), _) => remark.clone(),
            _ => "nothing is called so".to_owned(),
        };
        let concept = first.filter(|_| ranked.state == MatchState::Matched).map(|c| c.concept.clone());
        Match { text: text.to_owned(), state: ranked.state, concept, score, reason }
    }

    fn id(&self, entry: usize) -> &str {
        &self.entries[entry].concept.key.id
    }

    /// All that the indexes find.
    fn hits(&self, text: &str, kind: MatchKind) -> Vec<Hit> {
        let index = self.index(kind);
        let whole = key(text);
        let mut hits = index.as_written(text);
        if hits.is_empty() {
            hits = index.exactly(&whole);
        }
        if hits.iter().any(|hit| hit.score >= 0.95) {
            // A name hit exactly needs no likeness; others are still named as candidates of it.
            hits.extend(index.alike(&whole).into_iter().map(|hit| Hit { score: hit.score.min(0.8), ..hit }));
            return hits;
        }
        let core = if kind == MatchKind::Occupation { without_decoration(text) } else { without_noise(&whole) };
        if core != whole {
            hits.extend(index.exactly(&core).into_iter().map(|hit| Hit { score: hit.score - 0.02, ..hit }));
        }
        hits.extend(index.in_any_order(&core));
        hits.extend(index.within(&core));
        hits.extend(index.alike(&core));
        hits
    }

    /// What the sector adds or takes. An abbreviation of another sector is probably another thing.
    fn sector(&self, entry: usize, context: &Context, reason: &str) -> f64 {
        let sectors = &self.entries[entry].sectors;
        if context.sectors.is_empty() || sectors.is_empty() || sectors.iter().any(|s| s == "all") {
            return 0.0;
        }
        match (sectors.iter().any(|s| context.sectors.contains(&s.as_str())), reason) {
            (true, "abbreviation") => SECTOR_WORTH,
            (true, _) => SECTOR_WORTH / 3.0,
            (false, "abbreviation") => -0.08,
            (false, _) => -SECTOR_WORTH / 3.0,
        }
    }
}

fn judge(hits: &[Hit]) -> (MatchState, Option<String>) {
    let Some(first) = hits.first() else { return (MatchState::Unmatched, Some("nothing is called so".to_owned())) };
    if first.score < MATCHED_MIN {
        return (MatchState::Unmatched, Some(format!("nothing is like it enough (best {:.2})", first.score)));
    }
    match hits.get(1) {
        Some(second) if first.score - second.score < AMBIGUOUS_MARGIN => {
            (MatchState::Ambiguous, Some("several concepts are called so".to_owned()))
        }
        _ => (MatchState::Matched, None),
    }
}
