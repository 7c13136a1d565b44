//! Webhook deliveries: claiming, settling, replaying.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use skillwire_schemas::{AttemptId, DeliveryId, PartnershipId, Signal, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::endpoints::health;
use crate::digest::Words;
use crate::state::{Outcome, State};
use crate::webhook::breaker::{Health, Result as Beat};

/// Endpoints looked at for one claim.
const ENDPOINTS_MAX: i64 = 1_000;
/// Deliveries of switched-off endpoints closed at once, and replayed at once.
const CLOSE_MAX: i64 = 1_000;
pub(crate) const REPLAY_MAX: i64 = 10_000;
/// Deliveries found in the act at once.
const RECOVER_MAX: i64 = 500;

/// A delivery that is claimed, with its attempt written.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub id: DeliveryId,
    pub subscription: SubscriptionId,
    /// Number of the attempt, over all rounds.
    pub number: i32,
    /// Attempts of this round, this one included.
    pub round: u32,
    pub url: String,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub traceparent: String,
    pub created_at: DateTime<Utc>,
    pub content: Content,
}

/// What it says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Written already: a test.
    Frozen(String),
    /// A signal.
    Signal(Box<Signal>),
    /// Neither: a hand in the tables.
    Nothing,
}

/// How many may be claimed, in all and for one endpoint, and how many are on their way already.
pub(crate) struct Room<'a> {
    pub all: u32,
    pub per_endpoint: u32,
    pub busy: &'a BTreeMap<SubscriptionId, u32>,
}

/// Claims deliveries that are due: those of endpoints that are on, have a secret and are not left alone just now. After a
/// failure an endpoint gets one at a time; while its subscription is paused it gets tests only. The attempts are committed with the claim, before anything leaves.
pub(crate) async fn claim(
    db: &Db,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    room: Room<'_>,
) -> Result<Vec<Push>, StoreError> {
    let mut tx = db.begin().await?;
    let rows = sqlx::query(
        "with ready as (
             select e.subscription, e.url, e.secret, e.previous_until, e.open_until,
                 case when e.previous_until > $1 then e.previous_secret end as previous_secret,
                 coalesce(s.paused, false) as paused,
                 greatest(case when e.failures > 0 then 1 else $4 end - coalesce(b.n, 0), 0) as room
             from deliver.endpoints e left join unnest($5::uuid[], $6::int[]) as b (id, n) on b.id = e.subscription
                 left join deliver.subscriptions s on s.subscription = e.subscription
             where e.state = 'on' and e.secret is not null and (e.open_until is null or e.open_until <= $1)
               and (e.probe_until is null or e.probe_until <= $1)
               and exists (select 1 from deliver.deliveries d where d.subscription = e.subscription
                   and d.channel = 'webhook' and d.state = 'waiting' and d.due_at <= $1
                   and (s.paused is not true or d.period like 'test %'))
             order by coalesce(b.n, 0), e.subscription limit $7),
         due as (
             select r.subscription, d.id from ready r cross join lateral (
                 select id from deliver.deliveries
                 where channel = 'webhook' and state = 'waiting' and subscription = r.subscription and due_at <= $1
                   and (not r.paused or period like 'test %')
                 order by due_at, id limit r.room for update skip locked) d
             limit $3),
         probing as (
             -- Nobody else probes before this one is settled.
             update deliver.endpoints e set probe_until = $2 from due where due.subscription = e.subscription
               and e.open_until is not null),
         taken as (
             update deliver.deliveries d set state = 'handing_over', lease_until = $2, tries = tries + 1,
                 first_try_at = coalesce(first_try_at, $1)
             from due where d.id = due.id
             returning d.id, d.subscription, d.tries, d.round_from, d.traceparent, d.created_at, d.body_text)
         select t.*, r.url, r.secret, r.previous_secret, s.body from taken t join ready r on r.subscription = t.subscription
         left join lateral (select body from deliver.delivery_signals where delivery = t.id limit 1) s on true",
    )
    .bind(now)
    .bind(lease_until)
    .bind(i64::from(room.all))
    .bind(i32::try_from(room.per_endpoint).unwrap_or(i32::MAX))
    .bind(room.busy.keys().map(|id| id.0).collect::<Vec<Uuid>>())
    .bind(room.busy.values().map(|n| i32::try_from(*n).unwrap_or(i32::MAX)).collect::<Vec<i32>>())
    .bind(ENDPOINTS_MAX)
    .fetch_all(tx.conn())
    .await?;
    let claimed: Vec<Push> = rows.iter().map(push).collect::<Result<_, _>>()?;
    if claimed.is_empty() {
        return Ok(claimed);
    }
    sqlx::query(
        "insert into deliver.attempts (id, delivery, number, began_at, phase)
         select *, $4, 'handing_over' from unnest($1::uuid[], $2::uuid[], $3::int[])",
    )
    .bind(claimed.iter().map(|p| attempt_id(p.id, p.number)).collect::<Vec<Uuid>>())
    .bind(claimed.iter().map(|p| p.id.0).collect::<Vec<Uuid>>())
    .bind(claimed.iter().map(|p| p.number).collect::<Vec<i32>>())
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(claimed)
}

fn attempt_id(delivery: DeliveryId, number: i32) -> Uuid {
    AttemptId::derived(&[&delivery.to_string(), &number.to_string()]).0
}

fn push(row: &PgRow) -> Result<Push, StoreError> {
    let id: Uuid = row.get("id");
    let frozen: Option<String> = row.get("body_text");
    let body: Option<Json<serde_json::Value>> = row.try_get("body")?;
    let content = match (frozen, body) {
        (Some(text), _) => Content::Frozen(text),
        (None, Some(Json(value))) => {
            let signal = serde_json::from_value(value)
                .map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", id, e))?;
            Content::Signal(Box::new(signal))
        }
        (None, None) => Content::Nothing,
    };
    let number: i32 = row.get("tries");
    let round = u32::try_from(number - row.get::<i32, _>("round_from"))
        .map_err(|e| StoreError::inconsistent("deliver.deliveries", "round_from", id, e))?;
    Ok(Push {
        id: DeliveryId(id),
        subscription: SubscriptionId(row.get("subscription")),
        number,
        round,
        url: row.get("url"),
        secret: row.get("secret"),
        previous_secret: row.get("previous_secret"),
        traceparent: row.get("traceparent"),
        created_at: row.get("created_at"),
        content,
    })
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub delivery: DeliveryId,
    pub number: i32,
    pub outcome: Outcome,
    pub reply: String,
    pub state: State,
    pub due_at: DateTime<Utc>,
}

/// Writes down what came of attempts. Twice is once: the answer to a commit may be lost.
pub(crate) async fn settle(conn: &mut PgConnection, all: &[Settled], now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "with u as (
             select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
                 as u (id, number, outcome, reply, state, due_at)),
         a as (
             update deliver.attempts a set phase = 'done', outcome = u.outcome, reply = nullif(u.reply, ''), ended_at = $7
             from u where a.delivery = u.id and a.number = u.number and a.phase <> 'done' returning a.delivery, a.number)
         update deliver.deliveries d set state = u.state, due_at = u.due_at, lease_until = null,
             reason = nullif(u.reply, ''), sent_at = case when u.outcome = 'sent' then $7 else d.sent_at end,
             uncertain = d.uncertain + case when u.outcome = 'uncertain' then 1 else 0 end
         from u join a on a.delivery = u.id and a.number = u.number where d.id = u.id and d.tries = u.number",
    )
    .bind(all.iter().map(|s| s.delivery.0).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|s| s.number).collect::<Vec<i32>>())
    .bind(all.iter().map(|s| s.outcome.as_str()).collect::<Vec<_>>())
    .bind(all.iter().map(|s| s.reply.as_str()).collect::<Vec<_>>())
    .bind(all.iter().map(|s| s.state.as_str()).collect::<Vec<_>>())
    .bind(all.iter().map(|s| s.due_at).collect::<Vec<_>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// An endpoint whose health changed.
pub(crate) struct Changed {
    pub subscription: SubscriptionId,
    pub partnership: PartnershipId,
    pub name: String,
    pub url: String,
    pub before: Health,
    pub health: Health,
}

/// Feels the pulse of endpoints: each answer in its order. Endpoints that are well and answered well are not written.
pub(crate) async fn feel(
    conn: &mut PgConnection,
    beats: &BTreeMap<SubscriptionId, Vec<Beat>>,
    now: DateTime<Utc>,
    fraction: f64,
) -> Result<Vec<Changed>, StoreError> {
    let rows = sqlx::query(
        "select subscription, partnership, name, url, failures, open_until, failing_since from deliver.endpoints
         where subscription = any($1) and state = 'on'
           and (subscription = any($2) or failures > 0 or open_until is not null or failing_since is not null)
         order by subscription for update",
    )
    .bind(beats.keys().map(|id| id.0).collect::<Vec<Uuid>>())
    .bind(beats.iter().filter(|(_, b)| b.iter().any(|b| *b != Beat::Good)).map(|(id, _)| id.0).collect::<Vec<Uuid>>())
    .fetch_all(&mut *conn)
    .await?;
    let mut changed = Vec::new();
    for row in rows {
        let subscription = SubscriptionId(row.get("subscription"));
        let before = health(&row)?;
        let answers = beats.get(&subscription).map(Vec::as_slice).unwrap_or_default();
        let health = answers.iter().fold(before, |health, beat| health.after(*beat, now, fraction));
        sqlx::query(
            "update deliver.endpoints set failures = $2, open_until = $3, failing_since = $4, probe_until = null where subscription = $1",
        )
        .bind(subscription.0)
        .bind(i32::try_from(health.failures).unwrap_or(i32::MAX))
        .bind(health.open_until)
        .bind(health.failing_since)
        .execute(&mut *conn)
        .await?;
        changed.push(Changed {
            subscription,
            partnership: PartnershipId(row.get("partnership")),
            name: row.get("name"),
            url: row.get("url"),
            before,
            health,
        });
    }
    Ok(changed)
}

/// Switches an endpoint off and puts a mail to its owner among the deliveries, in the same transaction.
pub(crate) async fn disable(
    conn: &mut PgConnection,
    id: SubscriptionId,
    reason: &str,
    words: &Words,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let period = format!("notice {}", now.format("%Y-%m-%dT%H:%M:%SZ"));
    let delivery = DeliveryId::derived(&[&id.to_string(), "email", &period]);
    sqlx::query(
        "with off as (
             update deliver.endpoints set state = 'disabled', reason = $2, disabled_at = $3, updated_at = $3
             where subscription = $1 and state = 'on' returning *)
         insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, due_at, subject, body_text, body_html, frozen_at, traceparent, created_at)
         select $4, partnership, subscription, person, 'email', name, 'instant', 'UTC', $5, 'waiting', $3, $6, $7, $8, $3, '', $3
         from off on conflict do nothing",
    )
    .bind(id.0)
    .bind(reason)
    .bind(now)
    .bind(delivery.0)
    .bind(period)
    .bind(&words.subject)
    .bind(&words.text)
    .bind(&words.html)
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes what waits for endpoints that are off: it can be replayed when they are on again. Gives how many.
pub(crate) async fn close(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "with shut as (
             select d.id, e.state from deliver.endpoints e join deliver.deliveries d on d.subscription = e.subscription
             where e.state in ('disabled', 'ended') and d.channel = 'webhook' and d.state = 'waiting'
             limit $2 for update of d skip locked)
         update deliver.deliveries d set due_at = $1,
             state = case when shut.state = 'ended' then 'skipped' else 'failed' end,
             reason = case when shut.state = 'ended' then 'the webhook was ended by its owner' else 'the webhook is switched off' end
         from shut where d.id = shut.id",
    )
    .bind(now)
    .bind(CLOSE_MAX)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}

/// A delivery whose process died while it was posting.
pub(crate) struct Lost {
    pub delivery: DeliveryId,
    pub number: i32,
    pub round: u32,
}

/// Finds them; they stay locked until the transaction ends.
pub(crate) async fn lost(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Lost>, StoreError> {
    let rows = sqlx::query(
        "select id, tries, round_from from deliver.deliveries
         where channel = 'webhook' and state = 'handing_over' and lease_until <= $1
         order by lease_until limit $2 for update skip locked",
    )
    .bind(now)
    .bind(RECOVER_MAX)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let number: i32 = row.get("tries");
            Lost {
                delivery: DeliveryId(row.get("id")),
                number,
                round: u32::try_from(number - row.get::<i32, _>("round_from")).unwrap_or_default(),
            }
        })
        .collect())
}
