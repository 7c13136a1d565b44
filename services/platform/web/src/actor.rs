//! Who asks.

use std::collections::BTreeSet;

use async_trait::async_trait;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use skillwire_schemas::partnership::{OrganizationKind, Role};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};

use crate::permission::{Permission, allowed};
use crate::problem::Problem;

/// How somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// Signed in with a browser; forms carry this proof that our page sent them.
    Session {
        /// The proof.
        csrf: String,
    },
    /// By an API token, which may do no more than its scopes.
    Token {
        /// The scopes.
        scopes: BTreeSet<Permission>,
    },
}

/// Somebody acting for an organization in one partnership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// In which partnership.
    pub partnership: PartnershipId,
    /// Its name.
    pub partnership_name: String,
    /// For which organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// What it is.
    pub organization_kind: OrganizationKind,
    /// Its industry, NAICS 2022.
    pub naics: Option<String>,
    /// As what.
    pub roles: BTreeSet<Role>,
    /// How they proved it.
    pub via: Via,
}

impl Actor {
    /// Whether they may.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        let scoped = match &self.via {
            Via::Session { .. } => true,
            Via::Token { scopes } => scopes.contains(&permission),
        };
        scoped && allowed(&self.roles).contains(&permission)
    }

    /// Whether they see the data of all members: staff of the partnership.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        self.roles.contains(&Role::Staff)
    }

    /// The proof that forms carry; empty for tokens, which send no forms.
    #[must_use]
    pub fn csrf(&self) -> &str {
        match &self.via {
            Via::Session { csrf } => csrf,
            Via::Token { .. } => "",
        }
    }
}

/// The directory could not tell.
#[derive(Debug, thiserror::Error)]
#[error("who asks cannot be told: {0}")]
pub struct ActorError(pub String);

/// What a token is.
#[derive(Clone, Debug)]
pub enum TokenAnswer {
    /// Somebody's.
    Actor(Box<Actor>),
    /// Nobody's.
    Unknown,
    /// It was somebody's until its end.
    Expired,
    /// Its owner took it back.
    Revoked,
}

/// Tells who a session or a token belongs to. `directory` implements it.
#[async_trait]
pub trait Actors: Send + Sync + 'static {
    /// Whose session it is.
    async fn by_session(&self, cookie: &str) -> Result<Option<Actor>, ActorError>;
    /// Whose token it is.
    async fn by_token(&self, bearer: &str) -> Result<TokenAnswer, ActorError>;
}

/// The one who asks, if anybody is known.
#[derive(Clone, Debug)]
pub struct MaybeActor(pub Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeActor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Actor>().cloned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Actor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
