//! deliver.deliveries of subscriptions that were paused, resumed or ended

use chrono::{DateTime, Utc};
use skillwire_schemas::{Channel, DeliveryId, Subscription, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::stage::{id_of, period_name};
use crate::window::Period;

/// Held deliveries of one subscription let go at once: its mail, the feed messages and the posts that waited. More go with the next
/// change; they stay visible as held.
const HELD_MAX: i64 = 10_000;

/// A delivery that is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub id: DeliveryId,
    pub channel: Channel,
    /// Whether it was tried before, so that its words are fixed.
    pub tried: bool,
    pub due: DateTime<Utc>,
}

/// Holds what is open. A word of ours to the owner (`notice`) and a test that was asked for were not gathered: they go.
pub(crate) async fn hold(conn: &mut PgConnection, subscription: SubscriptionId) -> Result<(), StoreError> {
    sqlx::query(
        "update deliver.deliveries set state = 'held', reason = 'the subscription is paused'
         where subscription = $1 and state in ('gathering', 'waiting')
           and not (period like 'notice %' or period like 'test %')",
    )
    .bind(subscription.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Skips what is open in channels other than these; a notice to the owner only when no channel is left.
pub(crate) async fn skip(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
    channels: &[Channel],
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "update deliver.deliveries set state = 'skipped', reason = $3
         where subscription = $1 and state in ('gathering', 'waiting', 'held') and not channel = any($2)
           and (cardinality($2) = 0 or not period like 'notice %')",
    )
    .bind(subscription.0)
    .bind(channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>())
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// What is held of a subscription, oldest first.
pub(crate) async fn list(conn: &mut PgConnection, subscription: SubscriptionId) -> Result<Vec<Held>, StoreError> {
    let rows = sqlx::query(
        "select id, channel, tries, due_at from deliver.deliveries where subscription = $1 and state = 'held'
         order by created_at, id limit $2 for update",
    )
    .bind(subscription.0)
    .bind(HELD_MAX)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let id: Uuid = row.get("id");
            let channel = row.get::<String, _>("channel").parse();
            Ok(Held {
                id: DeliveryId(id),
                channel: channel.map_err(|e| StoreError::inconsistent("deliver.deliveries", "channel", id, e))?,
                tried: row.get::<i32, _>("tries") > 0,
                due: row.get("due_at"),
            })
        })
        .collect()
}

/// Lets one go on.
pub(crate) async fn go_on(
    conn: &mut PgConnection,
    id: DeliveryId,
    state: &'static str,
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update deliver.deliveries set state = $2, reason = null, due_at = $3 where id = $1 and state = 'held'",
    )
    .bind(id.0)
    .bind(state)
    .bind(due)
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts the content of one into the mail of another period.
pub(crate) async fn fold(
    conn: &mut PgConnection,
    id: DeliveryId,
    subscription: &Subscription,
    period: Period,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = period_name(period.start);
    let next = id_of(subscription, Channel::Email, &name);
    sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, due_at, traceparent, created_at)
         select $2, partnership, subscription, person, channel, $6, $7, $8, $3, 'gathering', $4, traceparent, $5
         from deliver.deliveries where id = $1 on conflict do nothing",
    )
    .bind(id.0)
    .bind(next.0)
    .bind(&name)
    .bind(period.due)
    .bind(now)
    .bind(&subscription.name)
    .bind(subscription.cadence.as_str())
    .bind(&subscription.time_zone)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into deliver.delivery_signals (delivery, signal, revision, body)
         select $2, signal, revision, body from deliver.delivery_signals where delivery = $1
         on conflict (delivery, signal) do update set revision = excluded.revision, body = excluded.body
             where delivery_signals.revision < excluded.revision",
    )
    .bind(id.0)
    .bind(next.0)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "update deliver.deliveries set state = 'skipped', reason = 'was paused; comes with the first mail after it'
         where id = $1",
    )
    .bind(id.0)
    .execute(conn)
    .await?;
    Ok(())
}
