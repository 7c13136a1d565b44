//! Taking what is due: mails by lease, no lock held while they are sent; feed messages by locks, for the second that JetStream
//! needs.

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_runtime::Ids;
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId, Signal, SubscriptionId};
use skillwire_store::{Db, StoreError, Tx};
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

/// Takes feed messages that are due, oldest first. They stay locked until the transaction ends, and nothing is written yet: a
/// repeat is the same message, so that a process that dies leaves them to the others at once. (Of an older version some may be
/// `sending`.)
pub(crate) async fn messages(tx: &mut Tx, now: DateTime<Utc>, limit: u32) -> Result<Vec<DueMessage>, StoreError> {
    let rows = sqlx::query(
        "select d.id, d.subscription, d.traceparent, d.created_at, s.body
         from (select id, due_at, subscription, traceparent, created_at from deliver.deliveries
               where channel = 'stream' and ((state = 'waiting' and due_at <= $1) or (state = 'sending' and lease_until <= $1))
                 and not exists (select 1 from deliver.subscriptions s
                                 where s.subscription = deliveries.subscription and (s.paused or s.ended))
               order by due_at, id limit $2 for update skip locked) d
         join deliver.delivery_signals s on s.delivery = d.id order by d.due_at, d.id",
    )
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let id: Uuid = row.get("id");
            let Json(signal): Json<Signal> =
                row.try_get("body").map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", id, e))?;
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

/// Writes down what became of feed messages, each with an attempt row, in one statement. No sequence: it was not taken.
pub(crate) async fn settle_messages(
    tx: &mut Tx,
    ids: &dyn Ids,
    all: &[(DeliveryId, Option<u64>)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "with d as (
             update deliver.deliveries d set lease_until = null, tries = tries + 1, first_try_at = coalesce(first_try_at, $4),
                 sent_at = case when u.sequence is not null then $4 end, feed_sequence = coalesce(u.sequence, d.feed_sequence),
                 state = case when u.sequence is not null then 'sent' else 'waiting' end, due_at = $5
             from unnest($1::uuid[], $2::bigint[], $3::uuid[]) as u (id, sequence, attempt) where d.id = u.id
             returning d.id, d.tries, u.attempt, u.sequence)
         insert into deliver.attempts (id, delivery, number, began_at, phase, ended_at, outcome)
         select attempt, id, tries, $4, 'done', $4, case when sequence is not null then 'sent' else 'temporary' end from d",
    )
    .bind(all.iter().map(|(id, _)| id.0).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|(_, sequence)| sequence.and_then(|s| i64::try_from(s).ok())).collect::<Vec<Option<i64>>>())
    .bind(all.iter().map(|_| ids.uuid(now)).collect::<Vec<Uuid>>())
    .bind(now)
    .bind(now + TimeDelta::seconds(FEED_RETRY_S))
    .execute(tx.conn())
    .await?;
    Ok(())
}
