//! deliver.deliveries, as pages and API read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use utoipa::ToSchema;

/// A delivery and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryLine {
    pub id: DeliveryId,
    pub subscription: SubscriptionId,
    /// The subscription's name.
    pub name: String,
    /// email, stream, webhook or feed.
    pub channel: String,
    /// Begin of the period (mail), or the event (stream, webhook, feed).
    pub period: String,
    /// gathering, held, waiting, sending, handing_over, sent, bounced, uncertain, failed or skipped.
    pub state: String,
    /// Why, if there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it goes, or goes again.
    pub due_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Attempts so far.
    pub tries: i32,
    /// Attempts whose outcome could not be known.
    pub uncertain: i32,
    /// Signals in it.
    pub signals: i64,
    /// Subject line, once it is frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// An attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AttemptLine {
    pub number: i32,
    pub began_at: DateTime<Utc>,
    /// began, handing_over or done.
    pub phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What the other side said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// Which deliveries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub person: Option<PersonId>,
    pub subscription: Option<SubscriptionId>,
    pub channel: Option<String>,
    pub state: Option<String>,
    pub before: Option<(DateTime<Utc>, DeliveryId)>,
}

const SELECT: &str = "select d.id, d.subscription, d.name, d.channel, d.period, d.state, d.reason, d.due_at, d.sent_at,
        d.created_at, d.tries, d.uncertain, d.subject, d.body_text,
        (select count(*) from deliver.delivery_signals s where s.delivery = d.id) as signals
     from deliver.deliveries d";

/// Newest first.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<DeliveryLine>, StoreError> {
    let sql = format!(
        "{SELECT} where d.partnership = $1 and ($2::uuid is null or d.person = $2) and ($3::text is null or d.channel = $3)
           and ($4::text is null or d.state = $4) and ($5::timestamptz is null or (d.created_at, d.id) < ($5, $6::uuid))
           and ($8::uuid is null or d.subscription = $8)
         order by d.created_at desc, d.id desc limit $7"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(partnership.0)
        .bind(filter.person.map(|p| p.0))
        .bind(&filter.channel)
        .bind(&filter.state)
        .bind(filter.before.map(|(at, _)| at))
        .bind(filter.before.map(|(_, id)| id.0))
        .bind(i64::from(limit))
        .bind(filter.subscription.map(|s| s.0))
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(line).collect())
}

/// A delivery with its text and its attempts.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: DeliveryId,
) -> Result<Option<(DeliveryLine, Option<String>, Vec<AttemptLine>)>, StoreError> {
    let sql = format!("{SELECT} where d.id = $1 and d.partnership = $2 and ($3::uuid is null or d.person = $3)");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id.0)
        .bind(partnership.0)
        .bind(person.map(|p| p.0))
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts = sqlx::query(
        "select number, began_at, phase, outcome, reply from deliver.attempts
         where delivery = $1 order by number desc limit 100",
    )
    .bind(id.0)
    .fetch_all(pool)
    .await?;
    let attempts = attempts
        .into_iter()
        .map(|row| AttemptLine {
            number: row.get("number"),
            began_at: row.get("began_at"),
            phase: row.get("phase"),
            outcome: row.get("outcome"),
            reply: row.get("reply"),
        })
        .collect();
    Ok(Some((line(&row), row.get("body_text"), attempts)))
}

/// Makes a failed delivery, one that came back, or one that nobody knows of, wait for another attempt; or one that is being gathered go now.
/// Whether there was one in such a state.
pub(crate) async fn send_now(
    pool: &PgPool,
    partnership: PartnershipId,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.deliveries set due_at = $3, first_try_at = null, round_from = tries,
             state = case when state = 'gathering' then 'gathering' else 'waiting' end
         where id = $1 and partnership = $2 and state in ('gathering', 'waiting', 'failed', 'uncertain', 'bounced')",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn line(row: &PgRow) -> DeliveryLine {
    DeliveryLine {
        id: DeliveryId(row.get("id")),
        subscription: SubscriptionId(row.get("subscription")),
        name: row.get("name"),
        channel: row.get("channel"),
        period: row.get("period"),
        state: row.get("state"),
        reason: row.get("reason"),
        due_at: row.get("due_at"),
        sent_at: row.get("sent_at"),
        created_at: row.get("created_at"),
        tries: row.get("tries"),
        uncertain: row.get("uncertain"),
        signals: row.get("signals"),
        subject: row.get("subject"),
    }
}
