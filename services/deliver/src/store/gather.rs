//! deliver.deliveries and deliver.delivery_signals as they are made from requests.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use skillwire_schemas::{Cadence, Channel, DeliveryId, EventId, PartnershipId, PersonId, Signal, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::rows::word;
use crate::state::State;

/// A delivery to make.
#[derive(Debug)]
pub(crate) struct New {
    pub id: DeliveryId,
    pub partnership: PartnershipId,
    pub subscription: SubscriptionId,
    pub person: PersonId,
    pub channel: Channel,
    pub cadence: Cadence,
    pub period_start: DateTime<Utc>,
    pub event: Option<EventId>,
    pub state: State,
    pub due_at: Option<DateTime<Utc>>,
    pub reason: Option<&'static str>,
    pub traceparent: String,
}

/// A signal to put into a delivery.
#[derive(Debug)]
pub(crate) struct Put<'a> {
    pub delivery: DeliveryId,
    pub signal: &'a Signal,
    pub traceparent: &'a str,
}

/// A mail that takes signals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub id: DeliveryId,
    pub cadence: Cadence,
    pub period_start: DateTime<Utc>,
}

/// The start and the closing of a subscription's newest mail.
pub(crate) type Latest = (DateTime<Utc>, Option<DateTime<Utc>>);

/// The mails of these subscriptions that are being gathered, held: none is closed before the transaction ends.
pub(crate) async fn open(
    conn: &mut PgConnection,
    subscriptions: &[Uuid],
) -> Result<HashMap<SubscriptionId, Vec<Open>>, StoreError> {
    let rows = sqlx::query(
        "select id, subscription, cadence, period_start from deliver.deliveries
         where channel = 'email' and subscription = any($1) and state = 'gathering' order by id for update",
    )
    .bind(subscriptions)
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<SubscriptionId, Vec<Open>> = HashMap::new();
    for row in &rows {
        let open = Open {
            id: DeliveryId(row.try_get("id")?),
            cadence: word(row, "deliver.deliveries", "cadence")?,
            period_start: row.try_get("period_start")?,
        };
        found.entry(SubscriptionId(row.try_get("subscription")?)).or_default().push(open);
    }
    Ok(found)
}

/// The newest mail of each of these subscriptions.
pub(crate) async fn latest(
    conn: &mut PgConnection,
    subscriptions: &[Uuid],
) -> Result<HashMap<SubscriptionId, Latest>, StoreError> {
    let rows = sqlx::query(
        "select s.id as subscription, d.period_start, d.closed_at from unnest($1::uuid[]) s(id)
         cross join lateral (
             select period_start, closed_at from deliver.deliveries
             where subscription = s.id and channel = 'email' order by period_start desc limit 1) d",
    )
    .bind(subscriptions)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .iter()
        .map(|row| (SubscriptionId(row.get("subscription")), (row.get("period_start"), row.get("closed_at"))))
        .collect())
}

/// Makes deliveries. One that is there already is the same one: ids are derived from keys.
pub(crate) async fn make(conn: &mut PgConnection, new: &[New], now: DateTime<Utc>) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, cadence, period_start, event,
             state, due_at, reason, traceparent, created_at, closed_at)
         select *, $13, case when state <> 'gathering' then $13 end
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
             $8::uuid[], $9::text[], $10::timestamptz[], $11::text[], $12::text[])
             n(id, partnership, subscription, person, channel, cadence, period_start, event, state, due_at, reason,
               traceparent)
         on conflict do nothing",
    )
    .bind(new.iter().map(|n| n.id.0).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.partnership.0).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.subscription.0).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.person.0).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.channel.as_str()).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.cadence.as_str()).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.period_start).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.event.map(|e| e.0)).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.state.as_str()).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.due_at).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.reason).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.traceparent.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts signals into deliveries; of one signal the newest revision stays. Each pair of delivery and signal comes once.
pub(crate) async fn put(conn: &mut PgConnection, puts: &[Put<'_>]) -> Result<(), StoreError> {
    if puts.is_empty() {
        return Ok(());
    }
    let mut bodies = Vec::with_capacity(puts.len());
    for put in puts {
        bodies.push(serde_json::to_value(put.signal)?);
    }
    sqlx::query(
        "insert into deliver.delivery_signals (delivery, signal, revision, body, traceparent)
         select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[], $5::text[])
         on conflict (delivery, signal) do update set revision = excluded.revision, body = excluded.body,
             traceparent = excluded.traceparent
         where delivery_signals.revision < excluded.revision",
    )
    .bind(puts.iter().map(|p| p.delivery.0).collect::<Vec<_>>())
    .bind(puts.iter().map(|p| p.signal.id.0).collect::<Vec<_>>())
    .bind(puts.iter().map(|p| i32::try_from(p.signal.revision).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(bodies)
    .bind(puts.iter().map(|p| p.traceparent).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
