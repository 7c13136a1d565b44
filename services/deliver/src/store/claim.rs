//! Taking what is due: by lease, no lock held while it is sent.

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_runtime::Ids;
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId, Signal, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use crate::compose::About;
use crate::digest::Words;
use crate::store::mails;

/// Deliveries found in the act of handing over at once.
const RECOVER_MAX: i64 = 500;
/// The wait before a feed message is put out again, seconds.
const FEED_RETRY_S: i64 = 2;

/// A mail that is due.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub id: DeliveryId,
    /// What it is about.
    pub about: About,
    pub partnership: PartnershipId,
    pub person: PersonId,
    pub words: Option<Words>,
    pub frozen_at: Option<DateTime<Utc>>,
}

/// A feed message that is due.
#[derive(Clone, Debug)]
pub(crate) struct DueMessage {
    pub id: DeliveryId,
    pub subscription: SubscriptionId,
    pub signal: Signal,
    pub traceparent: String,
    pub created_at: DateTime<Utc>,
}

/// Takes mails that are due, and those that a process died over before anything left.
pub(crate) async fn mails(db: &Db, now: DateTime<Utc>, lease: TimeDelta, limit: u32) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query(
        "with due as (
             select id from deliver.deliveries
             where channel = 'email' and ((state in ('gathering', 'waiting') and due_at <= $1) or (state = 'sending' and lease_until <= $1))
               and not exists (select 1 from deliver.subscriptions s
                               where s.subscription = deliveries.subscription and (s.ended or s.paused and not (deliveries.period like 'notice %' or deliveries.period like 'test %')))
             order by due_at limit $3 for update skip locked)
         update deliver.deliveries d set state = 'sending', lease_until = $2 from due where d.id = due.id
         returning d.id, d.partnership, d.subscription, d.person, d.name, d.cadence, d.time_zone, d.period, d.traceparent, d.subject, d.body_text,
             d.body_html, d.picture_alt, d.picture_png, d.frozen_at",
    )
    .bind(now)
    .bind(now + lease)
    .bind(i64::from(limit))
    .fetch_all(db.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Due {
            id: DeliveryId(row.get("id")),
            about: mails::about(&row),
            partnership: PartnershipId(row.get("partnership")),
            person: PersonId(row.get("person")),
            words: mails::words(&row),
            frozen_at: row.get("frozen_at"),
        })
        .collect())
}

/// Finds mails that a process died over while their content was leaving: nobody knows. The first time they are tried once
/// more, the second time they stay uncertain. Gives how many were found.
pub(crate) async fn recover(db: &Db, now: DateTime<Utc>, retry: TimeDelta) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "with found as (
             select id from deliver.deliveries where channel = 'email' and state = 'handing_over' and lease_until <= $1
             order by lease_until limit $3 for update skip locked),
         closed as (
             update deliver.attempts a set phase = 'done', outcome = 'uncertain', ended_at = $1,
                 reply = 'the process ended while the content was leaving'
             from found where a.delivery = found.id and a.phase = 'handing_over')
         update deliver.deliveries d set uncertain = uncertain + 1, due_at = $2, lease_until = null,
             state = case when uncertain = 0 then 'waiting' else 'uncertain' end
         from found where d.id = found.id",
    )
    .bind(now)
    .bind(now + retry)
    .bind(RECOVER_MAX)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}

/// Not sent, and that is right.
pub(crate) async fn skip(db: &Db, id: DeliveryId, reason: &str) -> Result<(), StoreError> {
    sqlx::query("update deliver.deliveries set state = 'skipped', reason = $2, lease_until = null where id = $1")
        .bind(id.0)
        .bind(reason)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Takes feed messages that are due. One whose sender died is put out again: its id is the same.
pub(crate) async fn messages(
    db: &Db,
    now: DateTime<Utc>,
    lease: TimeDelta,
    limit: u32,
) -> Result<Vec<DueMessage>, StoreError> {
    let rows = sqlx::query(
        "with due as (
             select id from deliver.deliveries
             where channel = 'stream' and ((state = 'waiting' and due_at <= $1) or (state = 'sending' and lease_until <= $1))
               and not exists (select 1 from deliver.subscriptions s
                               where s.subscription = deliveries.subscription and (s.paused or s.ended))
             order by due_at, id limit $3 for update skip locked),
         taken as (
             update deliver.deliveries d set state = 'sending', lease_until = $2, tries = tries + 1,
                 first_try_at = coalesce(first_try_at, $1)
             from due where d.id = due.id returning d.id, d.subscription, d.traceparent, d.created_at)
         select t.*, s.body from taken t join deliver.delivery_signals s on s.delivery = t.id",
    )
    .bind(now)
    .bind(now + lease)
    .bind(i64::from(limit))
    .fetch_all(db.pool())
    .await?;
    rows.into_iter()
        .map(|row| {
            let id: Uuid = row.get("id");
            let Json(value): Json<serde_json::Value> = row.try_get("body")?;
            let signal = serde_json::from_value(value)
                .map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", id, e))?;
            Ok(DueMessage {
                id: DeliveryId(id),
                subscription: SubscriptionId(row.get("subscription")),
                signal,
                traceparent: row.get("traceparent"),
                created_at: row.get("created_at"),
            })
        })
        .collect()
}

/// Writes down what became of feed messages, each with an attempt row, in two statements.
pub(crate) async fn settle_messages(
    db: &Db,
    ids: &dyn Ids,
    sent: &[(DeliveryId, u64)],
    lost: &[DeliveryId],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let all: Vec<(Uuid, &str, Option<i64>)> = sent
        .iter()
        .map(|(id, sequence)| (id.0, "sent", i64::try_from(*sequence).ok()))
        .chain(lost.iter().map(|id| (id.0, "temporary", None)))
        .collect();
    sqlx::query(
        "update deliver.deliveries d set lease_until = null, sent_at = case when u.outcome = 'sent' then $3 end,
             feed_sequence = coalesce(u.sequence, d.feed_sequence),
             state = case when u.outcome = 'sent' then 'sent' else 'waiting' end, due_at = $4
         from unnest($1::uuid[], $2::text[], $5::bigint[]) as u (id, outcome, sequence) where d.id = u.id",
    )
    .bind(all.iter().map(|(id, ..)| *id).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|(_, outcome, _)| *outcome).collect::<Vec<&str>>())
    .bind(now)
    .bind(now + TimeDelta::seconds(FEED_RETRY_S))
    .bind(all.iter().map(|(.., sequence)| *sequence).collect::<Vec<Option<i64>>>())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "insert into deliver.attempts (id, delivery, number, began_at, phase, ended_at, outcome)
         select u.attempt, d.id, d.tries, $4, 'done', $4, u.outcome
         from unnest($1::uuid[], $2::text[], $3::uuid[]) as u (id, outcome, attempt)
         join deliver.deliveries d on d.id = u.id on conflict do nothing",
    )
    .bind(all.iter().map(|(id, ..)| *id).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|(_, outcome, _)| *outcome).collect::<Vec<&str>>())
    .bind(all.iter().map(|_| ids.uuid(now)).collect::<Vec<Uuid>>())
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
