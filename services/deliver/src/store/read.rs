//! deliver.deliveries, as pages and API read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use skillwire_schemas::{Channel, DeliveryId, PartnershipId, PersonId, SignalId, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder, Row};
use utoipa::ToSchema;

use crate::next_step::next_step;
use crate::state::State;

/// A delivery and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryLine {
    pub id: DeliveryId,
    pub subscription: SubscriptionId,
    /// Whose subscription it is.
    pub person: PersonId,
    /// Their name; only staff are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
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
    /// Repeats that staff asked for.
    pub resends: i32,
    /// What happens next.
    pub next: String,
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
    pub id: Option<DeliveryId>,
    pub person: Option<PersonId>,
    pub subscription: Option<SubscriptionId>,
    pub channel: Option<String>,
    pub state: Option<String>,
    pub period: Option<String>,
    /// A signal, and perhaps one revision of it.
    pub signal: Option<(SignalId, Option<i32>)>,
    /// Made then or later.
    pub since: Option<DateTime<Utc>>,
    /// Made before then.
    pub until: Option<DateTime<Utc>>,
    pub before: Option<(DateTime<Utc>, DeliveryId)>,
}

const SELECT: &str =
    "select d.id, d.subscription, d.person, d.name, d.channel, d.period, d.state, d.reason, d.due_at, d.sent_at,
        d.created_at, d.tries, d.uncertain, d.resends, d.subject, d.body_text,
        (select count(*) from deliver.delivery_signals s where s.delivery = d.id) as signals
     from deliver.deliveries d";

/// The condition that a filter is.
pub(super) fn push_filter(query: &mut QueryBuilder<Postgres>, partnership: PartnershipId, filter: &Filter) {
    query.push(" where d.partnership = ").push_bind(partnership.0);
    if let Some(id) = filter.id {
        query.push(" and d.id = ").push_bind(id.0);
    }
    if let Some(person) = filter.person {
        query.push(" and d.person = ").push_bind(person.0);
    }
    if let Some(subscription) = filter.subscription {
        query.push(" and d.subscription = ").push_bind(subscription.0);
    }
    for (column, wanted) in [("channel", &filter.channel), ("state", &filter.state), ("period", &filter.period)] {
        if let Some(wanted) = wanted {
            query.push(format_args!(" and d.{column} = ")).push_bind(wanted.clone());
        }
    }
    if let Some((signal, revision)) = filter.signal {
        query.push(" and exists (select 1 from deliver.delivery_signals s where s.delivery = d.id and s.signal = ");
        query.push_bind(signal.0);
        if let Some(revision) = revision {
            query.push(" and s.revision = ").push_bind(revision);
        }
        query.push(")");
    }
    if let Some(since) = filter.since {
        query.push(" and d.created_at >= ").push_bind(since);
    }
    if let Some(until) = filter.until {
        query.push(" and d.created_at < ").push_bind(until);
    }
    if let Some((at, id)) = filter.before {
        query.push(" and (d.created_at, d.id) < (").push_bind(at).push(", ").push_bind(id.0).push(")");
    }
}

/// Newest first.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<DeliveryLine>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    push_filter(&mut query, partnership, filter);
    query.push(" order by d.created_at desc, d.id desc limit ").push_bind(i64::from(limit));
    query.build().fetch_all(pool).await?.iter().map(line).collect()
}

/// How many there are of a channel in a state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Cell {
    pub channel: String,
    pub state: String,
    pub deliveries: i64,
    /// Of these, those with an attempt whose outcome could not be known.
    pub uncertain: i64,
    /// Of these, those that were sent again by hand.
    pub resent: i64,
}

/// Counts by channel and state.
pub(crate) async fn summary(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
) -> Result<Vec<Cell>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select d.channel, d.state, count(*) as deliveries, count(*) filter (where d.uncertain > 0) as uncertain,
             count(*) filter (where d.resends > 0) as resent from deliver.deliveries d",
    );
    push_filter(&mut query, partnership, filter);
    query.push(" group by 1, 2 order by 1, 2");
    let rows = query.build().fetch_all(pool).await?;
    Ok(rows
        .into_iter()
        .map(|row| Cell {
            channel: row.get("channel"),
            state: row.get("state"),
            deliveries: row.get("deliveries"),
            uncertain: row.get("uncertain"),
            resent: row.get("resent"),
        })
        .collect())
}

/// Revisions of a signal that are shown at most.
const REVISIONS_MAX: i64 = 50;

/// A revision of a signal, and how it went out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RevisionLine {
    pub revision: i32,
    /// What it is about.
    pub label: String,
    /// Deliveries that say it.
    pub deliveries: i64,
    /// Of these, sent.
    pub sent: i64,
}

/// The revisions of a signal that were told, newest first.
pub(crate) async fn revisions(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    signal: SignalId,
) -> Result<Vec<RevisionLine>, StoreError> {
    let rows = sqlx::query(
        "select s.revision, max(s.body->'concept'->>'label') as label, count(*) as deliveries,
             count(*) filter (where d.state = 'sent') as sent
         from deliver.delivery_signals s join deliver.deliveries d on d.id = s.delivery
         where s.signal = $1 and d.partnership = $2 and ($3::uuid is null or d.person = $3)
         group by 1 order by 1 desc limit $4",
    )
    .bind(signal.0)
    .bind(partnership.0)
    .bind(person.map(|p| p.0))
    .bind(REVISIONS_MAX)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RevisionLine {
            revision: row.get("revision"),
            label: row.get::<Option<String>, _>("label").unwrap_or_default(),
            deliveries: row.get("deliveries"),
            sent: row.get("sent"),
        })
        .collect())
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
    Ok(Some((line(&row)?, row.get("body_text"), attempts)))
}

fn line(row: &PgRow) -> Result<DeliveryLine, StoreError> {
    let id = DeliveryId(row.get("id"));
    let bad = |column, why: String| StoreError::inconsistent("deliver.deliveries", column, id, why);
    let (state, channel): (String, String) = (row.get("state"), row.get("channel"));
    let is = State::of(&state).ok_or_else(|| bad("state", format!("'{state}' is none")))?;
    let by = channel.parse::<Channel>().map_err(|e| bad("channel", e.to_string()))?;
    let due_at = row.get("due_at");
    Ok(DeliveryLine {
        id,
        subscription: SubscriptionId(row.get("subscription")),
        person: PersonId(row.get("person")),
        who: None,
        name: row.get("name"),
        next: next_step(is, by, due_at),
        channel,
        period: row.get("period"),
        state,
        reason: row.get("reason"),
        due_at,
        sent_at: row.get("sent_at"),
        created_at: row.get("created_at"),
        tries: row.get("tries"),
        uncertain: row.get("uncertain"),
        resends: row.get("resends"),
        signals: row.get("signals"),
        subject: row.get("subject"),
    })
}
