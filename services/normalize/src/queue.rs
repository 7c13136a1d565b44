//! The review queue as it is shown: open texts by weight, each with where it was seen, what it may mean and why.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use skillwire_runtime::Fault;
use skillwire_schemas::{Concept, ConceptKind, NeedId, PartnershipId, TermKind};
use skillwire_store::StoreError;
use utoipa::ToSchema;

use crate::Normalize;
use crate::lexicon::Lexicon;
use crate::matcher::{Candidate, Context, MatchKind, Matcher};
use crate::review::term_key;
use crate::store::decisions;
use crate::store::queue::{self, Filter, Seen, Weighed};

/// Of occupations, industries, cells and needs of a text, shown at most.
const SHOWN_MAX: usize = 3;
/// Candidates shown at most.
const CANDIDATES_MAX: usize = 5;

/// Something seen around a text, and in how many of the needs looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Around {
    /// `scheme:id` of an occupation, or an industry (NAICS 2022).
    pub key: String,
    /// Its name; the key again when it has none.
    pub label: String,
    /// In how many of the needs looked at.
    pub needs: usize,
}

/// A concept that a text may mean.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MayMean {
    /// Which.
    pub concept: Concept,
    /// 0 to 1.
    pub score: f64,
    /// Why.
    pub reason: String,
}

/// A text of the review queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QueuedTerm {
    /// occupation or requirement.
    pub kind: TermKind,
    /// The text, as most wrote it.
    pub text: String,
    /// The text folded: all writings that fold to it are decided together.
    pub folded: String,
    /// ambiguous or unmatched.
    pub state: &'static str,
    /// Why, as it was kept.
    pub reason: String,
    /// Distinct employers behind it.
    pub employers: i64,
    /// Needs in force behind it.
    pub needs: i64,
    /// Openings of these needs.
    pub openings: i64,
    /// The last decision about it, 0 for none: give it with a decision.
    pub version: u32,
    /// Jobs around it, of a sample of its needs.
    pub occupations: Vec<Around>,
    /// Industries around it, of a sample of its needs.
    pub industries: Vec<Around>,
    /// Employers' whole cells that it stood in.
    pub cells: Vec<String>,
    /// Some of the needs.
    pub samples: Vec<NeedId>,
    /// What it may mean, best first.
    pub candidates: Vec<MayMean>,
}

impl Normalize {
    /// A page of the queue: four queries, whatever its length.
    pub(crate) async fn queue(
        &self,
        partnership: PartnershipId,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<QueuedTerm>, Fault> {
        let weighed = queue::open(self.parts.db.pool(), partnership, filter, limit).await?;
        self.show(partnership, weighed, true).await
    }

    /// One text, be it open or decided.
    pub(crate) async fn queued(
        &self,
        partnership: PartnershipId,
        (kind, folded): (TermKind, &str),
    ) -> Result<Option<QueuedTerm>, Fault> {
        let weighed = queue::weigh(self.parts.db.pool(), partnership, (kind, folded)).await?;
        Ok(self.show(partnership, weighed.into_iter().collect(), false).await?.pop())
    }

    /// Concepts by part of their name: the partnership's own, then the taxonomy's.
    pub(crate) async fn search(
        &self,
        partnership: PartnershipId,
        text: &str,
        kinds: &[ConceptKind],
        limit: usize,
    ) -> Result<Vec<Concept>, Fault> {
        let local = self.local(partnership, kinds).await?;
        let wanted = term_key(text);
        let own = local.iter().filter(|concept| term_key(&concept.label).contains(&wanted));
        let lexicon = self.lexicon(partnership).await?;
        Ok(own.chain(lexicon.matcher.search(text, kinds, limit)).take(limit).cloned().collect())
    }

    /// The concepts that the partnership made itself.
    pub(crate) async fn local(
        &self,
        partnership: PartnershipId,
        kinds: &[ConceptKind],
    ) -> Result<Vec<Concept>, StoreError> {
        let mut tx = self.parts.db.begin().await?;
        let log = self.known.log(tx.conn(), partnership).await?;
        Ok(log.rules.local().filter(|concept| kinds.contains(&concept.kind)).cloned().collect())
    }

    /// The partnership's lexicon, for reading outside of a transaction.
    async fn lexicon(&self, partnership: PartnershipId) -> Result<Arc<Lexicon>, Fault> {
        self.live.seen(&self.parts.db, partnership).await
    }

    async fn show(
        &self,
        partnership: PartnershipId,
        weighed: Vec<Weighed>,
        only_open: bool,
    ) -> Result<Vec<QueuedTerm>, Fault> {
        let pool = self.parts.db.pool();
        let terms: Vec<(TermKind, String)> = weighed.iter().map(|w| (w.kind, w.folded.clone())).collect();
        let mut seen: Vec<Vec<Seen>> = vec![Vec::new(); terms.len()];
        for one in queue::seen(pool, partnership, &terms, only_open).await? {
            if let Some(of_term) = seen.get_mut(one.at) {
                of_term.push(one);
            }
        }
        let lexicon = self.lexicon(partnership).await?;
        let versions = decisions::versions(pool, partnership, &terms).await?;
        let versions: HashMap<(TermKind, String), u32> = versions.into_iter().map(|(k, f, n)| ((k, f), n)).collect();
        Ok(weighed
            .into_iter()
            .zip(seen)
            .map(|(weighed, seen)| {
                let version = versions.get(&(weighed.kind, weighed.folded.clone())).copied().unwrap_or_default();
                shown(weighed, &seen, version, &lexicon.matcher)
            })
            .collect())
    }
}

fn shown(weighed: Weighed, seen: &[Seen], version: u32, matcher: &Matcher) -> QueuedTerm {
    let text = most(seen.iter().map(|s| s.text.as_str())).first().map_or(weighed.folded.as_str(), |(text, _)| *text);
    let occupations = most(seen.iter().filter_map(|s| s.occupation.as_ref()));
    let industries = most(seen.iter().filter_map(|s| s.naics.as_deref()));
    let mut context = Context::of_industry(industries.first().map(|(naics, _)| *naics));
    context.occupation = occupations.first().map(|((key, _), _)| key.clone());
    let in_credentials = seen.first().is_some_and(|s| s.is_credential);
    let candidates = candidates(text, (weighed.kind, in_credentials), &context, matcher);
    QueuedTerm {
        kind: weighed.kind,
        text: text.to_owned(),
        state: if weighed.is_ambiguous { "ambiguous" } else { "unmatched" },
        reason: seen.first().map(|s| s.reason.clone()).unwrap_or_default(),
        employers: weighed.employers,
        needs: weighed.needs,
        openings: weighed.openings,
        version,
        occupations: occupations
            .iter()
            .take(SHOWN_MAX)
            .map(|((key, label), needs)| Around { key: key.to_string(), label: label.clone(), needs: *needs })
            .collect(),
        industries: industries
            .iter()
            .take(SHOWN_MAX)
            .map(|(naics, needs)| Around { key: (*naics).to_owned(), label: (*naics).to_owned(), needs: *needs })
            .collect(),
        cells: most(seen.iter().filter_map(|s| s.cell.as_deref()).filter(|cell| *cell != text))
            .into_iter()
            .take(SHOWN_MAX)
            .map(|(cell, _)| cell.to_owned())
            .collect(),
        samples: seen.iter().take(SHOWN_MAX).map(|s| s.need).collect(),
        candidates,
        folded: weighed.folded,
    }
}

/// What a text may mean. A requirement may be a skill or a credential; its own column's kind goes first among equals.
fn candidates(
    text: &str,
    (kind, in_credentials): (TermKind, bool),
    context: &Context,
    matcher: &Matcher,
) -> Vec<MayMean> {
    let kinds: &[MatchKind] = match (kind, in_credentials) {
        (TermKind::Occupation, _) => &[MatchKind::Occupation],
        (TermKind::Requirement, false) => &[MatchKind::Skill, MatchKind::Credential],
        (TermKind::Requirement, true) => &[MatchKind::Credential, MatchKind::Skill],
    };
    let mut all: Vec<Candidate> =
        kinds.iter().flat_map(|kind| matcher.rank(text, *kind, context, CANDIDATES_MAX).candidates).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.truncate(CANDIDATES_MAX);
    all.into_iter().map(|c| MayMean { concept: c.concept, score: c.score, reason: c.reason }).collect()
}

/// What comes most often first; of what comes equally often what came first.
fn most<T: Eq + Hash + Copy>(all: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    let mut places: HashMap<T, usize> = HashMap::new();
    for one in all {
        let at = *places.entry(one).or_insert_with(|| {
            counts.push((one, 0));
            counts.len() - 1
        });
        counts[at].1 += 1;
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_most_often_goes_first() {
        assert_eq!(most(["b", "a", "c", "a", "c"].into_iter()), [("a", 2), ("c", 2), ("b", 1)]);
        assert!(most(std::iter::empty::<&str>()).is_empty());
    }
}
