//! How `directory` gets a sign-in link to a person without knowing how mail is sent.

use async_trait::async_trait;

use crate::directory::Contact;
use crate::fault::Fault;

/// Sends the few mails that are no deliveries.
#[async_trait]
pub trait MailOut: Send + Sync + 'static {
    /// Sends a sign-in link.
    async fn sign_in_link(&self, to: &Contact, link: &str) -> Result<(), Fault>;
}
