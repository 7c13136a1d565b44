//! How deliveries stand, over all partnerships, for gauges. Every part is read from a partial index of what is open.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// How a channel stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChannelStand {
    /// Due, and not held up by a pause, a missing secret or a breaker.
    pub overdue: i64,
    /// When the first of them was due.
    pub oldest: Option<DateTime<Utc>>,
    /// Nobody knows whether they arrived.
    pub uncertain: i64,
}

/// How all stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stand {
    pub channels: HashMap<String, ChannelStand>,
    pub late_digests: i64,
    pub open_breakers: i64,
    pub disabled_webhooks: i64,
}

/// Looks.
pub(crate) async fn stand(db: &Db, now: DateTime<Utc>, late: TimeDelta) -> Result<Stand, StoreError> {
    let mut stand = Stand::default();
    let rows = sqlx::query(
        "select d.channel, count(*) as n, min(d.due_at) as oldest,
             count(*) filter (where d.state = 'gathering' and d.due_at <= $2) as late
         from deliver.deliveries d
         left join deliver.subscriptions s on s.subscription = d.subscription
         left join deliver.endpoints e on e.subscription = d.subscription and d.channel = 'webhook'
         where d.state in ('gathering', 'waiting') and d.due_at <= $1 and s.ended is not true and s.paused is not true
           and (d.channel <> 'webhook'
                or e.state = 'on' and e.secret is not null and (e.open_until is null or e.open_until <= $1))
         group by 1",
    )
    .bind(now)
    .bind(now - late)
    .fetch_all(db.pool())
    .await?;
    for row in rows {
        let of = stand.channels.entry(row.get("channel")).or_default();
        (of.overdue, of.oldest) = (row.get("n"), row.get("oldest"));
        stand.late_digests += row.get::<i64, _>("late");
    }
    let unknown = "select channel, count(*) as n from deliver.deliveries where state = 'uncertain' group by 1";
    for row in sqlx::query(unknown).fetch_all(db.pool()).await? {
        stand.channels.entry(row.get("channel")).or_default().uncertain = row.get("n");
    }
    let endpoints = sqlx::query(
        "select count(*) filter (where state = 'on' and open_until > $1) as open,
             count(*) filter (where state = 'disabled') as disabled from deliver.endpoints",
    )
    .bind(now)
    .fetch_one(db.pool())
    .await?;
    (stand.open_breakers, stand.disabled_webhooks) = (endpoints.get("open"), endpoints.get("disabled"));
    Ok(stand)
}
