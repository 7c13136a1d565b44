//! Need in: kept as a version, counted, and the groups whose sums it changed marked to be folded.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault, Wake};
use skillwire_schemas::event::{NeedNormalized, NeedsRenormalized};
use skillwire_schemas::{Envelope, EventId, Horizon, Need, NeedId, PartnershipId};
use skillwire_store::{StoreError, Tx};

use crate::Aggregate;
use crate::group::Group;
use crate::recount::{Touched, recount};
use crate::store::concepts::{self, ConceptOf, Named};
use crate::store::dirty::Cause;
use crate::store::{counted, dirty, ticks, versions};
use crate::version::{Version, VersionKey};

/// The stage.
pub(crate) struct Gatherer {
    clock: Arc<dyn Clock>,
    dirty: Wake,
    uncounted: Wake,
}

impl Gatherer {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self {
            clock: Arc::clone(&aggregate.parts.env.clock),
            dirty: aggregate.dirty.clone(),
            uncounted: aggregate.uncounted.clone(),
        }
    }
}

/// The same for needs that were read anew, many in one event. Versions tell which statement of a need holds, so that it does
/// not matter which of the two stages is ahead.
pub(crate) struct Regatherer(Gatherer);

impl Regatherer {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self(Gatherer::new(aggregate))
    }
}

/// A version, and what is said around it.
#[derive(Clone, Debug)]
pub(crate) struct Heard<'a> {
    pub partnership: PartnershipId,
    pub version: Version,
    traceparent: &'a str,
    event: EventId,
    /// Why it was made anew.
    cause: Option<&'a str>,
}

fn heard<'a, P>(event: &'a Envelope<P>, need: &Need, cause: Option<&'a str>) -> Heard<'a> {
    let Envelope { partnership, traceparent, id, .. } = event;
    Heard { partnership: *partnership, version: Version::of(need), traceparent, event: *id, cause }
}

#[async_trait]
impl Stage for Gatherer {
    type In = NeedNormalized;
    const NAME: &'static str = "aggregate";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<NeedNormalized>]) -> Result<(), Fault> {
        let all = events.iter().map(|event| heard(event, &event.data.need, event.data.cause.as_deref()));
        self.gather(tx, &all.collect::<Vec<_>>()).await
    }

    fn committed(&self) {
        self.dirty.ring();
    }
}

#[async_trait]
impl Stage for Regatherer {
    type In = NeedsRenormalized;
    const NAME: &'static str = "aggregate-renormalized";
    const EVENTS_MAX: usize = 16;

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<NeedsRenormalized>]) -> Result<(), Fault> {
        let mut all = Vec::new();
        for event in events {
            all.extend(event.data.needs.iter().map(|need| heard(event, need, Some(event.data.cause.as_str()))));
        }
        self.0.gather(tx, &all).await
    }

    fn committed(&self) {
        self.0.dirty.ring();
    }
}

impl Gatherer {
    /// In one pass, whatever the number of needs: rows are locked in one order, so that no two copies wait crosswise.
    async fn gather(&self, tx: &mut Tx, heard: &[Heard<'_>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let partnerships: BTreeSet<PartnershipId> = heard.iter().map(|one| one.partnership).collect();
        let days = ticks::hold(tx.conn(), &partnerships).await?;
        versions::keep(tx.conn(), heard, now).await?;
        let whose: BTreeMap<NeedId, PartnershipId> =
            heard.iter().map(|one| (one.version.need, one.partnership)).collect();
        let needs: Vec<(NeedId, PartnershipId)> = whose.into_iter().collect();
        counted::open(tx.conn(), &needs).await?;
        let ids: Vec<NeedId> = needs.iter().map(|(need, _)| *need).collect();
        let at_hand: HashMap<VersionKey, &Version> =
            heard.iter().map(|one| (one.version.key(), &one.version)).collect();
        let touched = recount(tx.conn(), &ids, &days, &at_hand).await?;
        let causes = causes(heard, &touched);
        let mut marks = marks(heard, touched);
        for (group, cause) in renamed(tx, heard).await? {
            marks.entry(group).or_insert(cause);
        }
        dirty::mark(tx.conn(), &marks, &causes, now).await?;
        if days.len() < partnerships.len() {
            self.uncounted.ring();
        }
        metrics::counter!("aggregate_needs_total").increment(heard.len() as u64);
        Ok(())
    }
}

/// The touched groups, each with the last event that touched it.
fn marks(heard: &[Heard<'_>], touched: Touched) -> BTreeMap<Group, Cause> {
    let places: HashMap<NeedId, usize> = heard.iter().enumerate().map(|(at, one)| (one.version.need, at)).collect();
    touched
        .into_iter()
        .filter_map(|(group, needs)| {
            let last = needs.iter().filter_map(|need| places.get(need)).max()?;
            let one = heard.get(*last)?;
            Some((group, (one.traceparent.to_owned(), Some(one.event))))
        })
        .collect()
}

/// By touched group, the decisions by which its needs were made anew.
fn causes(heard: &[Heard<'_>], touched: &Touched) -> BTreeMap<Group, BTreeSet<String>> {
    let mut of_need: HashMap<NeedId, BTreeSet<&str>> = HashMap::new();
    for one in heard {
        if let Some(cause) = one.cause {
            of_need.entry(one.version.need).or_default().insert(cause);
        }
    }
    let mut causes: BTreeMap<Group, BTreeSet<String>> = BTreeMap::new();
    for (group, needs) in touched {
        for cause in needs.iter().filter_map(|need| of_need.get(need)).flatten() {
            causes.entry(group.clone()).or_default().insert((*cause).to_owned());
        }
    }
    causes
}

/// Keeps how concepts are named; the groups of one that is named otherwise than before.
async fn renamed(tx: &mut Tx, heard: &[Heard<'_>]) -> Result<Vec<(Group, Cause)>, StoreError> {
    let mut named: BTreeMap<ConceptOf, (Named<'_>, usize)> = BTreeMap::new();
    for (at, Heard { partnership, version, .. }) in heard.iter().enumerate() {
        let rank = (version.stated_at, version.normalization, version.need);
        for asked in &version.asked {
            let key = (*partnership, asked.concept.key.to_string());
            let one = named.entry(key).or_insert((Named { rank, concept: &asked.concept }, at));
            if one.0.rank < rank {
                *one = (Named { rank, concept: &asked.concept }, at);
            }
        }
    }
    let known = concepts::load(tx.conn(), named.keys().cloned()).await?;
    let mut groups = Vec::new();
    for (key, (one, at)) in &named {
        if known.get(key).is_some_and(|concept| concept != one.concept)
            && let Some(said) = heard.get(*at)
        {
            let group = |horizon| Group { partnership: key.0, concept: key.1.clone(), horizon };
            groups.extend(Horizon::ALL.iter().map(|h| (group(*h), (said.traceparent.to_owned(), Some(said.event)))));
        }
    }
    let named = named.into_iter().map(|(key, (one, _))| (key, one)).collect();
    concepts::keep(tx.conn(), &named).await?;
    Ok(groups)
}
