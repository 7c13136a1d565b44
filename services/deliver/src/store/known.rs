//! deliver.subscriptions, and what follows from a change for deliver.endpoints.

use chrono::{DateTime, Utc};
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_schemas::{Channel, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Keeps changes; gives those that are news (a change that comes after its successor is not).
pub(crate) async fn learn<'a>(
    conn: &mut PgConnection,
    changes: &[&'a SubscriptionChanged],
    now: DateTime<Utc>,
) -> Result<Vec<&'a SubscriptionChanged>, StoreError> {
    let mut news = Vec::new();
    // Rare: people change subscriptions by hand.
    for change in changes {
        let s = &change.subscription;
        let done = sqlx::query(
            "insert into deliver.subscriptions as k (id, version, partnership, person, name, channels, ended, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (id) do update set version = excluded.version, person = excluded.person, name = excluded.name,
                 channels = excluded.channels, ended = excluded.ended, changed_at = excluded.changed_at
                 where k.version < excluded.version",
        )
        .bind(s.id.0)
        .bind(change.version)
        .bind(s.partnership.0)
        .bind(s.person.0)
        .bind(&s.name)
        .bind(s.channels.iter().map(|c| c.as_str()).collect::<Vec<_>>())
        .bind(change.ended)
        .bind(now)
        .execute(&mut *conn)
        .await?;
        if done.rows_affected() == 1 {
            news.push(*change);
        }
    }
    Ok(news)
}

/// Makes, changes or ends the endpoint of a changed subscription. Another address begins with a clean slate and keeps its
/// secret; an ended one loses it.
pub(crate) async fn endpoint(
    conn: &mut PgConnection,
    change: &SubscriptionChanged,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let s = &change.subscription;
    let url = s.webhook_url.as_deref().filter(|_| !change.ended && s.channels.contains(&Channel::Webhook));
    let Some(url) = url else {
        sqlx::query(
            "update deliver.endpoints set state = 'ended', reason = null, secret = null, previous_secret = null,
                 previous_until = null, secret_made_at = null, updated_at = $2 where subscription = $1 and state <> 'ended'",
        )
        .bind(s.id.0)
        .bind(now)
        .execute(conn)
        .await?;
        return Ok(());
    };
    sqlx::query(
        "insert into deliver.endpoints as e (subscription, partnership, person, name, url, state, created_at, updated_at)
         values ($1, $2, $3, $4, $5, 'on', $6, $6)
         on conflict (subscription) do update set person = excluded.person, name = excluded.name, url = excluded.url,
             updated_at = excluded.updated_at,
             state = case when e.url <> excluded.url or e.state = 'ended' then 'on' else e.state end,
             reason = case when e.url <> excluded.url then null else e.reason end,
             disabled_at = case when e.url <> excluded.url then null else e.disabled_at end,
             failures = case when e.url <> excluded.url then 0 else e.failures end,
             open_until = case when e.url <> excluded.url then null else e.open_until end,
             probe_until = null,
             failing_since = case when e.url <> excluded.url then null else e.failing_since end",
    )
    .bind(s.id.0)
    .bind(s.partnership.0)
    .bind(s.person.0)
    .bind(&s.name)
    .bind(url)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the credentials of a stream out of force when its subscription has no stream any more.
pub(crate) async fn stream(
    conn: &mut PgConnection,
    change: &SubscriptionChanged,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let s = &change.subscription;
    if change.ended || !s.channels.contains(&Channel::Stream) {
        super::streams::revoke(conn, s.id, now).await?;
    }
    Ok(())
}

/// Which of these subscriptions were ended: nothing more is opened for them.
pub(crate) async fn ended(
    conn: &mut PgConnection,
    ids: &[SubscriptionId],
) -> Result<std::collections::HashSet<SubscriptionId>, StoreError> {
    let rows = sqlx::query("select id from deliver.subscriptions where id = any($1) and ended")
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| SubscriptionId(row.get("id"))).collect())
}
