//! Mails that are no deliveries.

use std::sync::Arc;

use async_trait::async_trait;
use skillwire_runtime::{Clock, Contact, Fault, Ids, MailOut};

use super::failure::Failure;
use super::message::Letter;
use super::smtp::Smtp;
use crate::state::Outcome;

/// Sends sign-in links. The suppression list is not asked: whoever asks for a link sits in front of the screen and waits for it,
/// and a mailbox that was full last month must not lock its owner out. How many may be asked for is limited where they are asked for.
pub struct Post {
    /// The way to the mail server.
    pub smtp: Smtp,
    /// For the date.
    pub clock: Arc<dyn Clock>,
    /// For the Message-ID.
    pub ids: Arc<dyn Ids>,
    /// Domain of the Message-ID.
    pub domain: String,
}

#[async_trait]
impl MailOut for Post {
    async fn sign_in_link(&self, to: &Contact, link: &str) -> Result<(), Fault> {
        let now = self.clock.now();
        let letter = Letter {
            message_id: format!("<{}@{}>", self.ids.uuid(now), self.domain),
            date: now,
            subject: "Your sign-in link for Skillwire".to_owned(),
            text: format!(
                "Open this link and press the button to sign in:\n\n{link}\n\nIt works once and not for long. If you did not \
                 ask for it, do nothing.\n"
            ),
            html: None,
            pictures: Vec::new(),
            return_path: None,
            unsubscribe: None,
        };
        let sent = async { self.smtp.open(&letter, to, now).await?.hand_over().await };
        sent.await.map_err(|e: Failure| match e.kind() {
            Outcome::Permanent => Fault::reject(e.reply),
            _ => Fault::retry(e.reply),
        })
    }
}
