//! How a service asks who is who. `directory` answers; the binary brings the two together.

use std::collections::HashMap;

use async_trait::async_trait;
use skillwire_schemas::partnership::{Organization, Partnership};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};

use crate::fault::Fault;

/// How to reach a person. Looked up when something is sent, never kept, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The person's name.
    pub name: String,
    /// The mail address, checked for shape.
    pub address: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An address in a log is a person's data in a log.
        f.write_str("Contact(..)")
    }
}

/// The directory could not answer.
#[derive(Debug, thiserror::Error)]
#[error("the directory does not answer: {0}")]
pub struct DirectoryError(pub String);

impl From<DirectoryError> for Fault {
    fn from(error: DirectoryError) -> Self {
        Self::retry(error)
    }
}

/// What other services may ask.
#[async_trait]
pub trait DirectoryRead: Send + Sync + 'static {
    /// A partnership with its counties.
    async fn partnership(&self, id: PartnershipId) -> Result<Option<Partnership>, DirectoryError>;
    /// All partnerships.
    async fn partnerships(&self) -> Result<Vec<Partnership>, DirectoryError>;
    /// A member of a partnership.
    async fn organization(
        &self,
        partnership: PartnershipId,
        id: OrganizationId,
    ) -> Result<Option<Organization>, DirectoryError>;
    /// The names of people who are still there, asked for in one go.
    async fn names(&self, people: &[PersonId]) -> Result<HashMap<PersonId, String>, DirectoryError>;
    /// How to reach a person; none when the person is gone or asked not to be reached.
    async fn contact(&self, person: PersonId) -> Result<Option<Contact>, DirectoryError>;
}
