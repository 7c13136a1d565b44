//! What was said of a need -> the need. Pure.

use chrono::{DateTime, Days, NaiveDate, Utc};
use skillwire_schemas::{
    ConceptKind, Match, MatchState, Need, NeedDraft, NeedId, NeedState, OrganizationId, Requirement, SubmissionId, Wage,
};

use crate::experience::months;
use crate::matcher::{Context, MatchKind, Matcher};
use crate::split::phrases;

/// Where a statement comes from.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub need: NeedId,
    pub employer: OrganizationId,
    pub naics: Option<String>,
    pub submission: SubmissionId,
    pub at: DateTime<Utc>,
}

/// Makes a need of a draft.
pub(crate) fn make(said: &Said, draft: &NeedDraft, matcher: &Matcher, valid_days: u64) -> Need {
    let mut context = Context::of_industry(said.naics.as_deref());
    let occupation = occupation(draft, matcher, &context);
    context.occupation = occupation.matched().map(|concept| concept.key.clone());
    Need {
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
        requirements: draft.requirements.iter().flat_map(|r| requirements(r, matcher, &context)).collect(),
        barriers: draft.barriers.clone(),
        valid_until: draft.valid_until.unwrap_or_else(|| usual_end(said.at, valid_days)),
    }
}

/// The day until which a need holds when nobody said one.
pub(crate) fn usual_end(from: DateTime<Utc>, valid_days: u64) -> NaiveDate {
    from.date_naive().checked_add_days(Days::new(valid_days)).unwrap_or(NaiveDate::MAX)
}

fn occupation(draft: &NeedDraft, matcher: &Matcher, context: &Context) -> Match {
    if let Some(code) = &draft.occupation_code
        && let Some(concept) = matcher.occupation_by_code(code)
    {
        return Match {
            text: draft.occupation.clone(),
            state: MatchState::Matched,
            concept: Some(concept.clone()),
            score: 1.0,
            reason: format!("code {code}"),
        };
    }
    let mut matched = matcher.decide(&draft.occupation, MatchKind::Occupation, context);
    if let Some(code) = &draft.occupation_code {
        matched.reason = format!("{} (the code {code} is not in the taxonomy)", matched.reason);
    }
    matched
}

fn requirements(draft: &skillwire_schemas::RequirementDraft, matcher: &Matcher, context: &Context) -> Vec<Requirement> {
    phrases(&draft.text, matcher)
        .into_iter()
        .map(|text| Requirement {
            matched: requirement(&text, draft.kind == Some(ConceptKind::Credential), matcher, context),
            level: draft.level,
            importance: draft.importance,
            proficiency: draft.proficiency,
        })
        .collect()
}

/// Looks in the column's own kind first; what is nothing there may be something of the other kind ("CDL A" among the
/// skills).
fn requirement(text: &str, in_credential_column: bool, matcher: &Matcher, context: &Context) -> Match {
    let (first, second) = if in_credential_column {
        (MatchKind::Credential, MatchKind::Skill)
    } else {
        (MatchKind::Skill, MatchKind::Credential)
    };
    let here = matcher.decide(text, first, context);
    if here.state == MatchState::Matched && here.score >= 0.93 {
        return here;
    }
    let there = matcher.decide(text, second, context);
    let better = |other: &Match| {
        other.state == MatchState::Matched && (here.state != MatchState::Matched || other.score > here.score + 0.03)
    };
    if better(&there) { there } else { here }
}
