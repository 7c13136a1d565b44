//! The conversation with the mail server, in two halves: up to the content, and the content. Between them its caller writes
//! down that the content is leaving.
//!
//! A connection that served one mail serves the next. When the server has closed it meanwhile (or says 421), a fresh one is
//! opened at once: that is no fault of the mail, and no attempt of its delivery. After an outcome that could not be known a
//! connection is never used again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use skillwire_runtime::Contact;

use super::dkim::{self, Signer};
use super::failure::{Failure, SmtpError, Trouble};
use super::message::{Letter, compose};
use super::pool::{Line, Pool};
use crate::config::Config;
use crate::state::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Plain,
    StartTls,
    Tls,
}

#[derive(Debug)]
struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
}

#[derive(Debug)]
struct Inner {
    server: Server,
    from: Mailbox,
    hello: ClientId,
    command_timeout: Duration,
    answer_timeout: Duration,
    signer: Option<Signer>,
    pool: Pool,
}

/// The way to the mail server.
#[derive(Clone, Debug)]
pub struct Smtp(Arc<Inner>);

/// Who writes to whom, as the mail servers see it.
#[derive(Clone)]
struct Envelope {
    from: Address,
    to: Address,
}

/// A conversation that has come up to the content.
pub struct Conversation {
    smtp: Smtp,
    line: Line,
    /// Whether a mail went over this connection before.
    reused: bool,
    envelope: Envelope,
    content: Vec<u8>,
    began: DateTime<Utc>,
}

impl Smtp {
    /// From the settings.
    ///
    /// # Errors
    /// [`SmtpError::Settings`] with what would be right.
    pub fn new(config: &Config) -> Result<Self, SmtpError> {
        let from: Mailbox = config.from.parse().map_err(|e| {
            SmtpError::Settings(format!(
                "deliver.from: '{}' is no sender ({e}); write Name <address@example.org>",
                config.from
            ))
        })?;
        if i64::try_from(config.smtp_answer_timeout_s).unwrap_or(i64::MAX) >= config.lease_s {
            return Err(SmtpError::Settings(format!(
                "deliver.smtp_answer_timeout_s is {}: a mail whose answer is awaited would be taken over by another process; \
                 give less than deliver.lease_s ({})",
                config.smtp_answer_timeout_s, config.lease_s
            )));
        }
        let idle = TimeDelta::seconds(config.smtp_idle_s);
        Ok(Self(Arc::new(Inner {
            server: server(&config.smtp_url)?,
            from,
            hello: ClientId::Domain(config.mail_domain.clone()),
            command_timeout: Duration::from_secs(config.smtp_timeout_s),
            answer_timeout: Duration::from_secs(config.smtp_answer_timeout_s),
            signer: dkim::signer(config)?,
            pool: Pool::new(config.mails_at_once_max, config.smtp_mails_per_connection_max, idle),
        })))
    }

    /// Whether the mail server answers.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn ping(&self) -> Result<(), Failure> {
        self.connect().await?.part();
        Ok(())
    }

    /// The first half: connect, say who writes to whom. Nothing has left when this fails.
    ///
    /// # Errors
    /// [`Failure`], never `uncertain`.
    pub async fn open(&self, letter: &Letter, contact: &Contact, now: DateTime<Utc>) -> Result<Conversation, Failure> {
        let address = |text: &str, whose: &str| {
            text.parse::<Address>()
                .map_err(|_| Failure::new(Outcome::Permanent, format!("the {whose} address is none")))
        };
        let to = address(&contact.address, "recipient's")?;
        let from = match &letter.return_path {
            Some(path) => address(path, "return")?,
            None => self.0.from.email.clone(),
        };
        let mut message =
            compose(letter, &self.0.from, &contact.name, &to).map_err(|e| Failure::new(Outcome::Permanent, e))?;
        if let Some(signer) = &self.0.signer {
            signer.sign(&mut message);
        }
        let (envelope, content) = (Envelope { from, to }, message.formatted());
        let (line, reused) = self.introduced(&envelope, now).await?;
        Ok(Conversation { smtp: self.clone(), line, reused, envelope, content, began: now })
    }

    /// Closes connections that have been idle too long.
    pub fn tidy(&self, now: DateTime<Utc>) {
        self.0.pool.tidy(now);
    }

    /// Closes all idle connections, at the end.
    pub async fn close(&self) {
        for mut line in self.0.pool.drain() {
            let _ = self.within(self.0.command_timeout, line.connection.quit()).await;
        }
    }

    /// A connection that knows the envelope, and whether it was used before.
    async fn introduced(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<(Line, bool), Failure> {
        if let Some(mut line) = self.0.pool.take(now) {
            match self.introduce(&mut line, envelope).await {
                Ok(()) => return Ok((line, true)),
                Err((trouble, failure)) => {
                    let gone = trouble.ends_the_connection();
                    self.put_back(line, &trouble, now).await;
                    if !gone {
                        return Err(failure);
                    }
                    self.0.pool.clear();
                }
            }
        }
        Ok((self.fresh(envelope, now).await?, false))
    }

    /// A new connection that knows the envelope.
    async fn fresh(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<Line, Failure> {
        let mut line = self.connect().await?;
        match self.introduce(&mut line, envelope).await {
            Ok(()) => Ok(line),
            Err((trouble, failure)) => {
                self.put_back(line, &trouble, now).await;
                Err(failure)
            }
        }
    }

    async fn introduce(&self, line: &mut Line, envelope: &Envelope) -> Result<(), (Trouble, Failure)> {
        let limit = self.0.command_timeout;
        let mail = Mail::new(Some(envelope.from.clone()), vec![]);
        let said = self.within(limit, line.connection.command(mail)).await;
        said.map_err(|trouble| (trouble.clone(), trouble.before_content()))?;
        let recipient = Rcpt::new(envelope.to.clone(), vec![]);
        let said = self.within(limit, line.connection.command(recipient)).await;
        said.map_err(|trouble| (trouble.clone(), trouble.of_recipient()))?;
        Ok(())
    }

    /// After a no the connection is good for another mail, once the server has forgotten this one.
    async fn put_back(&self, mut line: Line, trouble: &Trouble, now: DateTime<Utc>) {
        if trouble.ends_the_connection() {
            return;
        }
        if self.within(self.0.command_timeout, line.connection.command(Rset)).await.is_ok() {
            self.0.pool.give(line, now);
        }
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let (inner, limit) = (&self.0, self.0.command_timeout);
        let server = &inner.server;
        let tls = || TlsParameters::new(server.host.clone()).map_err(|e| Failure::new(Outcome::Temporary, e));
        let wrapper = if server.security == Security::Tls { Some(tls()?) } else { None };
        let at = (server.host.as_str(), server.port);
        let opening = AsyncSmtpConnection::connect_tokio1(at, Some(limit), &inner.hello, wrapper, None);
        let mut connection = self.within(limit, opening).await.map_err(|e| e.before_content())?;
        if server.security == Security::StartTls {
            let secured = self.within(limit, connection.starttls(tls()?, &inner.hello)).await;
            secured.map_err(|e| e.before_content())?;
        }
        if let Some(credentials) = &server.credentials {
            let answer = self.within(limit, connection.auth(DEFAULT_MECHANISMS, credentials)).await;
            // A wrong password is the operator's to mend: the mail waits for it.
            answer.map_err(|e| Failure::new(Outcome::Temporary, format!("sign-in at the mail server: {e}")))?;
        }
        Ok(Line { connection, mails: 0 })
    }

    /// lettre bounds the time to connect and no other: a server that hangs would be waited for without end.
    async fn within<T>(&self, limit: Duration, step: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        match tokio::time::timeout(limit, step).await {
            Ok(done) => done.map_err(|e| Trouble::of(&e)),
            Err(_) => Err(Trouble::Lost(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

impl Conversation {
    /// The second half: the content. From here on a missing answer means that nobody knows.
    ///
    /// # Errors
    /// [`Failure`], `uncertain` when the content may have arrived.
    pub async fn hand_over(mut self) -> Result<(), Failure> {
        let smtp = self.smtp.clone();
        match self.ask().await {
            Ok(_) => {}
            // The server closed it since the last mail. It has not asked for the content, so none has left.
            Err(trouble) if self.reused && trouble.ends_the_connection() => {
                smtp.0.pool.clear();
                self.line = smtp.fresh(&self.envelope, self.began).await?;
                if let Err(trouble) = self.ask().await {
                    smtp.put_back(self.line, &trouble, self.began).await;
                    return Err(trouble.before_content());
                }
            }
            Err(trouble) => {
                smtp.put_back(self.line, &trouble, self.began).await;
                return Err(trouble.before_content());
            }
        }
        let limit = smtp.0.answer_timeout;
        match smtp.within(limit, self.line.connection.message(&self.content)).await {
            Ok(_) => {
                self.line.mails += 1;
                smtp.0.pool.give(self.line, self.began);
                Ok(())
            }
            Err(trouble) => {
                smtp.put_back(self.line, &trouble, self.began).await;
                Err(trouble.of_content())
            }
        }
    }

    /// Whether the server will take the content.
    async fn ask(&mut self) -> Result<Response, Trouble> {
        self.smtp.within(self.smtp.0.command_timeout, self.line.connection.command(Data)).await
    }
}

/// What `deliver.smtp_url` says.
fn server(url: &str) -> Result<Server, SmtpError> {
    let bad = |why: &str| {
        SmtpError::Settings(format!(
            "deliver.smtp_url: {why}; give smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465"
        ))
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("no scheme"))?;
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
    Ok(Server { host: host.to_owned(), port, security, credentials })
}
