//! The conversation with the mail server, in two halves: up to the content, and the content. Between them its caller writes
//! down that the content is leaving.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use skillwire_runtime::{Clock, Contact, Fault, Ids, MailOut};

use super::message::{Letter, compose};
use crate::config::Config;
use crate::state::Outcome;

/// Longest part of the server's answer that is kept, characters.
const REPLY_CHARS_MAX: usize = 200;

/// The mail settings or a letter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The setting, and what would be right.
    #[error("{0}")]
    Settings(String),
    /// The letter cannot be written.
    #[error("the mail cannot be written: {0}")]
    Message(String),
}

/// Why a mail did not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `temporary`, `permanent` or `uncertain`.
    pub outcome: &'static str,
    /// The server's answer or the error, without addresses.
    pub reply: String,
}

impl Failure {
    pub(crate) fn kind(&self) -> Outcome {
        Outcome::of(self.outcome).unwrap_or(Outcome::Temporary)
    }

    fn new(outcome: Outcome, reply: impl std::fmt::Display) -> Self {
        // Servers like to repeat the address they refuse.
        let words: Vec<String> = reply
            .to_string()
            .split_whitespace()
            .map(|w| if w.contains('@') { "<address>".to_owned() } else { w.to_owned() })
            .collect();
        Self { outcome: outcome.as_str(), reply: words.join(" ").chars().take(REPLY_CHARS_MAX).collect() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Plain,
    StartTls,
    Tls,
}

#[derive(Debug)]
struct Inner {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    from: Mailbox,
    hello: ClientId,
    timeout: Duration,
}

/// The way to the mail server.
#[derive(Clone, Debug)]
pub struct Smtp(Arc<Inner>);

/// A conversation that has come up to the content.
pub struct Conversation {
    connection: AsyncSmtpConnection,
    message: Message,
}

impl Smtp {
    /// From the settings.
    ///
    /// # Errors
    /// [`SmtpError::Settings`] with what would be right.
    pub fn new(config: &Config) -> Result<Self, SmtpError> {
        let bad = |why: &str| {
            SmtpError::Settings(format!(
                "deliver.smtp_url: {why}; give smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465"
            ))
        };
        let (scheme, rest) = config.smtp_url.split_once("://").ok_or_else(|| bad("no scheme"))?;
        let (security, usual_port) = match scheme {
            "smtp" => (Security::Plain, 25),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            other => return Err(bad(&format!("'{other}' is no scheme"))),
        };
        let rest = rest.trim_end_matches('/');
        let (login, server) = match rest.rsplit_once('@') {
            Some((login, server)) => (Some(login), server),
            None => (None, rest),
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| bad("the port is no number"))?),
            None => (server, usual_port),
        };
        if host.is_empty() {
            return Err(bad("no host"));
        }
        let credentials = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            Credentials::new(user.to_owned(), password.to_owned())
        });
        let from: Mailbox = config.from.parse().map_err(|e| {
            SmtpError::Settings(format!(
                "deliver.from: '{}' is no sender ({e}); write Name <address@example.org>",
                config.from
            ))
        })?;
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            port,
            security,
            credentials,
            from,
            hello: ClientId::Domain(config.mail_domain.clone()),
            timeout: Duration::from_secs(config.smtp_timeout_s),
        })))
    }

    /// Whether the mail server answers.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn ping(&self) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        let _ = connection.quit().await;
        Ok(())
    }

    /// The first half: connect, say who writes to whom. Nothing has left when this fails.
    ///
    /// # Errors
    /// [`Failure`], never `uncertain`.
    pub async fn open(&self, letter: &Letter, contact: &Contact) -> Result<Conversation, Failure> {
        let to: Address =
            contact.address.parse().map_err(|_| Failure::new(Outcome::Permanent, "the address is none"))?;
        let message =
            compose(letter, &self.0.from, &contact.name, &to).map_err(|e| Failure::new(Outcome::Permanent, e))?;
        let mut connection = self.connect().await?;
        let sender = Some(self.0.from.email.clone());
        let said = async {
            connection.command(Mail::new(sender, vec![])).await?;
            connection.command(Rcpt::new(to, vec![])).await
        };
        if let Err(e) = said.await {
            connection.abort().await;
            return Err(before_content(&e));
        }
        Ok(Conversation { connection, message })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let inner = &self.0;
        let tls = || TlsParameters::new(inner.host.clone()).map_err(|e| Failure::new(Outcome::Temporary, e));
        let wrapper = if inner.security == Security::Tls { Some(tls()?) } else { None };
        let server = (inner.host.as_str(), inner.port);
        let opened = AsyncSmtpConnection::connect_tokio1(server, Some(inner.timeout), &inner.hello, wrapper, None);
        let mut connection = opened.await.map_err(|e| before_content(&e))?;
        if inner.security == Security::StartTls {
            connection.starttls(tls()?, &inner.hello).await.map_err(|e| before_content(&e))?;
        }
        if let Some(credentials) = &inner.credentials {
            let answer = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            // A wrong password is the operator's to mend: the mail waits for it.
            answer.map_err(|e| Failure::new(Outcome::Temporary, format!("sign-in at the mail server: {e}")))?;
        }
        Ok(connection)
    }
}

impl Conversation {
    /// The second half: the content. From here on a missing answer means that nobody knows.
    ///
    /// # Errors
    /// [`Failure`], `uncertain` when the content may have arrived.
    pub async fn hand_over(mut self) -> Result<(), Failure> {
        if let Err(e) = self.connection.command(Data).await {
            self.connection.abort().await;
            return Err(before_content(&e));
        }
        match self.connection.message(&self.message.formatted()).await {
            Ok(_) => {
                // The yes is there; whether the goodbye arrives does not matter.
                let _ = self.connection.quit().await;
                Ok(())
            }
            Err(e) => {
                self.connection.abort().await;
                Err(match (e.is_permanent(), e.is_transient()) {
                    (true, _) => Failure::new(Outcome::Permanent, e),
                    (_, true) => Failure::new(Outcome::Temporary, e),
                    // No answer to the content.
                    _ => Failure::new(Outcome::Uncertain, e),
                })
            }
        }
    }
}

/// Before the content only a clear no is lasting.
fn before_content(error: &lettre::transport::smtp::Error) -> Failure {
    let outcome = if error.is_permanent() { Outcome::Permanent } else { Outcome::Temporary };
    let status = error.status().map(|s| format!("{s} ")).unwrap_or_default();
    let source = std::error::Error::source(error).map(|s| format!(": {s}")).unwrap_or_default();
    Failure::new(outcome, format!("{status}{error}{source}"))
}

/// Sends the mails that are no deliveries: sign-in links.
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
            unsubscribe: None,
        };
        let sent = async { self.smtp.open(&letter, to).await?.hand_over().await };
        sent.await.map_err(|e: Failure| match e.kind() {
            Outcome::Permanent => Fault::reject(e.reply),
            _ => Fault::retry(e.reply),
        })
    }
}
