//! What the directory tells the others: who is who, whose session, whose token.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use skillwire_runtime::{Clock, Contact, DirectoryError, DirectoryRead};
use skillwire_schemas::partnership::{Organization, Partnership};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use skillwire_web::{Actor, ActorError, Actors, TokenAnswer, Via};
use subtle::ConstantTimeEq;

use crate::cache::Remembered;
use crate::store::members::{self, Membership};
use crate::store::{partnerships, proofs, tokens};
use crate::token::{Token, hash};

/// A token's last use is noted again after so long: a note a request would be a write a request.
const LAST_USE_AGE_MIN: TimeDelta = TimeDelta::minutes(1);

/// Reads the directory. Any process may have one.
pub struct Reader {
    db: Db,
    clock: Arc<dyn Clock>,
    partnerships: Remembered<PartnershipId, Partnership>,
    organizations: Remembered<(PartnershipId, OrganizationId), Organization>,
}

impl Reader {
    /// On the directory's view of PostgreSQL.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, partnerships: Remembered::default(), organizations: Remembered::default() }
    }

    async fn actor(
        &self,
        person: PersonId,
        partnership: PartnershipId,
        organization: OrganizationId,
        via: Via,
    ) -> Result<Option<Actor>, StoreError> {
        // Roles are read each time: one that was taken away holds no second longer.
        let here = members::membership_at(self.db.pool(), person, partnership, organization).await?;
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

fn refused(reason: &'static str, answer: TokenAnswer) -> TokenAnswer {
    metrics::counter!("directory_tokens_refused_total", "reason" => reason).increment(1);
    answer
}

#[async_trait]
impl DirectoryRead for Reader {
    async fn partnership(&self, id: PartnershipId) -> Result<Option<Partnership>, DirectoryError> {
        let now = self.clock.instant();
        if let Some(partnership) = self.partnerships.recall(&id, now) {
            return Ok(Some(partnership));
        }
        let found = partnerships::get(self.db.pool(), id).await.map_err(lost)?;
        if let Some(partnership) = &found {
            self.partnerships.remember(id, partnership, now);
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
        let now = self.clock.instant();
        if let Some(organization) = self.organizations.recall(&(partnership, id), now) {
            return Ok(Some(organization));
        }
        let found = members::organization(self.db.pool(), partnership, id).await.map_err(lost)?;
        if let Some(organization) = &found {
            self.organizations.remember((partnership, id), organization, now);
        }
        Ok(found)
    }

    async fn names(&self, people: &[PersonId]) -> Result<HashMap<PersonId, String>, DirectoryError> {
        members::names(self.db.pool(), people).await.map_err(lost)
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
            let pool = self.db.pool();
            let Some(token) = Token::parse(bearer) else { return Ok(refused("unknown", TokenAnswer::Unknown)) };
            let kept = tokens::by_prefix(pool, &token.prefix).await?;
            // The prefix is public: nothing is told or noted of a token before its secret was shown.
            let Some(kept) = kept.filter(|kept| bool::from(kept.secret_hash.ct_eq(&token.hash()))) else {
                return Ok(refused("unknown", TokenAnswer::Unknown));
            };
            let now = self.clock.now();
            if kept.revoked_at.is_some() {
                return Ok(refused("revoked", TokenAnswer::Revoked));
            }
            if kept.expires_at <= now {
                return Ok(refused("expired", TokenAnswer::Expired));
            }
            let scopes = kept.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
            let actor = self.actor(kept.person, kept.partnership, kept.organization, Via::Token { scopes }).await?;
            // Whoever left the partnership has tokens that are nobody's.
            let Some(actor) = actor else { return Ok(refused("revoked", TokenAnswer::Revoked)) };
            if kept.last_used_at.is_none_or(|at| now - at > LAST_USE_AGE_MIN) {
                tokens::used(pool, &kept.prefix, now).await?;
            }
            Ok(TokenAnswer::Actor(Box::new(actor)))
        };
        told.await.map_err(|e: StoreError| ActorError(e.to_string()))
    }
}
