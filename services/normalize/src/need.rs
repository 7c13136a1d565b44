//! What was said of a need -> the need. Pure.

use chrono::{DateTime, Days, NaiveDate, Utc};
use skillwire_schemas::{
    Answer, Concept, ConceptKind, Decision, Match, MatchState, Need, NeedDraft, NeedId, NeedState, OrganizationId,
    Requirement, RequirementDraft, SubmissionId, TermKind, Wage,
};

use crate::experience::months;
use crate::matcher::MatchKind;
use crate::reading::{Around, Reading};
use crate::review::{Place, term_key};

/// A part of a split text may be split too, so often.
const SPLIT_DEPTH_MAX: usize = 3;
/// Requirements of a need at most that splitting may lead to.
const SPLIT_REQUIREMENTS_MAX: usize = 500;

/// Where a statement comes from.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub need: NeedId,
    pub employer: OrganizationId,
    pub naics: Option<String>,
    pub submission: SubmissionId,
    pub at: DateTime<Utc>,
}

/// What a text of the need became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// The need's occupation.
    Occupation,
    /// The requirement at that place.
    Requirement(usize),
    /// Several others; the text itself.
    Several(String),
}

/// A text of a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub folded: String,
    /// Which of the requirements as typed it stood in.
    pub cell: Option<usize>,
    /// By which decision it is what it is.
    pub decision: Option<u32>,
    pub became: Became,
}

/// A need and the texts it was made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    pub need: Need,
    pub terms: Vec<Term>,
}

/// Makes a need of a draft.
pub(crate) fn make(said: &Said, draft: &NeedDraft, reading: Reading<'_>, valid_days: u64) -> Made {
    let mut around = Around { naics: said.naics.as_deref(), ..Around::default() };
    let (mut occupation, term) = occupation(draft, reading, &around);
    around.occupation = occupation.matched().map(|concept| concept.key.clone());
    explain(reading, &mut occupation, term.decision);
    around.shown = occupation.matched().map(|concept| concept.key.clone());
    let mut asking = Asking { reading, around, requirements: Vec::new(), terms: vec![term] };
    for (cell, draft) in draft.requirements.iter().enumerate() {
        for text in asking.reading.phrases(&draft.text) {
            asking.phrase(&text, (cell, draft), 0);
        }
    }
    let Asking { requirements, terms, .. } = asking;
    let need = Need {
        id: said.need,
        employer: said.employer,
        naics: said.naics.clone(),
        submission: said.submission,
        reference: draft.reference.clone(),
        stated_at: said.at,
        normalization: 0,
        state: NeedState::Active,
        occupation,
        openings: draft.openings.clone(),
        county: draft.county,
        wage: draft.wage.map(Wage::from),
        education: draft.education.clone(),
        experience_months: draft.experience.as_deref().and_then(months),
        requirements,
        barriers: draft.barriers.clone(),
        valid_until: draft.valid_until.unwrap_or_else(|| usual_end(said.at, valid_days)),
    };
    Made { need, terms }
}

/// The day until which a need holds when nobody said one.
pub(crate) fn usual_end(from: DateTime<Utc>, valid_days: u64) -> NaiveDate {
    from.date_naive().checked_add_days(Days::new(valid_days)).unwrap_or(NaiveDate::MAX)
}

/// What staff said of a text.
pub(crate) fn by_decision(text: &str, number: u32, concept: Option<&Concept>) -> Match {
    let name = Decision::name(number);
    let (state, score, reason) = match concept {
        Some(_) => (MatchState::Matched, 1.0, name),
        None => (MatchState::Unmatched, 0.0, format!("{name}: asks for nothing")),
    };
    Match { text: text.to_owned(), state, concept: concept.cloned(), score, reason }
}

/// Adds what the taxonomy in force has to say of it.
fn explain(reading: Reading<'_>, matched: &mut Match, decision: Option<u32>) {
    match decision {
        Some(_) => reading.lexicon.explain_decided(matched),
        None => reading.lexicon.explain(matched),
    }
}

/// A code that the employer gave says more than any reading of the title.
fn occupation(draft: &NeedDraft, reading: Reading<'_>, around: &Around<'_>) -> (Match, Term) {
    let folded = term_key(&draft.occupation);
    let mut term = Term { folded, cell: None, decision: None, became: Became::Occupation };
    if let Some(code) = &draft.occupation_code
        && let Some(concept) = reading.lexicon.matcher.occupation_by_code(code)
    {
        let text = draft.occupation.clone();
        let (state, concept) = (MatchState::Matched, Some(concept.clone()));
        return (Match { text, state, concept, score: 1.0, reason: format!("code {code}") }, term);
    }
    let place = Place { naics: around.naics, ..Place::default() };
    let decided = reading.rules.find(TermKind::Occupation, &term.folded, place).and_then(|rule| match &rule.answer {
        Answer::Map { concept } => Some((rule.number, by_decision(&draft.occupation, rule.number, Some(concept)))),
        Answer::Ignore => Some((rule.number, by_decision(&draft.occupation, rule.number, None))),
        Answer::Split { .. } | Answer::Undo { .. } => None,
    });
    let mut matched = match decided {
        Some((number, matched)) => {
            term.decision = Some(number);
            matched
        }
        None => reading.matched(&draft.occupation, MatchKind::Occupation, around),
    };
    if let Some(code) = &draft.occupation_code {
        matched.reason = format!("{} (the code {code} is not in the taxonomy)", matched.reason);
    }
    (matched, term)
}

/// Requirements in the making.
struct Asking<'a> {
    reading: Reading<'a>,
    around: Around<'a>,
    requirements: Vec<Requirement>,
    terms: Vec<Term>,
}

impl Asking<'_> {
    /// A phrase: what staff decided about it, else what the matcher says.
    fn phrase(&mut self, text: &str, cell: (usize, &RequirementDraft), depth: usize) {
        let folded = term_key(text);
        let occupations = [self.around.occupation.as_ref(), self.around.shown.as_ref()];
        let place = Place { naics: self.around.naics, occupations };
        let rules = self.reading.rules;
        let rule = rules.find(TermKind::Requirement, &folded, place);
        match rule.map(|rule| (rule.number, &rule.answer)) {
            Some((number, Answer::Map { concept })) => {
                self.add(by_decision(text, number, Some(concept)), folded, Some(number), cell);
            }
            Some((number, Answer::Ignore)) => self.add(by_decision(text, number, None), folded, Some(number), cell),
            Some((number, Answer::Split { parts })) if self.may_split(depth) => {
                let became = Became::Several(text.to_owned());
                self.terms.push(Term { folded, cell: Some(cell.0), decision: Some(number), became });
                for part in parts {
                    match &part.concept {
                        Some(concept) => {
                            let folded = term_key(&part.text);
                            self.add(by_decision(&part.text, number, Some(concept)), folded, Some(number), cell);
                        }
                        None => self.phrase(&part.text, cell, depth + 1),
                    }
                }
            }
            Some((_, Answer::Split { .. } | Answer::Undo { .. })) | None => {
                let matched = requirement(text, cell.1, self.reading, &self.around);
                self.add(matched, folded, None, cell);
            }
        }
    }

    /// Texts that are split into each other come to an end.
    const fn may_split(&self, depth: usize) -> bool {
        depth < SPLIT_DEPTH_MAX && self.requirements.len() < SPLIT_REQUIREMENTS_MAX
    }

    fn add(
        &mut self,
        mut matched: Match,
        folded: String,
        decision: Option<u32>,
        (cell, draft): (usize, &RequirementDraft),
    ) {
        explain(self.reading, &mut matched, decision);
        let became = Became::Requirement(self.requirements.len());
        self.terms.push(Term { folded, cell: Some(cell), decision, became });
        self.requirements.push(Requirement {
            matched,
            level: draft.level,
            importance: draft.importance,
            proficiency: draft.proficiency,
        });
    }
}

/// Looks in the column's own kind first; what is nothing there may be something of the other kind ("CDL A" among the
/// skills).
fn requirement(text: &str, draft: &RequirementDraft, reading: Reading<'_>, around: &Around<'_>) -> Match {
    let (first, second) = if draft.kind == Some(ConceptKind::Credential) {
        (MatchKind::Credential, MatchKind::Skill)
    } else {
        (MatchKind::Skill, MatchKind::Credential)
    };
    let here = reading.matched(text, first, around);
    if here.state == MatchState::Matched && here.score >= 0.93 {
        return here;
    }
    let there = reading.matched(text, second, around);
    let better = |other: &Match| {
        other.state == MatchState::Matched && (here.state != MatchState::Matched || other.score > here.score + 0.03)
    };
    if better(&there) { there } else { here }
}
