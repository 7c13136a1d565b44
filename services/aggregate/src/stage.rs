//! Need in: kept as a version, its groups marked to be folded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault, Wake};
use skillwire_schemas::event::NeedNormalized;
use skillwire_schemas::{Envelope, NeedId};
use skillwire_store::Tx;

use crate::Aggregate;
use crate::group::Group;
use crate::store::{dirty, versions};
use crate::version::Version;

/// The stage.
pub(crate) struct Gatherer {
    clock: Arc<dyn Clock>,
    dirty: Wake,
}

impl Gatherer {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self { clock: Arc::clone(&aggregate.parts.env.clock), dirty: aggregate.dirty.clone() }
    }
}

/// By group, why its needs were made anew: a query for each cause, and there is hardly ever more than one in a batch.
async fn causes(tx: &mut Tx, events: &[Envelope<NeedNormalized>]) -> Result<BTreeMap<Group, BTreeSet<String>>, Fault> {
    let mut needs: BTreeMap<&String, Vec<NeedId>> = BTreeMap::new();
    for event in events {
        if let Some(cause) = &event.data.cause {
            needs.entry(cause).or_default().push(event.data.need.id);
        }
    }
    let mut causes: BTreeMap<Group, BTreeSet<String>> = BTreeMap::new();
    for (cause, needs) in needs {
        for group in versions::groups_of(tx.conn(), &needs).await? {
            causes.entry(group).or_default().insert(cause.clone());
        }
    }
    Ok(causes)
}

#[async_trait]
impl Stage for Gatherer {
    type In = NeedNormalized;
    const NAME: &'static str = "aggregate";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<NeedNormalized>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let heard: Vec<(&Envelope<NeedNormalized>, Version)> =
            events.iter().map(|event| (event, Version::of(&event.data.need))).collect();
        versions::keep(tx.conn(), &heard, now).await?;
        // All groups the need has ever been in, those of this version among them: what it left must change too.
        let ids: Vec<_> = heard.iter().map(|(_, version)| version.need).collect();
        let touched: BTreeSet<Group> = versions::groups_of(tx.conn(), &ids).await?.into_iter().collect();
        let Some((last, _)) = heard.last() else { return Ok(()) };
        let causes = causes(tx, events).await?;
        dirty::mark(tx.conn(), &touched, &causes, now, &last.traceparent, Some(last.id)).await?;
        metrics::counter!("aggregate_needs_total").increment(events.len() as u64);
        Ok(())
    }

    fn committed(&self) {
        self.dirty.ring();
    }
}
