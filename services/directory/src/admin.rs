//! What the console may do without signing in: it has the database's password anyway. All of it may be done twice.

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_runtime::Ids;
use skillwire_schemas::partnership::{Organization, Partnership, Role};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use skillwire_web::Permission;

use crate::address::Address;
use crate::audit::Followed;
use crate::store::proofs::NewLink;
use crate::store::{audit, members, partnerships, proofs, tokens};
use crate::token::{Token, hash, secret};

/// Lines of the audit read at once.
const AUDIT_LINES: i64 = 1_000;
/// Members looked through for one of each role.
const MEMBERS_MAX: u32 = 1_000;

/// Writes a partnership.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn ensure_partnership(db: &Db, partnership: &Partnership, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    partnerships::put(tx.conn(), partnership).await?;
    audit::add(tx.conn(), now, Some(partnership.id), None, "partnership_written", "by the console").await?;
    tx.commit().await
}

/// Writes an organization of a partnership.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn ensure_organization(
    db: &Db,
    partnership: PartnershipId,
    organization: &Organization,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    members::put_organization(tx.conn(), partnership, organization).await?;
    tx.commit().await
}

/// Writes a person with roles in an organization of a partnership; gives the id of the one who has that address.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn ensure_person(
    db: &Db,
    person: (PersonId, &str, &Address),
    partnership: PartnershipId,
    organization: OrganizationId,
    roles: &[Role],
) -> Result<PersonId, StoreError> {
    let (id, name, address) = person;
    let mut tx = db.begin().await?;
    let id = members::put_person(tx.conn(), id, name, address.as_str()).await?;
    for role in roles {
        members::grant(tx.conn(), id, partnership, organization, *role).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Gives a person one more role; once is enough, twice does no harm.
///
/// # Errors
/// When PostgreSQL does not take it, or the organization is not of that partnership.
pub async fn grant(
    db: &Db,
    person: PersonId,
    partnership: PartnershipId,
    organization: OrganizationId,
    role: Role,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    members::grant(tx.conn(), person, partnership, organization, role).await?;
    tx.commit().await
}

/// Makes an API token and gives it, the only time it can be seen.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn issue_token(
    db: &Db,
    ids: &dyn Ids,
    owner: (PersonId, PartnershipId, OrganizationId),
    name: &str,
    scopes: &[Permission],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<String, StoreError> {
    let token = Token::new(ids);
    let (person, partnership, organization) = owner;
    let mut tx = db.begin().await?;
    let kept = tokens::Kept {
        prefix: token.prefix.clone(),
        secret_hash: token.hash(),
        person,
        partnership,
        organization,
        name: name.to_owned(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    tokens::put(tx.conn(), &kept).await?;
    audit::add(tx.conn(), now, Some(partnership), Some(person), "token_issued", &token.prefix).await?;
    tx.commit().await?;
    Ok(token.reveal())
}

/// Makes a sign-in link that is not bound to a browser, because the one at the console hands it out. Gives its path.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn sign_in_link(
    db: &Db,
    ids: &dyn Ids,
    person: PersonId,
    partnership: PartnershipId,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<String, StoreError> {
    let secret = secret(ids);
    let mut tx = db.begin().await?;
    let link = NewLink {
        secret_hash: hash(&secret),
        person,
        partnership: Some(partnership),
        browser_hash: None,
        next_path: None,
        expires_at: now + ttl,
    };
    proofs::put_link(tx.conn(), &link).await?;
    audit::add(tx.conn(), now, Some(partnership), Some(person), "link_handed_out", "by the console").await?;
    tx.commit().await?;
    Ok(format!("/sign-in/{secret}"))
}

/// A person by address.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn person_by_address(db: &Db, address: &Address) -> Result<Option<PersonId>, StoreError> {
    members::person_by_address(db.pool(), address.as_str()).await
}

/// The first partnership and organization of a person.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn first_membership(
    db: &Db,
    person: PersonId,
) -> Result<Option<(PartnershipId, OrganizationId)>, StoreError> {
    let all = members::memberships_of(db.pool(), person).await?;
    Ok(all.first().map(|m| (m.partnership, m.organization.id)))
}

/// A person of each role in each partnership, for the console's sign-in links: (partnership, role, person, name).
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn one_of_each_role(db: &Db, partnership: &Partnership) -> Result<Vec<(Role, PersonId, String)>, StoreError> {
    let mut found: Vec<(Role, PersonId, String)> = Vec::new();
    for membership in members::members(db.pool(), partnership.id, None, MEMBERS_MAX).await? {
        for role in membership.roles {
            if !found.iter().any(|(known, _, _)| *known == role) {
                found.push((role, membership.person, membership.person_name.clone()));
            }
        }
    }
    found.sort_by_key(|(role, _, _)| *role);
    Ok(found)
}

/// The first line of the audit that does not follow from the one before; none when the chain is whole.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn audit_broken_at(db: &Db) -> Result<Option<i64>, StoreError> {
    let mut followed = Followed::default();
    loop {
        let lines = audit::lines(db.pool(), followed.position(), AUDIT_LINES).await?;
        if lines.is_empty() {
            return Ok(None);
        }
        if let Some(position) = followed.on(&lines) {
            return Ok(Some(position));
        }
    }
}
