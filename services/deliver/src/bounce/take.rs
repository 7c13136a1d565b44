//! One mail that came back, from its bytes to what is written down.

use std::sync::Arc;

use skillwire_runtime::{Clock, Ids};
use skillwire_schemas::DeliveryId;
use skillwire_store::{Db, StoreError};
use skillwire_web::Secret;

use super::judge::{self, Kind, SOFT_DAYS, SOFT_MAX};
use super::read::{MAIL_BYTES_MAX, Says, read};
use super::verp::{Named, Verp};
use crate::config::Config;
use crate::mail::{SmtpError, scrub};
use crate::state::State;
use crate::store::{bounces, subscriptions, suppressed};

/// What came of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was written down, as this.
    Down(&'static str),
    /// It was written down before: a report that comes twice counts once.
    Again,
    /// It says nothing to us; why.
    Ignored(&'static str),
    /// It cannot be read; why.
    Unreadable(String),
    /// Its delivery is being tried this very moment: bring it again in some minutes.
    Later,
}

/// Takes what comes back.
#[derive(Clone)]
pub struct Returns {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    verp: Verp,
}

impl Returns {
    /// Bytes of a mail that are worth reading: one more than can be taken, so that a larger one is told.
    pub const READ_BYTES_MAX: usize = MAIL_BYTES_MAX + 1;

    /// From the settings.
    ///
    /// # Errors
    /// [`SmtpError::Settings`] when no address is set to which mail comes back, or none that can be used.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        config: &Config,
        secret: &Secret,
    ) -> Result<Self, SmtpError> {
        let unset =
            "deliver.bounce_address is not set: no mail of ours comes back here; give one such as bounces@wire.example";
        let verp = Verp::new(config, secret)?.ok_or_else(|| SmtpError::Settings(unset.to_owned()))?;
        Ok(Self { db, clock, ids, verp })
    }

    /// Takes a mail. `recipient`: to whom it was sent, where the mail server tells.
    ///
    /// # Errors
    /// When PostgreSQL does not answer; nothing is written down then.
    pub async fn take(&self, raw: &[u8], recipient: Option<&str>) -> Result<Taken, StoreError> {
        let read = match read(raw, recipient, &self.verp) {
            Ok(read) => read,
            Err(why) => {
                self.count(Kind::Unreadable).await?;
                return Ok(Taken::Unreadable(why.to_string()));
            }
        };
        match (read.named, read.says) {
            (Some(Named::Delivery(id)), Says::Status(status)) => {
                let code = status.status.map(|code| code.to_string());
                let words = scrub(&format!("{} {}", code.as_deref().unwrap_or_default(), status.diagnostic));
                self.returned(id, judge::status(&status), code.as_deref(), words.trim()).await
            }
            (Some(Named::Delivery(id)), Says::Feedback(kind)) => {
                self.returned(id, judge::feedback(&kind), None, "").await
            }
            (Some(Named::Subscription(id)), Says::Words) => {
                subscriptions::stop(&self.db, id, self.clock.now()).await?;
                self.count(Kind::Unsubscribed).await?;
                Ok(Taken::Down(Kind::Unsubscribed.as_str()))
            }
            (_, Says::AutoReply) => {
                self.count(Kind::AutoReply).await?;
                Ok(Taken::Ignored("a machine's answer"))
            }
            (None, Says::Status(_) | Says::Feedback(_)) => {
                self.ignore("a report in which nothing proves that it is about a mail of ours").await
            }
            (..) => self.ignore("no report").await,
        }
    }

    /// A delivery came back: one transaction.
    async fn returned(&self, id: DeliveryId, kind: Kind, code: Option<&str>, words: &str) -> Result<Taken, StoreError> {
        if kind == Kind::Unrecognized {
            return self.ignore("a report of something that is no fault").await;
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let Some(returned) = bounces::delivery(tx.conn(), id).await? else {
            drop(tx);
            return self.ignore("of a delivery that is no more").await;
        };
        if matches!(returned.state, State::Sending | State::HandingOver) {
            return Ok(Taken::Later);
        }
        if !bounces::keep(tx.conn(), &returned, kind.as_str(), code, now).await? {
            return Ok(Taken::Again);
        }
        let reason = kind.reason(words);
        let turned = kind.turns(returned.state);
        if turned.is_some() || returned.state == State::Sent {
            bounces::mark(tx.conn(), id, turned, &reason).await?;
        }
        let leave_alone = match kind {
            Kind::Hard | Kind::Complaint => Some(reason),
            Kind::Soft if returned.address.is_some() && bounces::soft(tx.conn(), &returned, now).await? >= SOFT_MAX => {
                Some(format!("{SOFT_MAX} mails came back within {SOFT_DAYS} days, the last: {words}"))
            }
            _ => None,
        };
        if let (Some(reason), Some(address)) = (leave_alone, returned.address) {
            let new = suppressed::New {
                id: self.ids.uuid(now),
                partnership: returned.partnership,
                person: returned.person,
                address,
                delivery: id,
                kind: kind.as_str(),
                reason,
            };
            suppressed::add(tx.conn(), &new, now).await?;
        }
        bounces::count(tx.conn(), kind.as_str()).await?;
        tx.commit().await?;
        tracing::info!(delivery = %id, kind = kind.as_str(), code, "a mail came back");
        Ok(Taken::Down(kind.as_str()))
    }

    async fn ignore(&self, why: &'static str) -> Result<Taken, StoreError> {
        self.count(Kind::Unrecognized).await?;
        Ok(Taken::Ignored(why))
    }

    async fn count(&self, kind: Kind) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        bounces::count(tx.conn(), kind.as_str()).await?;
        tx.commit().await
    }
}
