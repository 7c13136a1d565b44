//! directory.partnerships and directory.partnership_counties

use skillwire_schemas::partnership::{Partnership, PartnershipCounty};
use skillwire_schemas::{CountyFips, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

/// Partnerships of an installation at most; more need another design of this page.
const PARTNERSHIPS_MAX: i64 = 2_000;

const SELECT: &str = "select p.id, p.name, p.naics_prefixes, p.time_zone,
        array_agg(c.county order by c.county) filter (where c.county is not null) as counties,
        array_agg(c.sub_region order by c.county) filter (where c.county is not null) as sub_regions
     from directory.partnerships p left join directory.partnership_counties c on c.partnership = p.id";

pub(crate) async fn get(pool: &PgPool, id: PartnershipId) -> Result<Option<Partnership>, StoreError> {
    let sql = format!("{SELECT} where p.id = $1 group by p.id");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(pool).await?;
    row.as_ref().map(partnership).transpose()
}

pub(crate) async fn all(pool: &PgPool) -> Result<Vec<Partnership>, StoreError> {
    let sql = format!("{SELECT} group by p.id order by p.name, p.id limit $1");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(PARTNERSHIPS_MAX).fetch_all(pool).await?;
    rows.iter().map(partnership).collect()
}

fn partnership(row: &PgRow) -> Result<Partnership, StoreError> {
    let id: uuid::Uuid = row.try_get("id")?;
    let counties: Vec<String> = row.try_get::<Option<Vec<String>>, _>("counties")?.unwrap_or_default();
    let sub_regions: Vec<Option<String>> =
        row.try_get::<Option<Vec<Option<String>>>, _>("sub_regions")?.unwrap_or_default();
    let counties = counties
        .into_iter()
        .zip(sub_regions)
        .map(|(county, sub_region)| {
            let county = CountyFips::parse(&county)
                .map_err(|e| StoreError::inconsistent("directory.partnership_counties", "county", id, e))?;
            Ok(PartnershipCounty { county, sub_region })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Partnership {
        id: PartnershipId(id),
        name: row.try_get("name")?,
        naics_prefixes: row.try_get("naics_prefixes")?,
        counties,
        time_zone: row.try_get("time_zone")?,
    })
}

pub(crate) async fn put(conn: &mut PgConnection, partnership: &Partnership) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.partnerships (id, name, naics_prefixes, time_zone) values ($1, $2, $3, $4)
         on conflict (id) do update set name = excluded.name, naics_prefixes = excluded.naics_prefixes,
             time_zone = excluded.time_zone",
    )
    .bind(partnership.id.0)
    .bind(&partnership.name)
    .bind(&partnership.naics_prefixes)
    .bind(&partnership.time_zone)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from directory.partnership_counties where partnership = $1")
        .bind(partnership.id.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "insert into directory.partnership_counties (partnership, county, sub_region)
         select $1, c, s from unnest($2::text[], $3::text[]) as u (c, s)",
    )
    .bind(partnership.id.0)
    .bind(partnership.counties.iter().map(|c| c.county.to_string()).collect::<Vec<_>>())
    .bind(partnership.counties.iter().map(|c| c.sub_region.clone()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
