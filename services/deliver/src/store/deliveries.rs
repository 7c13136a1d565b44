//! deliver.deliveries and deliver.delivery_signals: opening, filling, freezing.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_schemas::{Cadence, Channel, DeliveryId, Signal, SignalId, Subscription};
use skillwire_store::{Db, StoreError};
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::digest::Words;
use crate::stage::period_name;
use crate::state::State;
use crate::window::{Period, Schedule, late};

/// Late deliveries folded at once.
const LATE_MAX: i64 = 100;

/// A delivery to be.
pub(crate) struct NewDelivery {
    pub id: DeliveryId,
    pub subscription: Subscription,
    pub channel: Channel,
    pub period: String,
    pub state: State,
    pub reason: Option<&'static str>,
    pub due: DateTime<Utc>,
    pub traceparent: String,
}

/// A signal for a delivery.
pub(crate) struct Content {
    pub delivery: DeliveryId,
    pub signal: Signal,
}

/// Which of these deliveries take nothing more; the open ones stay locked.
pub(crate) async fn closed(conn: &mut PgConnection, ids: &[DeliveryId]) -> Result<HashSet<DeliveryId>, StoreError> {
    let rows = sqlx::query("select id, state from deliver.deliveries where id = any($1) order by id for update")
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.get::<String, _>("state") != State::Gathering.as_str())
        .map(|row| DeliveryId(row.get("id")))
        .collect())
}

/// Opens deliveries; one that is there already stays as it is.
pub(crate) async fn open(conn: &mut PgConnection, new: &[NewDelivery], now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, reason, due_at, traceparent, created_at)
         select *, $14 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::text[])
         on conflict do nothing",
    )
    .bind(column(new, |d| d.id.0))
    .bind(column(new, |d| d.subscription.partnership.0))
    .bind(column(new, |d| d.subscription.id.0))
    .bind(column(new, |d| d.subscription.person.0))
    .bind(column(new, |d| d.channel.as_str()))
    .bind(column(new, |d| d.subscription.name.clone()))
    .bind(column(new, |d| d.subscription.cadence.as_str()))
    .bind(column(new, |d| d.subscription.time_zone.clone()))
    .bind(column(new, |d| d.period.clone()))
    .bind(column(new, |d| d.state.as_str()))
    .bind(column(new, |d| d.reason))
    .bind(column(new, |d| d.due))
    .bind(column(new, |d| d.traceparent.clone()))
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

fn column<T>(new: &[NewDelivery], of: impl Fn(&NewDelivery) -> T) -> Vec<T> {
    new.iter().map(of).collect()
}

/// Puts signals into deliveries; of two revisions of one signal the newer stays.
pub(crate) async fn fill(conn: &mut PgConnection, content: &[Content]) -> Result<(), StoreError> {
    let mut newest: BTreeMap<(DeliveryId, SignalId), &Signal> = BTreeMap::new();
    for one in content {
        let known = newest.entry((one.delivery, one.signal.id)).or_insert(&one.signal);
        if one.signal.revision > known.revision {
            *known = &one.signal;
        }
    }
    sqlx::query(
        "insert into deliver.delivery_signals (delivery, signal, revision, body)
         select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[])
         on conflict (delivery, signal) do update set revision = excluded.revision, body = excluded.body
             where delivery_signals.revision < excluded.revision",
    )
    .bind(newest.keys().map(|(d, _)| d.0).collect::<Vec<Uuid>>())
    .bind(newest.keys().map(|(_, s)| s.0).collect::<Vec<Uuid>>())
    .bind(newest.values().map(|s| i32::try_from(s.revision).unwrap_or(i32::MAX)).collect::<Vec<i32>>())
    .bind(newest.values().map(|s| Json(*s)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The signals of a delivery.
pub(crate) async fn content(db: &Db, id: DeliveryId) -> Result<Vec<Signal>, StoreError> {
    let rows = sqlx::query("select body from deliver.delivery_signals where delivery = $1 order by signal")
        .bind(id.0)
        .fetch_all(db.pool())
        .await?;
    rows.into_iter()
        .map(|row| {
            let Json(value): Json<serde_json::Value> = row.try_get("body")?;
            serde_json::from_value(value)
                .map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", id, e))
        })
        .collect()
}

/// Keeps the words of a mail before its first attempt.
pub(crate) async fn freeze(db: &Db, id: DeliveryId, words: &Words, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "update deliver.deliveries set subject = $2, body_text = $3, body_html = $4, frozen_at = $5, picture_alt = $6,
             picture_png = $7
         where id = $1 and frozen_at is null",
    )
    .bind(id.0)
    .bind(&words.subject)
    .bind(&words.text)
    .bind(&words.html)
    .bind(now)
    .bind(words.picture.as_ref().map(|picture| &picture.alt))
    .bind(words.picture.as_ref().map(|picture| &picture.png))
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Folds mails that are too late into the period that runs: yesterday's news comes with today's, not in the afternoon.
pub(crate) async fn fold_late(
    db: &Db,
    schedule: Schedule,
    now: DateTime<Utc>,
    daily: TimeDelta,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let rows = sqlx::query(
        "select id, subscription, cadence, time_zone from deliver.deliveries
         where channel = 'email' and state = 'gathering' and cadence <> 'instant'
           and due_at < $1 - case cadence when 'weekly' then $3 when 'monthly' then $4 when 'quarterly' then $5 else $6 end
         order by due_at limit $2 for update skip locked",
    )
    .bind(now)
    .bind(LATE_MAX)
    .bind(late(Cadence::Weekly, daily))
    .bind(late(Cadence::Monthly, daily))
    .bind(late(Cadence::Quarterly, daily))
    .bind(late(Cadence::Daily, daily))
    .fetch_all(tx.conn())
    .await?;
    for row in rows {
        let (id, subscription): (Uuid, Uuid) = (row.get("id"), row.get("subscription"));
        let zone = row.get::<String, _>("time_zone").parse().unwrap_or(chrono_tz::UTC);
        let cadence = row.get::<String, _>("cadence").parse::<Cadence>().unwrap_or(Cadence::Daily);
        let period = schedule.period(cadence, zone, now);
        fold_one(tx.conn(), id, subscription, period, now).await?;
    }
    tx.commit().await
}

/// Late deliveries are rare (we were away for hours): one at a time, bounded by [`LATE_MAX`].
async fn fold_one(
    conn: &mut PgConnection,
    id: Uuid,
    subscription: Uuid,
    period: Period,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = period_name(period.start);
    let next = DeliveryId::derived(&[&subscription.to_string(), Channel::Email.as_str(), &name]);
    sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, due_at, traceparent, created_at)
         select $2, partnership, subscription, person, channel, name, cadence, time_zone, $3, 'gathering', $4, traceparent, $5
         from deliver.deliveries where id = $1 on conflict do nothing",
    )
    .bind(id)
    .bind(next.0)
    .bind(&name)
    .bind(period.due)
    .bind(now)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into deliver.delivery_signals (delivery, signal, revision, body)
         select $2, signal, revision, body from deliver.delivery_signals where delivery = $1
         on conflict (delivery, signal) do update set revision = excluded.revision, body = excluded.body
             where delivery_signals.revision < excluded.revision",
    )
    .bind(id)
    .bind(next.0)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "update deliver.deliveries set state = 'skipped', reason = 'too late; folded into the next' where id = $1",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}
