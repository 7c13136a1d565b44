//! deliver.deliveries by mail: what one says, and copies of it for who asks.

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::compose::About;
use crate::digest::{Picture, Words};

/// Tests that a person may ask for within [`TESTS_WITHIN`].
const TESTS_MAX: i64 = 10;
/// See [`TESTS_MAX`].
const TESTS_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What a mail is about, of a row with these columns.
pub(super) fn about(row: &PgRow) -> About {
    About {
        id: DeliveryId(row.get("id")),
        subscription: skillwire_schemas::SubscriptionId(row.get("subscription")),
        name: row.get("name"),
        cadence: row.get("cadence"),
        time_zone: row.get("time_zone"),
        period: row.get("period"),
        traceparent: row.get("traceparent"),
    }
}

/// The frozen words of a row with these columns.
pub(super) fn words(row: &PgRow) -> Option<Words> {
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let subject = text("subject")?;
    let picture = row.get::<Option<Vec<u8>>, _>("picture_png");
    Some(Words {
        subject,
        text: text("body_text").unwrap_or_default(),
        html: text("body_html").unwrap_or_default(),
        picture: picture.map(|png| Picture { alt: text("picture_alt").unwrap_or_default(), png }),
    })
}

/// A mail delivery, and its words if they are frozen.
pub(crate) async fn get(
    db: &Db,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: DeliveryId,
) -> Result<Option<(About, Option<Words>)>, StoreError> {
    let row = sqlx::query(
        "select id, subscription, name, cadence, time_zone, period, traceparent, subject, body_text, body_html,
             picture_alt, picture_png
         from deliver.deliveries
         where id = $1 and partnership = $2 and ($3::uuid is null or person = $3) and channel = 'email'",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(person.map(|p| p.0))
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| (about(&row), words(&row))))
}

/// Puts a copy of a mail with these words among the deliveries, for the person who asked. It is no digest: it has a period of
/// its own, carries no signals, and nothing counts as told by it. `None`: they asked too often.
pub(crate) async fn copy(
    db: &Db,
    of: DeliveryId,
    to: PersonId,
    id: DeliveryId,
    words: &Words,
    now: DateTime<Utc>,
) -> Result<Option<DeliveryId>, StoreError> {
    let done = sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, due_at, subject, body_text, body_html, picture_alt, picture_png, frozen_at, traceparent, created_at)
         select $2, d.partnership, d.subscription, $3, 'email', d.name, d.cadence, d.time_zone, 'test ' || $2::text, 'waiting', $4, $5, $6,
             $7, $8, $9, $4, d.traceparent, $4
         from deliver.deliveries d
         where d.id = $1 and (select count(*) from deliver.deliveries t
             where t.partnership = d.partnership and t.person = $3 and t.period like 'test %' and t.created_at > $10) < $11",
    )
    .bind(of.0)
    .bind(id.0)
    .bind(to.0)
    .bind(now)
    .bind(format!("[Test] {}", words.subject))
    .bind(&words.text)
    .bind(&words.html)
    .bind(words.picture.as_ref().map(|picture| &picture.alt))
    .bind(words.picture.as_ref().map(|picture| &picture.png))
    .bind(now - TESTS_WITHIN)
    .bind(TESTS_MAX)
    .execute(db.pool())
    .await?;
    Ok((done.rows_affected() == 1).then_some(id))
}
