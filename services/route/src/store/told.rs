//! route.told

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use skillwire_schemas::{Signal, SignalId, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::told::Told;

/// What a subscription is told of a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    subscription: SubscriptionId,
    signal: SignalId,
    pub told: Told,
}

impl Telling {
    pub(crate) fn new(subscription: SubscriptionId, signal: &Signal) -> Self {
        Self { subscription, signal: signal.id, told: Told::of(signal) }
    }

    pub(crate) const fn key(&self) -> (SubscriptionId, SignalId) {
        (self.subscription, self.signal)
    }
}

/// What the pairs were told before, in one query. The rows stay locked, so that two copies decide one after the other.
pub(crate) async fn before(
    conn: &mut PgConnection,
    pairs: &[Telling],
) -> Result<HashMap<(SubscriptionId, SignalId), Told>, StoreError> {
    let rows = sqlx::query(
        "select t.subscription, t.signal, t.revision, t.openings from route.told t
         join (select distinct * from unnest($1::uuid[], $2::uuid[]) as u (subscription, signal)) u
           on u.subscription = t.subscription and u.signal = t.signal
         order by t.subscription, t.signal for update of t",
    )
    .bind(pairs.iter().map(|p| p.subscription.0).collect::<Vec<Uuid>>())
    .bind(pairs.iter().map(|p| p.signal.0).collect::<Vec<Uuid>>())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = (SubscriptionId(row.get("subscription")), SignalId(row.get("signal")));
            let number = |column: &'static str, value: i32| {
                u32::try_from(value).map_err(|e| StoreError::inconsistent("route.told", column, key.0, e))
            };
            let openings: Option<i32> = row.get("openings");
            let told = Told {
                revision: number("revision", row.get("revision"))?,
                openings: openings.map(|o| number("openings", o)).transpose()?,
            };
            Ok((key, told))
        })
        .collect()
}

/// Notes what is told, in one statement; a newer note stays.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    tellings: Vec<Telling>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Of several revisions in one batch the last stands: one statement must not touch a row twice. The map's order is also
    // the order of locking, the same in all copies.
    let last: BTreeMap<(SubscriptionId, SignalId), Told> = tellings.iter().map(|t| (t.key(), t.told)).collect();
    sqlx::query(
        "insert into route.told (subscription, signal, revision, openings, told_at)
         select s, g, r, o, $5 from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) as u (s, g, r, o)
         on conflict (subscription, signal) do update
             set revision = excluded.revision, openings = excluded.openings, told_at = excluded.told_at
             where told.revision < excluded.revision",
    )
    .bind(last.keys().map(|(s, _)| s.0).collect::<Vec<Uuid>>())
    .bind(last.keys().map(|(_, g)| g.0).collect::<Vec<Uuid>>())
    .bind(last.values().map(|t| i32::try_from(t.revision).unwrap_or(i32::MAX)).collect::<Vec<i32>>())
    .bind(last.values().map(|t| t.openings.map(|o| i32::try_from(o).unwrap_or(i32::MAX))).collect::<Vec<Option<i32>>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}
