//! deliver.actions: deliveries by hand. What is allowed is decided in `by_hand.rs`, and asked of the row once more here, under
//! its lock: between the page and the press it may have gone.

use chrono::{DateTime, Utc};
use serde::Serialize;
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row};
use utoipa::ToSchema;
use uuid::Uuid;

use super::read::{Filter, push_filter};
use crate::by_hand::Hand;

/// Deliveries of one action at most.
pub(crate) const BULK_MAX: usize = 5_000;
/// Actions of a delivery that are shown.
const SHOWN_MAX: i64 = 50;

/// Who does what, and why.
pub(crate) struct Done<'a> {
    pub hand: Hand,
    pub person: PersonId,
    pub reason: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// What was done once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ActionLine {
    /// send, retry, skip or resend.
    pub action: String,
    pub person: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its state before.
    pub was: String,
    pub at: DateTime<Utc>,
}

/// Does it with the deliveries of a filter that allow it; gives which. Nothing is done unless `expected` says so of their
/// number; more than [`BULK_MAX`] are never picked.
pub(crate) async fn act(
    db: &Db,
    partnership: PartnershipId,
    filter: &Filter,
    done: &Done<'_>,
    expected: impl FnOnce(usize) -> bool,
) -> Result<(usize, bool), StoreError> {
    let mut tx = db.begin().await?;
    let ids = pick(tx.conn(), partnership, filter, done.hand).await?;
    let found = ids.len();
    if found == 0 || found > BULK_MAX || !expected(found) {
        return Ok((found, false));
    }
    change(tx.conn(), &ids, done).await?;
    tx.commit().await?;
    metrics::counter!("deliver_by_hand_total", "action" => done.hand.as_str()).increment(found as u64);
    Ok((found, true))
}

/// Locks what the filter names and the action allows.
async fn pick(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    filter: &Filter,
    hand: Hand,
) -> Result<Vec<Uuid>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select d.id from deliver.deliveries d");
    push_filter(&mut query, partnership, filter);
    query.push(" and d.state = any(");
    query.push_bind(hand.states().iter().map(|state| state.as_str()).collect::<Vec<_>>());
    query.push(")");
    if hand == Hand::Skip {
        query.push(" and d.uncertain = 0 and d.sent_at is null");
    } else {
        // To who said stop nothing goes by any hand.
        query.push(
            " and not exists (select 1 from deliver.subscriptions s where s.subscription = d.subscription and s.ended)
              and not (d.channel = 'email' and exists (
                  select 1 from deliver.unsubscribed u where u.subscription = d.subscription))",
        );
    }
    query.push(" order by d.created_at, d.id limit ");
    query.push_bind(i64::try_from(BULK_MAX + 1).unwrap_or(i64::MAX));
    query.push(" for update of d");
    let rows = query.build().fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| row.get("id")).collect())
}

async fn change(conn: &mut PgConnection, ids: &[Uuid], done: &Done<'_>) -> Result<(), StoreError> {
    // The list of actions is read from the rows as they were: all parts of a statement see the same snapshot.
    sqlx::query(
        "with noted as (
             insert into deliver.actions (delivery, action, person, reason, was, at)
             select id, $2, $3, $4, state, $5 from deliver.deliveries where id = any($1)),
         changed as (
             update deliver.deliveries set
                 state = case when $2 = 'skip' then 'skipped' when state = 'gathering' then state else 'waiting' end,
                 reason = case when $2 = 'skip' then 'skipped by hand: ' || $4 else reason end,
                 due_at = case when $2 = 'skip' then due_at else $5 end,
                 first_try_at = case when $2 = 'skip' then first_try_at end,
                 round_from = case when $2 = 'skip' then round_from else tries end,
                 resends = resends + case when $2 = 'resend' then 1 else 0 end
             where id = any($1) returning subscription, channel)
         -- An endpoint that is left alone gets one delivery now, and all when that succeeds.
         update deliver.endpoints set open_until = $5 where $2 <> 'skip' and open_until > $5
             and subscription in (select subscription from changed where channel = 'webhook')",
    )
    .bind(ids)
    .bind(done.hand.as_str())
    .bind(done.person.0)
    .bind(done.reason)
    .bind(done.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many the action would take: at most [`BULK_MAX`] and one.
pub(crate) async fn count(
    db: &Db,
    partnership: PartnershipId,
    filter: &Filter,
    hand: Hand,
) -> Result<usize, StoreError> {
    let mut tx = db.begin().await?;
    Ok(pick(tx.conn(), partnership, filter, hand).await?.len())
}

/// What was done with a delivery, newest first.
pub(crate) async fn list(pool: &PgPool, delivery: DeliveryId) -> Result<Vec<ActionLine>, StoreError> {
    let rows = sqlx::query(
        "select action, person, reason, was, at from deliver.actions where delivery = $1 order by id desc limit $2",
    )
    .bind(delivery.0)
    .bind(SHOWN_MAX)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ActionLine {
            action: row.get("action"),
            person: PersonId(row.get("person")),
            reason: row.get("reason"),
            was: row.get("was"),
            at: row.get("at"),
        })
        .collect())
}
