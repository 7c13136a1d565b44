//! normalize.releases and what belongs to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use skillwire_schemas::PartnershipId;
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};

use super::rows::{self, ConceptRow, RelationRow};
use crate::bundle::{Bundle, Scheme};
use crate::matcher::MatchKind;

/// Rows of one statement.
const BATCH_ROWS: usize = 2_000;
/// Releases of a scheme that are kept beside the one in force.
const RELEASES_KEPT: i64 = 3;
/// Imports go one after the other (pg_advisory_xact_lock).
const IMPORT_LOCK: i64 = 0x5357_5441_584f;

/// A release as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// Which scheme, and where it comes from.
    pub scheme: Scheme,
    /// How much of what it holds.
    pub counts: BTreeMap<String, u64>,
    /// When it was imported.
    pub imported_at: DateTime<Utc>,
    /// Whether it is in force.
    pub active: bool,
    /// Whether needs are still to be read again because of it.
    pub pending: bool,
}

/// The version in force and the display scheme of a partnership. The version holds until the transaction ends.
pub(crate) async fn in_force(
    conn: &mut PgConnection,
    partnership: PartnershipId,
) -> Result<(i64, Option<String>), StoreError> {
    let row = sqlx::query(
        "select version, (select scheme from normalize.displays where partnership = $1) as display
         from normalize.taxonomy for share",
    )
    .bind(partnership.0)
    .fetch_one(conn)
    .await?;
    Ok((row.get("version"), row.get("display")))
}

/// The same without a lock: for pages, which may show what is just going.
pub(crate) async fn seen(pool: &PgPool, partnership: PartnershipId) -> Result<(i64, Option<String>), StoreError> {
    let row = sqlx::query(
        "select version, (select scheme from normalize.displays where partnership = $1) as display
         from normalize.taxonomy",
    )
    .bind(partnership.0)
    .fetch_one(pool)
    .await?;
    Ok((row.get("version"), row.get("display")))
}

/// Waits for other imports; none begins before this transaction ends.
pub(crate) async fn lock_imports(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(IMPORT_LOCK).execute(conn).await?;
    Ok(())
}

/// Makes what was changed known to every copy: waits for those that are reading with what was.
pub(crate) async fn next_version(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("update normalize.taxonomy set version = version + 1").execute(conn).await?;
    Ok(())
}

/// All releases, those in force first.
pub(crate) async fn releases(pool: &PgPool) -> Result<Vec<Release>, StoreError> {
    let rows = sqlx::query(
        "select *, touched is not null as pending from normalize.releases order by active desc, scheme, id desc",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Release {
                scheme: scheme(row),
                counts: row.try_get::<Json<BTreeMap<String, u64>>, _>("counts")?.0,
                imported_at: row.get("imported_at"),
                active: row.get("active"),
                pending: row.get("pending"),
            })
        })
        .collect()
}

fn scheme(row: &PgRow) -> Scheme {
    Scheme {
        scheme: row.get("scheme"),
        title: row.get("title"),
        release: row.get("release"),
        publisher: row.get("publisher"),
        licence: row.get("licence"),
        source: row.get("source"),
    }
}

/// The releases in force, each as a bundle of its one scheme, in order of their names. Without texts when not asked for them.
pub(crate) async fn active(
    conn: &mut PgConnection,
    only: Option<&str>,
    with_texts: bool,
) -> Result<Vec<Bundle>, StoreError> {
    let releases = sqlx::query(
        "select * from normalize.releases where active and ($1::text is null or scheme = $1) order by scheme",
    )
    .bind(only)
    .fetch_all(&mut *conn)
    .await?;
    let mut bundles = Vec::with_capacity(releases.len());
    for release in &releases {
        let id: i64 = release.get("id");
        let concepts = sqlx::query(
            "select id, kind, label, description, status, replaced_by, broader, sectors, names, called, sources,
                 case when $2 then sorts else '{}' end as sorts, case when $2 then texts else '{}' end as texts
             from normalize.concepts where release = $1 order by id collate \"C\"",
        )
        .bind(id)
        .bind(with_texts)
        .fetch_all(&mut *conn)
        .await?;
        let relations = sqlx::query(
            "select id, relation, others from normalize.relations where release = $1 order by id collate \"C\", relation",
        )
        .bind(id)
        .fetch_all(&mut *conn)
        .await?;
        let scheme = scheme(release);
        bundles.push(rows::bundle(scheme, &concepts, &relations)?);
    }
    Ok(bundles)
}

/// Writes a release that is not in force yet.
pub(crate) async fn insert(conn: &mut PgConnection, bundle: &Bundle, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let scheme = bundle.manifest.schemes.first().cloned().unwrap_or_default();
    let row = sqlx::query(
        "insert into normalize.releases (scheme, release, title, publisher, licence, source, counts, imported_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
    )
    .bind(&scheme.scheme)
    .bind(&scheme.release)
    .bind(&scheme.title)
    .bind(&scheme.publisher)
    .bind(&scheme.licence)
    .bind(&scheme.source)
    .bind(Json(&bundle.manifest.counts))
    .bind(now)
    .fetch_one(&mut *conn)
    .await?;
    let id: i64 = row.get("id");
    let concepts: Vec<ConceptRow> = rows::concepts(bundle);
    for batch in concepts.chunks(BATCH_ROWS) {
        sqlx::query(
            "insert into normalize.concepts (release, id, kind, label, description, status, replaced_by, broader, sectors,
                 names, called, sources, sorts, texts)
             select $1, c.* from jsonb_to_recordset($2) as c (id text, kind text, label text, description text, status text,
                 replaced_by text[], broader text[], sectors text[], names text[], called text[], sources text[],
                 sorts text[], texts text[])",
        )
        .bind(id)
        .bind(Json(batch))
        .execute(&mut *conn)
        .await?;
    }
    let relations: Vec<RelationRow> = rows::relations(bundle);
    for batch in relations.chunks(BATCH_ROWS) {
        sqlx::query(
            "insert into normalize.relations (release, id, relation, others)
             select $1, r.* from jsonb_to_recordset($2) as r (id text, relation text, others text[])",
        )
        .bind(id)
        .bind(Json(batch))
        .execute(&mut *conn)
        .await?;
    }
    Ok(id)
}

/// Puts a release in force in the place of the one before it, and forgets those that are too old. What the one before has
/// Keeps what was learned from a release.
pub(crate) async fn insert_model(
    conn: &mut PgConnection,
    release: i64,
    kind: MatchKind,
    model: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("insert into normalize.models (release, kind, model) values ($1, $2, $3)")
        .bind(release)
        .bind(kind.as_str())
        .bind(model)
        .execute(conn)
        .await?;
    Ok(())
}

/// What was learned from the releases in force: scheme, kind, model.
pub(crate) async fn models(conn: &mut PgConnection) -> Result<Vec<(String, MatchKind, Vec<u8>)>, StoreError> {
    let rows = sqlx::query(
        "select r.scheme, m.kind, m.model from normalize.models m join normalize.releases r on r.id = m.release
         where r.active order by r.scheme, m.kind",
    )
    .fetch_all(conn)
    .await?;
    let kind = |word: &str| MatchKind::TAUGHT.into_iter().find(|kind| kind.as_str() == word);
    Ok(rows.iter().filter_map(|row| Some((row.get("scheme"), kind(row.get("kind"))?, row.get("model")))).collect())
}

/// still to have read again goes over to it.
pub(crate) async fn activate(
    conn: &mut PgConnection,
    scheme: &str,
    id: i64,
    touched: &[String],
) -> Result<(), StoreError> {
    sqlx::query(
        "update normalize.releases set touched = $3::text[] || coalesce(
             (select touched from normalize.releases where scheme = $1 and active), '{}') where id = $2",
    )
    .bind(scheme)
    .bind(id)
    .bind(touched)
    .execute(&mut *conn)
    .await?;
    sqlx::query("update normalize.releases set active = false, touched = null where scheme = $1 and active")
        .bind(scheme)
        .execute(&mut *conn)
        .await?;
    sqlx::query("update normalize.releases set active = true where id = $1").bind(id).execute(&mut *conn).await?;
    sqlx::query(
        "delete from normalize.releases where id in (
             select id from normalize.releases where scheme = $1 and not active order by id desc offset $2)",
    )
    .bind(scheme)
    .bind(RELEASES_KEPT)
    .execute(conn)
    .await?;
    Ok(())
}

/// What is still to be read again: the releases that want it, and the concepts that they changed.
pub(crate) async fn touched(conn: &mut PgConnection) -> Result<(Vec<i64>, Vec<String>), StoreError> {
    let rows = sqlx::query("select id, touched from normalize.releases where touched is not null order by id")
        .fetch_all(conn)
        .await?;
    let concepts = rows.iter().flat_map(|row| row.get::<Vec<String>, _>("touched")).collect();
    Ok((rows.iter().map(|row| row.get("id")).collect(), concepts))
}

/// Notes that it was. What an import has added meanwhile stands in another release and stays.
pub(crate) async fn settle(pool: &PgPool, releases: &[i64]) -> Result<(), StoreError> {
    sqlx::query("update normalize.releases set touched = null where id = any($1)").bind(releases).execute(pool).await?;
    Ok(())
}

/// Sets the display scheme of a partnership, or takes it away; whether that is a change.
pub(crate) async fn set_display(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    scheme: Option<&str>,
) -> Result<bool, StoreError> {
    let done = match scheme {
        Some(scheme) => {
            sqlx::query(
                "insert into normalize.displays as d (partnership, scheme) values ($1, $2)
                 on conflict (partnership) do update set scheme = excluded.scheme where d.scheme <> excluded.scheme",
            )
            .bind(partnership.0)
            .bind(scheme)
            .execute(conn)
            .await?
        }
        None => {
            sqlx::query("delete from normalize.displays where partnership = $1")
                .bind(partnership.0)
                .execute(conn)
                .await?
        }
    };
    Ok(done.rows_affected() > 0)
}

/// The display schemes that partnerships have chosen.
pub(crate) async fn displays(pool: &PgPool) -> Result<Vec<(PartnershipId, String)>, StoreError> {
    let rows = sqlx::query("select partnership, scheme from normalize.displays order by 1").fetch_all(pool).await?;
    Ok(rows.iter().map(|row| (PartnershipId(row.get("partnership")), row.get("scheme"))).collect())
}
