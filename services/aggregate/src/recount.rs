//! Brings the sums in line with what is known of some needs. The stage does it for the needs it hears of, the tick for those
//! that a new day changes; both by the difference between what is counted of a need and what should be, so that the work is
//! that of the needs touched, however many others there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use skillwire_schemas::{NeedId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::PgConnection;

use crate::count::Change;
use crate::group::{Group, Moment};
use crate::store::counted::Counted;
use crate::store::ticks::Ticked;
use crate::store::versions::Holding;
use crate::store::{counted, sums, versions};
use crate::version::{Version, VersionKey};

/// The groups whose sums changed, and the needs that changed them.
pub(crate) type Touched = BTreeMap<Group, BTreeSet<NeedId>>;

/// A version to be taken out of the sums of a moment, and one to be put in.
struct Exchange {
    partnership: PartnershipId,
    need: NeedId,
    moment: Moment,
    old: Option<VersionKey>,
    new: Option<VersionKey>,
}

/// Recounts these needs, which have rows in `counted`. Needs of partnerships whose days are not known are left uncounted.
/// `at_hand` holds versions that need not be read from the database.
pub(crate) async fn recount(
    conn: &mut PgConnection,
    needs: &[NeedId],
    days: &HashMap<PartnershipId, Ticked>,
    at_hand: &HashMap<VersionKey, &Version>,
) -> Result<Touched, StoreError> {
    let rows = counted::lock(conn, needs).await?;
    let asked: Vec<_> = rows
        .iter()
        .filter_map(|row| days.get(&row.partnership).map(|ticked| (row, ticked.calendar.before_at)))
        .flat_map(|(row, at)| [(row.need, Moment::Now, None), (row.need, Moment::Before, Some(at))])
        .collect();
    let holding = versions::holding(conn, &asked).await?;
    let (saved, exchanges) = exchanges(rows, days, &holding);
    let wanted: BTreeSet<VersionKey> = exchanges
        .iter()
        .flat_map(|exchange| [exchange.old, exchange.new])
        .flatten()
        .filter(|key| !at_hand.contains_key(key))
        .collect();
    let loaded = versions::load(conn, &wanted).await?;
    let version = |key: VersionKey| {
        at_hand.get(&key).copied().or_else(|| loaded.get(&key)).ok_or_else(|| {
            StoreError::inconsistent("aggregate.counted", "now_stated_at", key.need, "its version is not there")
        })
    };
    let (mut change, mut touched) = (Change::default(), Touched::new());
    for exchange in &exchanges {
        let mut one = Change::default();
        if let Some(key) = exchange.old {
            one.take(exchange.partnership, exchange.moment, version(key)?);
        }
        if let Some(key) = exchange.new {
            one.add(exchange.partnership, exchange.moment, version(key)?);
        }
        one.settle();
        for group in one.groups() {
            touched.entry(group.clone()).or_default().insert(exchange.need);
        }
        change.join(one);
    }
    change.settle();
    if !saved.is_empty() {
        counted::save(conn, &saved).await?;
    }
    sums::add(conn, &change).await?;
    Ok(touched)
}

/// What is counted of each need against what should be. A version counts when it is active and holds on the moment's day.
fn exchanges(
    rows: Vec<Counted>,
    days: &HashMap<PartnershipId, Ticked>,
    holding: &HashMap<(NeedId, Moment), Holding>,
) -> (Vec<Counted>, Vec<Exchange>) {
    let (mut saved, mut found) = (Vec::new(), Vec::new());
    for mut row in rows {
        let Some(Ticked { calendar, .. }) = days.get(&row.partnership) else { continue };
        let should = |moment: Moment| {
            let day = match moment {
                Moment::Now => calendar.today,
                Moment::Before => calendar.before_day,
            };
            holding.get(&(row.need, moment)).filter(|held| held.active && held.valid_until >= day)
        };
        let (now, before) = (should(Moment::Now), should(Moment::Before).map(|held| held.key));
        for (moment, new) in [(Moment::Now, now.map(|held| held.key)), (Moment::Before, before)] {
            let old = row.at(moment);
            if old != new {
                found.push(Exchange { partnership: row.partnership, need: row.need, moment, old, new });
            }
        }
        if row.now != now.map(|held| held.key) || row.before != before {
            (row.now, row.now_until, row.before) = (now.map(|held| held.key), now.map(|held| held.valid_until), before);
            saved.push(row);
        }
    }
    (saved, found)
}
