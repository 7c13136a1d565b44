//! What the directory tells the others: who is who, whose session, whose token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use skillwire_runtime::{Clock, Contact, DirectoryError, DirectoryRead};
use skillwire_schemas::partnership::{Organization, Partnership};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use skillwire_web::{Actor, ActorError, Actors, TokenAnswer, Via};
use subtle::ConstantTimeEq;

use crate::store::members::{self, Membership};
use crate::store::{partnerships, proofs, tokens};
use crate::token::{Token, hash};

/// How old an answer about a partnership may be.
const PARTNERSHIP_AGE_MAX: Duration = Duration::from_secs(5);
/// Partnerships remembered at most.
const REMEMBERED_MAX: usize = 1_000;

/// Reads the directory. Any process may have one.
pub struct Reader {
    db: Db,
    clock: Arc<dyn Clock>,
    remembered: Mutex<HashMap<PartnershipId, (Instant, Partnership)>>,
}

impl Reader {
    /// On the directory's view of PostgreSQL.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, remembered: Mutex::default() }
    }

    fn recall(&self, id: PartnershipId) -> Option<Partnership> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, partnership) = remembered.get(&id)?;
        (self.clock.instant().saturating_duration_since(*at) < PARTNERSHIP_AGE_MAX).then(|| partnership.clone())
    }

    fn remember(&self, partnership: &Partnership) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(partnership.id, (self.clock.instant(), partnership.clone()));
    }

    async fn actor(
        &self,
        person: PersonId,
        partnership: PartnershipId,
        organization: OrganizationId,
        via: Via,
    ) -> Result<Option<Actor>, StoreError> {
        // Roles are read each time: one that was taken away holds no second longer.
        let memberships = members::memberships_of(self.db.pool(), person).await?;
        let here = memberships.into_iter().find(|m| m.partnership == partnership && m.organization.id == organization);
        Ok(here.map(|membership| actor_of(membership, via)))
    }
}

pub(crate) fn actor_of(membership: Membership, via: Via) -> Actor {
    Actor {
        person: membership.person,
        name: membership.person_name,
        partnership: membership.partnership,
        partnership_name: membership.partnership_name,
        organization: membership.organization.id,
        organization_name: membership.organization.name,
        organization_kind: membership.organization.kind,
        naics: membership.organization.naics,
        roles: membership.roles,
        via,
    }
}

fn lost(error: StoreError) -> DirectoryError {
    DirectoryError(error.to_string())
}

#[async_trait]
impl DirectoryRead for Reader {
    async fn partnership(&self, id: PartnershipId) -> Result<Option<Partnership>, DirectoryError> {
        if let Some(partnership) = self.recall(id) {
            return Ok(Some(partnership));
        }
        let found = partnerships::get(self.db.pool(), id).await.map_err(lost)?;
        if let Some(partnership) = &found {
            self.remember(partnership);
        }
        Ok(found)
    }

    async fn partnerships(&self) -> Result<Vec<Partnership>, DirectoryError> {
        partnerships::all(self.db.pool()).await.map_err(lost)
    }

    async fn organization(
        &self,
        partnership: PartnershipId,
        id: OrganizationId,
    ) -> Result<Option<Organization>, DirectoryError> {
        members::organization(self.db.pool(), partnership, id).await.map_err(lost)
    }

    async fn contact(&self, person: PersonId) -> Result<Option<Contact>, DirectoryError> {
        let found = members::contact(self.db.pool(), person).await.map_err(lost)?;
        Ok(found.map(|(name, address)| Contact { name, address }))
    }
}

#[async_trait]
impl Actors for Reader {
    async fn by_session(&self, cookie: &str) -> Result<Option<Actor>, ActorError> {
        let told = async {
            let Some(session) = proofs::session(self.db.pool(), &hash(cookie), self.clock.now()).await? else {
                return Ok(None);
            };
            let via = Via::Session { csrf: session.csrf };
            self.actor(session.person, session.partnership, session.organization, via).await
        };
        told.await.map_err(|e: StoreError| ActorError(e.to_string()))
    }

    async fn by_token(&self, bearer: &str) -> Result<TokenAnswer, ActorError> {
        let told = async {
            let Some(token) = Token::parse(bearer) else { return Ok(TokenAnswer::Unknown) };
            let now = self.clock.now();
            let Some(kept) = tokens::by_prefix(self.db.pool(), &token.prefix, now).await? else {
                return Ok(TokenAnswer::Unknown);
            };
            if !bool::from(kept.secret_hash.ct_eq(&token.hash())) {
                return Ok(TokenAnswer::Unknown);
            }
            if kept.revoked_at.is_some() {
                return Ok(TokenAnswer::Revoked);
            }
            if kept.expires_at <= now {
                return Ok(TokenAnswer::Expired);
            }
            let scopes = kept.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
            let actor = self.actor(kept.person, kept.partnership, kept.organization, Via::Token { scopes }).await?;
            // Whoever left the partnership has tokens that are nobody's.
            Ok(actor.map_or(TokenAnswer::Revoked, |actor| TokenAnswer::Actor(Box::new(actor))))
        };
        told.await.map_err(|e: StoreError| ActorError(e.to_string()))
    }
}
