//! The loop that reads the Maildir and tells the metrics what came back, by whatever way.

use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Fault, Progress, Work};
use skillwire_store::Db;

use super::judge::Kind;
use super::maildir::Maildir;
use super::take::{Returns, Taken};
use crate::store::bounces;

/// Mails of one step.
const MAILS_MAX: usize = 64;
/// The rest after an idle step: bounces are in no hurry.
const REST: Duration = Duration::from_secs(5);

/// The loop.
pub(crate) struct Reader {
    db: Db,
    returns: Option<(Maildir, Returns)>,
}

impl Reader {
    /// `maildir`: where mails come in, and what takes them.
    pub(crate) fn new(db: Db, maildir: Option<(&std::path::Path, Returns)>) -> Self {
        // A rate can be told only of what was there before it rose.
        for kind in Kind::ALL {
            metrics::counter!("deliver_bounces_total", "kind" => kind.as_str()).increment(0);
        }
        Self { db, returns: maildir.map(|(path, returns)| (Maildir::at(path), returns)) }
    }

    async fn read(&self, maildir: &Maildir, returns: &Returns) -> Result<usize, Fault> {
        let mut done = 0;
        for name in on_disk(maildir, |maildir| maildir.oldest(MAILS_MAX)).await? {
            let Some(mail) = on_disk(maildir, |maildir| maildir.read(name)).await? else { continue };
            let taken = returns.take(&mail.raw, None).await?;
            // After the commit: a mail that is met again because we died here counts once all the same.
            match taken {
                Taken::Later => continue,
                Taken::Unreadable(why) => on_disk(maildir, move |maildir| maildir.aside(&mail, &why)).await?,
                _ => on_disk(maildir, move |maildir| maildir.seen(&mail)).await?,
            }
            done += 1;
        }
        Ok(done)
    }
}

/// Files are read and moved where nobody else waits for it.
async fn on_disk<T: Send + 'static>(
    maildir: &Maildir,
    work: impl FnOnce(&Maildir) -> std::io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let maildir = maildir.clone();
    let done = tokio::task::spawn_blocking(move || work(&maildir)).await;
    let why = |e: &dyn std::fmt::Display| Fault::retry(format!("deliver.bounce_maildir cannot be used: {e}"));
    done.map_err(|e| why(&e))?.map_err(|e| why(&e))
}

#[async_trait]
impl Work for Reader {
    fn name(&self) -> &'static str {
        "deliver.bounces"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        // First: a folder that cannot be read must not keep back what came by the pipe.
        for (kind, count) in bounces::untold(&self.db).await? {
            metrics::counter!("deliver_bounces_total", "kind" => kind).increment(count);
        }
        let read = match &self.returns {
            Some((maildir, returns)) => self.read(maildir, returns).await?,
            None => 0,
        };
        Ok(Progress::of(read))
    }

    fn rest(&self) -> Duration {
        REST
    }
}
