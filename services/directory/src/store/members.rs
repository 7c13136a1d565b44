//! directory.organizations, directory.people, directory.roles

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use skillwire_schemas::partnership::{Organization, OrganizationKind, Role};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// What somebody is in a partnership.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub person: PersonId,
    pub person_name: String,
    pub partnership: PartnershipId,
    pub partnership_name: String,
    pub organization: Organization,
    pub roles: BTreeSet<Role>,
}

impl Membership {
    /// Whether staff may take it away: an operator's role is not theirs.
    pub(crate) fn is_removable(&self) -> bool {
        self.roles.iter().any(|role| *role != Role::Operator)
    }
}

pub(crate) async fn organization(
    pool: &PgPool,
    partnership: PartnershipId,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let row =
        sqlx::query("select id, name, kind, naics from directory.organizations where partnership = $1 and id = $2")
            .bind(partnership.0)
            .bind(id.0)
            .fetch_optional(pool)
            .await?;
    row.as_ref().map(read_organization).transpose()
}

pub(crate) async fn organizations(
    pool: &PgPool,
    partnership: PartnershipId,
    after: Option<(String, OrganizationId)>,
    limit: u32,
) -> Result<Vec<Organization>, StoreError> {
    let rows = sqlx::query(
        "select id, name, kind, naics from directory.organizations where partnership = $1
           and ($2::text is null or (lower(name), id) > (lower($2), $3::uuid))
         order by lower(name), id limit $4",
    )
    .bind(partnership.0)
    .bind(after.as_ref().map(|(name, _)| name))
    .bind(after.as_ref().map(|(_, id)| id.0))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(read_organization).collect()
}

fn read_organization(row: &PgRow) -> Result<Organization, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let kind: String = row.try_get("kind")?;
    let kind = kind
        .parse::<OrganizationKind>()
        .map_err(|e| StoreError::inconsistent("directory.organizations", "kind", id, e))?;
    Ok(Organization { id: OrganizationId(id), name: row.try_get("name")?, kind, naics: row.try_get("naics")? })
}

pub(crate) async fn put_organization(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    organization: &Organization,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.organizations (partnership, id, name, kind, naics) values ($1, $2, $3, $4, $5)
         on conflict (partnership, id) do update set name = excluded.name, kind = excluded.kind, naics = excluded.naics",
    )
    .bind(partnership.0)
    .bind(organization.id.0)
    .bind(&organization.name)
    .bind(organization.kind.as_str())
    .bind(&organization.naics)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a person; the one who has that address already stays who they are.
pub(crate) async fn put_person(
    conn: &mut PgConnection,
    id: PersonId,
    name: &str,
    address: &str,
) -> Result<PersonId, StoreError> {
    let row = sqlx::query(
        "insert into directory.people (id, name, address) values ($1, $2, $3)
         on conflict (address) do update set name = directory.people.name returning id",
    )
    .bind(id.0)
    .bind(name)
    .bind(address)
    .fetch_one(conn)
    .await?;
    Ok(PersonId(row.get("id")))
}

pub(crate) async fn grant(
    conn: &mut PgConnection,
    person: PersonId,
    partnership: PartnershipId,
    organization: OrganizationId,
    role: Role,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.roles (person, partnership, organization, role) values ($1, $2, $3, $4)
         on conflict do nothing",
    )
    .bind(person.0)
    .bind(partnership.0)
    .bind(organization.0)
    .bind(role.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn person_by_address(pool: &PgPool, address: &str) -> Result<Option<PersonId>, StoreError> {
    let row = sqlx::query("select id from directory.people where address = $1 and removed_at is null")
        .bind(address)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| PersonId(row.get("id"))))
}

/// Name and address of a person who is still there.
pub(crate) async fn contact(pool: &PgPool, person: PersonId) -> Result<Option<(String, String)>, StoreError> {
    let row = sqlx::query("select name, address from directory.people where id = $1 and removed_at is null")
        .bind(person.0)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| (row.get("name"), row.get("address"))))
}

/// The names of people that are there.
pub(crate) async fn names(pool: &PgPool, people: &[PersonId]) -> Result<HashMap<PersonId, String>, StoreError> {
    let rows = sqlx::query("select id, name from directory.people where id = any($1) and removed_at is null")
        .bind(people.iter().map(|person| person.0).collect::<Vec<Uuid>>())
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| (PersonId(row.get("id")), row.get("name"))).collect())
}

const MEMBERSHIPS: &str = "select r.person, p.name as person_name, r.partnership, s.name as partnership_name,
        o.id, o.name, o.kind, o.naics, array_agg(r.role) as roles
     from directory.roles r
     join directory.people p on p.id = r.person and p.removed_at is null
     join directory.partnerships s on s.id = r.partnership
     join directory.organizations o on o.partnership = r.partnership and o.id = r.organization";
const GROUP: &str = "group by r.person, p.name, r.partnership, s.name, o.partnership, o.id, o.name, o.kind, o.naics";

/// What a person is, everywhere (at most 100 places).
pub(crate) async fn memberships_of(pool: &PgPool, person: PersonId) -> Result<Vec<Membership>, StoreError> {
    let sql = format!("{MEMBERSHIPS} where r.person = $1 {GROUP} order by s.name, o.name limit 100");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(person.0).fetch_all(pool).await?;
    rows.iter().map(membership).collect()
}

/// What a person is in one place.
pub(crate) async fn membership_at(
    pool: &PgPool,
    person: PersonId,
    partnership: PartnershipId,
    organization: OrganizationId,
) -> Result<Option<Membership>, StoreError> {
    let sql = format!("{MEMBERSHIPS} where r.person = $1 and r.partnership = $2 and r.organization = $3 {GROUP}");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(person.0)
        .bind(partnership.0)
        .bind(organization.0)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(membership).transpose()
}

/// Where a page of members ended: name, person, organization.
pub(crate) type AfterMember = (String, PersonId, OrganizationId);

/// Who is in a partnership, by name.
pub(crate) async fn members(
    pool: &PgPool,
    partnership: PartnershipId,
    after: Option<AfterMember>,
    limit: u32,
) -> Result<Vec<Membership>, StoreError> {
    let sql = format!(
        "{MEMBERSHIPS} where r.partnership = $1
           and ($2::text is null or (p.name, r.person, o.id) > ($2, $3::uuid, $4::uuid))
         {GROUP} order by p.name, r.person, o.id limit $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(partnership.0)
        .bind(after.as_ref().map(|(name, _, _)| name))
        .bind(after.as_ref().map(|(_, person, _)| person.0))
        .bind(after.as_ref().map(|(_, _, organization)| organization.0))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?;
    rows.iter().map(membership).collect()
}

/// Takes a person's roles in an organization away, and with them the sessions and tokens that stood on them. False when there
/// were none. An operator's role is not the staff's to take.
pub(crate) async fn take_away(
    conn: &mut PgConnection,
    person: PersonId,
    partnership: PartnershipId,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let gone = sqlx::query(
        "delete from directory.roles where person = $1 and partnership = $2 and organization = $3 and role <> 'operator'",
    )
    .bind(person.0)
    .bind(partnership.0)
    .bind(organization.0)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from directory.sessions where person = $1 and partnership = $2 and organization = $3")
        .bind(person.0)
        .bind(partnership.0)
        .bind(organization.0)
        .execute(&mut *conn)
        .await?;
    // Revoked, or they would work again if the person came back.
    sqlx::query(
        "update directory.tokens set revoked_at = $4
         where person = $1 and partnership = $2 and organization = $3 and revoked_at is null",
    )
    .bind(person.0)
    .bind(partnership.0)
    .bind(organization.0)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() > 0)
}

fn membership(row: &PgRow) -> Result<Membership, StoreError> {
    let person: Uuid = row.try_get("person")?;
    let roles: Vec<String> = row.try_get("roles")?;
    let roles = roles
        .iter()
        .map(|role| role.parse::<Role>().map_err(|e| StoreError::inconsistent("directory.roles", "role", person, e)))
        .collect::<Result<_, _>>()?;
    Ok(Membership {
        person: PersonId(person),
        person_name: row.try_get("person_name")?,
        partnership: PartnershipId(row.try_get("partnership")?),
        partnership_name: row.try_get("partnership_name")?,
        organization: read_organization(row)?,
        roles,
    })
}
