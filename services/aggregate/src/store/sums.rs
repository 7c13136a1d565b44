//! aggregate.shares and aggregate.wages

use std::collections::HashMap;

use skillwire_schemas::{CountyFips, OrganizationId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::count::{Change, ShareKey, ShareSum, WageKey};
use crate::fold::{Share, Sums, Wages};
use crate::group::{Group, Moment};

/// Adds a change. In one order for all copies (the map's); a sum that becomes nothing goes.
pub(crate) async fn add(conn: &mut PgConnection, change: &Change) -> Result<(), StoreError> {
    if !change.shares.is_empty() {
        add_shares(conn, change).await?;
    }
    if !change.wages.is_empty() {
        add_wages(conn, change).await?;
    }
    Ok(())
}

fn county(county: Option<CountyFips>) -> String {
    county.map(|c| c.to_string()).unwrap_or_default()
}

async fn add_shares(conn: &mut PgConnection, change: &Change) -> Result<(), StoreError> {
    let (keys, sums): (Vec<&ShareKey>, Vec<&ShareSum>) = change.shares.iter().unzip();
    let rows = sqlx::query(
        "insert into aggregate.shares as s (partnership, concept, horizon, moment, employer, county, naics3, needs,
             openings_new, openings_replacement, needs_levelled, openings_required, needs_paid, texts, texts_unmatched)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
             $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
         on conflict (partnership, concept, horizon, moment, employer, county, naics3) do update set
             needs = s.needs + excluded.needs, openings_new = s.openings_new + excluded.openings_new,
             openings_replacement = s.openings_replacement + excluded.openings_replacement,
             needs_levelled = s.needs_levelled + excluded.needs_levelled,
             openings_required = s.openings_required + excluded.openings_required,
             needs_paid = s.needs_paid + excluded.needs_paid, texts = s.texts + excluded.texts,
             texts_unmatched = s.texts_unmatched + excluded.texts_unmatched
         returning concept, least(needs, openings_new, openings_replacement, needs_levelled, openings_required, needs_paid, texts,
             texts_unmatched) < 0 as wrong",
    )
    .bind(keys.iter().map(|k| k.group.partnership.0).collect::<Vec<Uuid>>())
    .bind(keys.iter().map(|k| k.group.concept.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.group.horizon.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.moment.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.employer.0).collect::<Vec<Uuid>>())
    .bind(keys.iter().map(|k| county(k.county)).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.naics3.clone().unwrap_or_default()).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.needs).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.new).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.replacement).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.levelled).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.required).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.paid).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.texts).collect::<Vec<_>>())
    .bind(sums.iter().map(|s| s.unmatched).collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    above_nothing(&rows, "aggregate.shares")?;
    let less: Vec<&ShareKey> = change.shares.iter().filter(|(_, sum)| sum.needs < 0).map(|(key, _)| key).collect();
    if less.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from aggregate.shares s
         using unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
             as u (partnership, concept, horizon, moment, employer, county, naics3)
         where s.partnership = u.partnership and s.concept = u.concept and s.horizon = u.horizon and s.moment = u.moment
             and s.employer = u.employer and s.county = u.county and s.naics3 = u.naics3 and s.needs = 0",
    )
    .bind(less.iter().map(|k| k.group.partnership.0).collect::<Vec<Uuid>>())
    .bind(less.iter().map(|k| k.group.concept.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.group.horizon.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.moment.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.employer.0).collect::<Vec<Uuid>>())
    .bind(less.iter().map(|k| county(k.county)).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.naics3.clone().unwrap_or_default()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

async fn add_wages(conn: &mut PgConnection, change: &Change) -> Result<(), StoreError> {
    let (keys, needs): (Vec<&WageKey>, Vec<i64>) = change.wages.iter().unzip();
    let rows = sqlx::query(
        "insert into aggregate.wages as w (partnership, concept, horizon, moment, county, cents, needs)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
         on conflict (partnership, concept, horizon, moment, county, cents) do update set needs = w.needs + excluded.needs
         returning concept, needs < 0 as wrong",
    )
    .bind(keys.iter().map(|k| k.group.partnership.0).collect::<Vec<Uuid>>())
    .bind(keys.iter().map(|k| k.group.concept.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.group.horizon.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.moment.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| county(k.county)).collect::<Vec<_>>())
    .bind(keys.iter().map(|k| k.cents).collect::<Vec<_>>())
    .bind(&needs)
    .fetch_all(&mut *conn)
    .await?;
    above_nothing(&rows, "aggregate.wages")?;
    let less: Vec<&WageKey> = change.wages.iter().filter(|(_, needs)| **needs < 0).map(|(key, _)| key).collect();
    if less.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from aggregate.wages w using unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
             as u (partnership, concept, horizon, moment, county, cents)
         where w.partnership = u.partnership and w.concept = u.concept and w.horizon = u.horizon and w.moment = u.moment
             and w.county = u.county and w.cents = u.cents and w.needs = 0",
    )
    .bind(less.iter().map(|k| k.group.partnership.0).collect::<Vec<Uuid>>())
    .bind(less.iter().map(|k| k.group.concept.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.group.horizon.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.moment.as_str()).collect::<Vec<_>>())
    .bind(less.iter().map(|k| county(k.county)).collect::<Vec<_>>())
    .bind(less.iter().map(|k| k.cents).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// More was taken out of a sum than was ever put in: `counted` and the sums do not belong together.
fn above_nothing(rows: &[PgRow], table: &'static str) -> Result<(), StoreError> {
    match rows.iter().find(|row| row.get("wrong")) {
        Some(row) => {
            Err(StoreError::inconsistent(table, "needs", row.get::<String, _>("concept"), "it is below nothing"))
        }
        None => Ok(()),
    }
}

/// The sums of these groups.
pub(crate) async fn of_groups(
    conn: &mut PgConnection,
    groups: &[Group],
) -> Result<HashMap<(Group, Moment), Sums>, StoreError> {
    let mut found: HashMap<(Group, Moment), Sums> = HashMap::new();
    let shares = "select s.* from unnest($1::uuid[], $2::text[], $3::text[]) as u (partnership, concept, horizon)
         join aggregate.shares s using (partnership, concept, horizon) where s.needs > 0";
    for row in &rows(conn, shares, groups).await? {
        found.entry(key(row, "aggregate.shares")?).or_default().shares.push(share(row)?);
    }
    let wages = "select w.* from unnest($1::uuid[], $2::text[], $3::text[]) as u (partnership, concept, horizon)
         join aggregate.wages w using (partnership, concept, horizon) where w.needs > 0";
    for row in &rows(conn, wages, groups).await? {
        let wages =
            Wages { county: place(row, "aggregate.wages")?, cents: row.get("cents"), needs: whole(row, "needs") };
        found.entry(key(row, "aggregate.wages")?).or_default().wages.push(wages);
    }
    Ok(found)
}

async fn rows(conn: &mut PgConnection, sql: &'static str, groups: &[Group]) -> Result<Vec<PgRow>, StoreError> {
    Ok(sqlx::query(sql)
        .bind(groups.iter().map(|g| g.partnership.0).collect::<Vec<Uuid>>())
        .bind(groups.iter().map(|g| g.concept.as_str()).collect::<Vec<_>>())
        .bind(groups.iter().map(|g| g.horizon.as_str()).collect::<Vec<_>>())
        .fetch_all(conn)
        .await?)
}

fn key(row: &PgRow, table: &'static str) -> Result<(Group, Moment), StoreError> {
    let (concept, horizon, moment): (String, String, String) =
        (row.get("concept"), row.get("horizon"), row.get("moment"));
    let horizon = horizon.parse().map_err(|e| StoreError::inconsistent(table, "horizon", &concept, e))?;
    let moment = Moment::of(&moment).ok_or_else(|| StoreError::inconsistent(table, "moment", &concept, &moment))?;
    Ok((Group { partnership: PartnershipId(row.get("partnership")), concept, horizon }, moment))
}

fn place(row: &PgRow, table: &'static str) -> Result<Option<CountyFips>, StoreError> {
    let text: String = row.get("county");
    if text.is_empty() {
        return Ok(None);
    }
    CountyFips::parse(&text).map(Some).map_err(|e| StoreError::inconsistent(table, "county", &text, e))
}

/// Of a sum, which is never below nothing.
fn whole(row: &PgRow, column: &str) -> u64 {
    u64::try_from(row.get::<i64, _>(column)).unwrap_or_default()
}

fn share(row: &PgRow) -> Result<Share, StoreError> {
    let naics3: String = row.get("naics3");
    Ok(Share {
        employer: OrganizationId(row.get("employer")),
        naics3: (!naics3.is_empty()).then_some(naics3),
        county: place(row, "aggregate.shares")?,
        new: whole(row, "openings_new"),
        replacement: whole(row, "openings_replacement"),
        required: (whole(row, "needs_levelled") > 0).then(|| whole(row, "openings_required")),
        paid: whole(row, "needs_paid") > 0,
        texts: whole(row, "texts"),
        unmatched: whole(row, "texts_unmatched"),
    })
}
