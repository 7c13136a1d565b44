//! Phrase -> concept: candidates, score, state, reason. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use skillwire_schemas::{Concept, ConceptKey, ConceptKind, Match, MatchState};

use crate::fold::key;
use crate::index::{Hit, Index};
use crate::industry;
use crate::lists::{NOISE, OFFER, PAPER, PLACE, RANK};
use crate::negation::is_negated;
use crate::score;
use crate::shelf::Shelf;
use crate::taxonomy::{Entry, Taxonomy};
use crate::ways::{Said, first_called};

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
    /// An industry.
    Industry,
}

impl MatchKind {
    /// Those of which a taxonomy's texts can teach something.
    pub const TAUGHT: [Self; 3] = [Self::Occupation, Self::Skill, Self::Credential];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Occupation => "occupation",
            Self::Skill => "skill",
            Self::Credential => "credential",
            Self::Industry => "industry",
        }
    }

    /// Whether a concept of that kind may be what is looked for.
    #[must_use]
    pub const fn holds(self, kind: ConceptKind) -> bool {
        match self {
            Self::Occupation => matches!(kind, ConceptKind::Occupation),
            Self::Skill => matches!(kind, ConceptKind::Skill | ConceptKind::Knowledge | ConceptKind::Technology),
            Self::Credential => matches!(kind, ConceptKind::Credential),
            Self::Industry => matches!(kind, ConceptKind::Industry),
        }
    }
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

impl Ranked {
    /// As it is kept: the first, if it is matched.
    pub(crate) fn into_match(self, text: &str) -> Match {
        let Self { state, remark, candidates } = self;
        let Some(first) = candidates.into_iter().next() else {
            let reason = remark.unwrap_or_else(|| "nothing is called so".to_owned());
            return Match { text: text.to_owned(), state: MatchState::Unmatched, concept: None, score: 0.0, reason };
        };
        let reason = remark.unwrap_or(first.reason);
        let concept = (state == MatchState::Matched).then_some(first.concept);
        Match { text: text.to_owned(), state, concept, score: first.score, reason }
    }
}

/// The concepts of one taxonomy by kind.
#[derive(Debug)]
struct Library {
    occupations: Shelf,
    skills: Shelf,
    credentials: Shelf,
    industries: Shelf,
}

/// Finds concepts.
#[derive(Debug)]
pub struct Matcher {
    entries: Vec<Entry>,
    libraries: Vec<Library>,
    by_key: HashMap<ConceptKey, u32>,
    /// All names of a concept, folded, for type-ahead; made when first asked for.
    folded: OnceLock<Vec<Vec<String>>>,
}

impl Matcher {
    /// On a taxonomy.
    #[must_use]
    pub fn new(taxonomy: Taxonomy) -> Self {
        Self::of(vec![taxonomy])
    }

    /// On several taxonomies side by side. A concept that stands in several is one, with the names of all and the label of
    /// the first.
    #[must_use]
    pub fn of(taxonomies: Vec<Taxonomy>) -> Self {
        let known = Arc::new(known_words(&taxonomies));
        let mut entries: Vec<Entry> = Vec::new();
        let mut by_key: HashMap<ConceptKey, u32> = HashMap::new();
        let mut libraries = Vec::new();
        for taxonomy in taxonomies {
            let numbers: Vec<u32> = taxonomy
                .entries
                .iter()
                .map(|entry| {
                    let next = u32::try_from(by_key.len()).unwrap_or(u32::MAX);
                    *by_key.entry(entry.concept.key.clone()).or_insert(next)
                })
                .collect();
            let shelf = |kind: MatchKind| {
                let of_kind = |(_, entry): &(u32, &Entry)| kind.holds(entry.concept.kind);
                let entries: Vec<_> = numbers.iter().copied().zip(&taxonomy.entries).filter(of_kind).collect();
                let models = taxonomy.models.iter().filter(|learned| learned.kind == kind).map(|learned| {
                    let classes = learned.keys.iter().map(|key| by_key.get(key).copied()).collect();
                    (Arc::clone(&learned.model), classes)
                });
                Shelf::new(&entries, &known, kind, models.collect())
            };
            libraries.push(Library {
                occupations: shelf(MatchKind::Occupation),
                skills: shelf(MatchKind::Skill),
                credentials: shelf(MatchKind::Credential),
                industries: shelf(MatchKind::Industry),
            });
            for (number, entry) in numbers.into_iter().zip(taxonomy.entries) {
                match entries.get_mut(number as usize) {
                    Some(known) => known.join(entry),
                    None => entries.push(entry),
                }
            }
        }
        Self { entries, libraries, by_key, folded: OnceLock::new() }
    }

    /// The occupation of a SOC or O*NET-SOC code.
    #[must_use]
    pub fn occupation_by_code(&self, code: &str) -> Option<&Concept> {
        let code = code.trim();
        let id = if code.len() == 7 { format!("{code}.00") } else { code.to_owned() };
        let at = self.by_key.get(&ConceptKey { scheme: "onet-soc".to_owned(), id })?;
        Some(&self.entries[*at as usize].concept)
    }

    /// A concept by scheme and id.
    #[must_use]
    pub fn concept(&self, key: &ConceptKey) -> Option<&Concept> {
        self.by_key.get(key).map(|at| &self.entry(*at).concept)
    }

    /// Concepts of these kinds of whose names one holds the text, for type-ahead: names that begin with it first.
    #[must_use]
    pub fn search(&self, text: &str, kinds: &[ConceptKind], limit: usize) -> Vec<&Concept> {
        let wanted = key(text).join(" ");
        let rank = |names: &Vec<String>| {
            names.iter().filter_map(|name| name.find(&wanted)).map(|at| usize::from(at > 0)).min()
        };
        let mut found: Vec<(usize, usize)> = (self.entries.iter().zip(self.folded()).enumerate())
            .filter(|(_, (entry, _))| kinds.contains(&entry.concept.kind))
            .filter_map(|(at, (_, names))| rank(names).map(|rank| (rank, at)))
            .collect();
        found.sort_unstable();
        found.into_iter().take(limit).map(|(_, at)| &self.entries[at].concept).collect()
    }

    fn folded(&self) -> &[Vec<String>] {
        self.folded.get_or_init(|| {
            let names = |entry: &Entry| entry.names().map(|name| key(name).join(" ")).collect();
            self.entries.iter().map(names).collect()
        })
    }

    /// Whether it knows concepts of that kind.
    #[must_use]
    pub fn has(&self, kind: MatchKind) -> bool {
        self.entries.iter().any(|entry| kind.holds(entry.concept.kind))
    }

    /// Whether the text is exactly a name of that kind.
    #[must_use]
    pub fn is_name(&self, text: &str, kind: MatchKind) -> bool {
        let words = key(text);
        self.indexes(kind).any(|index| index.exactly(&words).next().is_some())
    }

    /// Whether the text is a name of that kind, in any order and form and with words that only stand around it.
    pub(crate) fn knows(&self, text: &str, kind: MatchKind) -> bool {
        let words = key(text);
        self.indexes(kind).any(|index| !first_called(index, &words, kind, 0.0).is_empty())
    }

    pub(crate) fn shelves(&self, kind: MatchKind) -> impl Iterator<Item = &Shelf> {
        self.libraries.iter().map(move |library| match kind {
            MatchKind::Occupation => &library.occupations,
            MatchKind::Skill => &library.skills,
            MatchKind::Credential => &library.credentials,
            MatchKind::Industry => &library.industries,
        })
    }

    fn indexes(&self, kind: MatchKind) -> impl Iterator<Item = &Index> {
        self.shelves(kind).map(|shelf| &shelf.index)
    }

    /// What the text may mean: at most `top` candidates, best first, whatever the state.
    #[must_use]
    pub fn rank(&self, text: &str, kind: MatchKind, context: &Context, top: usize) -> Ranked {
        let (state, remark, hits) = self.rank_hits(text, kind, context, top);
        let candidate = |hit: Hit| Candidate {
            concept: self.entry(hit.entry).concept.clone(),
            score: hit.score,
            reason: hit.why.to_string(),
        };
        Ranked { state, remark, candidates: hits.into_iter().map(candidate).collect() }
    }

    /// The same, with the concepts by their numbers.
    pub(crate) fn rank_hits(
        &self,
        text: &str,
        kind: MatchKind,
        context: &Context,
        top: usize,
    ) -> (MatchState, Option<String>, Vec<Hit>) {
        let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
        if kind == MatchKind::Industry
            && let Some(code) = industry::code(&text)
        {
            return industry::of_code(&code, |key| self.number(key));
        }
        let mut hits = self.hits(&text, kind);
        hits.retain(|hit| hit.score >= NAMED_MIN || hit.why.is_learned());
        // Of one concept's hits the best counts.
        hits.sort_unstable_by(|a, b| a.entry.cmp(&b.entry).then(b.score.total_cmp(&a.score)));
        hits.dedup_by_key(|hit| hit.entry);
        let mut hits: Vec<(f64, Hit)> =
            hits.into_iter().map(|hit| (hit.score + self.fits(&hit, context), hit)).collect();
        // Of an industry and one within it that are called the same the narrower goes first: it says more.
        let breadth = |hit: &Hit| if kind == MatchKind::Industry { self.id(hit.entry).len() } else { 0 };
        hits.sort_by(|a, b| {
            let narrower = || breadth(&b.1).cmp(&breadth(&a.1));
            b.0.total_cmp(&a.0).then_with(narrower).then_with(|| self.id(a.1.entry).cmp(self.id(b.1.entry)))
        });
        let (state, remark) = if is_negated(&text) {
            (MatchState::Unmatched, Some("negated: it says that this is not asked for".to_owned()))
        } else {
            self.judge(kind, &hits)
        };
        (state, remark, hits.into_iter().take(top).map(|(_, hit)| hit).collect())
    }

    /// What the text means, as it is kept.
    #[must_use]
    pub fn decide(&self, text: &str, kind: MatchKind, context: &Context) -> Match {
        self.rank(text, kind, context, 1).into_match(text)
    }

    pub(crate) fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    pub(crate) fn number(&self, key: &ConceptKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    fn id(&self, number: u32) -> &str {
        &self.entry(number).concept.key.id
    }

    /// All that is found, on every shelf. Beside a name that was hit exactly nothing is worth more than [`BESIDE_MAX`].
    fn hits(&self, text: &str, kind: MatchKind) -> Vec<Hit> {
        let said = Said::new(text, kind);
        let mut hits = Vec::new();
        for shelf in self.shelves(kind) {
            shelf.find(&said, &mut hits);
        }
        if hits.iter().any(|hit| hit.why.is_name() && hit.score >= score::matched_min(kind, hit.why)) {
            for hit in hits.iter_mut().filter(|hit| !hit.why.is_name()) {
                hit.score = hit.score.min(BESIDE_MAX);
            }
        }
        hits
    }

    /// What the sectors of the need add or take when concepts are put in order. The score itself stays: it is about the text.
    fn fits(&self, hit: &Hit, context: &Context) -> f64 {
        let sectors = &self.entry(hit.entry).sectors;
        if sectors.is_empty() || sectors.iter().any(|s| s == "all") {
            return 0.0;
        }
        let job = context.occupation.as_ref().and_then(|key| self.by_key.get(key)).map(|at| &self.entry(*at).sectors);
        let of_job = job.filter(|job| !job.iter().any(|s| s == "all"));
        let in_job = of_job.map(|job| job.iter().any(|s| sectors.contains(s)));
        let in_industry = sectors.iter().any(|s| context.sectors.contains(&s.as_str()));
        score::fit(in_job, (!context.sectors.is_empty()).then_some(in_industry), hit.why)
    }

    fn judge(&self, kind: MatchKind, hits: &[(f64, Hit)]) -> (MatchState, Option<String>) {
        let Some((rank, first)) = hits.first() else {
            return (MatchState::Unmatched, Some("nothing is called so".to_owned()));
        };
        if first.score < score::ambiguous_min(kind, first.why) {
            return (MatchState::Unmatched, Some(format!("nothing is like it enough (best {:.2})", first.score)));
        }
        let concept = &self.entry(first.entry).concept;
        let is_matched = |hit: &Hit| hit.score >= score::matched_min(kind, hit.why);
        if !is_matched(first) {
            let second = hits.get(1).map(|(_, hit)| format!(" or {}", self.entry(hit.entry).concept.label));
            let remark = format!("may be {}{}: {}", concept.label, second.unwrap_or_default(), first.why);
            return (MatchState::Ambiguous, Some(remark));
        }
        let rival = hits[1..].iter().take_while(|(other, _)| rank - other < AMBIGUOUS_MARGIN).find(|(_, hit)| {
            // The narrower of two says more and holds the wider one too.
            is_matched(hit) && !concept.broader.contains(&self.entry(hit.entry).concept.key.id)
        });
        match rival {
            Some((_, hit)) => {
                let other = &self.entry(hit.entry).concept;
                (MatchState::Ambiguous, Some(format!("may be {} or {}", concept.label, other.label)))
            }
            None => (MatchState::Matched, None),
        }
    }
}

/// Words that are right, so that none is taken for another that is misspelt.
fn known_words(taxonomies: &[Taxonomy]) -> HashSet<String> {
    let mut known: HashSet<String> = taxonomies.iter().flat_map(|t| t.words.iter().cloned()).collect();
    for entry in taxonomies.iter().flat_map(|taxonomy| &taxonomy.entries) {
        known.extend(entry.names().flat_map(|name| key(name)));
    }
    known.extend([NOISE, PAPER, OFFER, RANK, PLACE].into_iter().flatten().map(|w| (*w).to_owned()));
    known
}
