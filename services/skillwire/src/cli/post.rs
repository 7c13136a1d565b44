//! Commands about mail: what comes back, and the key that mails are signed with.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use skillwire_deliver::bounce::{Returns, Taken};
use skillwire_deliver::mail::dkim::{self, KeyKind};
use skillwire_runtime::{SystemClock, SystemIds, config::ConfigError};
use skillwire_store::Db;
use skillwire_web::Secret;

use super::{Ended, console, run};
use crate::house;
use crate::settings::Settings;

/// `skillwire bounce`
#[derive(Debug, Args)]
pub(super) struct Bounce {
    /// To whom the mail was sent, as the mail server says; otherwise its headers are asked.
    #[arg(long)]
    recipient: Option<String>,
}

impl Bounce {
    /// Reads one mail. The mail server keeps the mail when this ends with anything that may pass: a database that is away, a
    /// setting that is wrong.
    pub(super) fn run(self, settings: Result<Settings, ConfigError>) -> Ended {
        let taken = || -> Result<Taken> {
            let (settings, raw) = (settings?, mail()?);
            run::runtime()?.block_on(self.take(&settings, &raw))
        };
        match taken() {
            Ok(Taken::Down(kind)) => {
                console::line(kind);
                Ended::Well
            }
            Ok(Taken::Again) => {
                console::line("known already");
                Ended::Well
            }
            Ok(Taken::Ignored(why)) => {
                console::line(&format!("ignored: {why}"));
                Ended::Well
            }
            Ok(Taken::Unreadable(why)) => {
                console::error(&format!("skillwire: the mail cannot be read: {why}"));
                Ended::BadData
            }
            Ok(Taken::Later) => {
                console::error("skillwire: its delivery is being tried this moment; come again in some minutes");
                Ended::Later
            }
            Err(error) => {
                console::error(&format!("skillwire: {error:#}"));
                Ended::Later
            }
        }
    }

    async fn take(&self, settings: &Settings, raw: &[u8]) -> Result<Taken> {
        let secret: Secret = settings.secret.key.parse()?;
        let secret = secret.with_previous(&settings.secret.previous_keys).context("secret.previous_keys")?;
        let db = Db::new(house::pool(settings)?, skillwire_deliver::NAME);
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let returns = Returns::new(db, clock, ids, &settings.deliver, &secret)?;
        Ok(returns.take(raw, self.recipient.as_deref()).await?)
    }
}

/// The mail on standard input, as much of it as can be taken and a byte more.
fn mail() -> Result<Vec<u8>> {
    let (mut raw, most) = (Vec::new(), u64::try_from(Returns::READ_BYTES_MAX)?);
    let mut input = std::io::stdin().lock();
    input.by_ref().take(most).read_to_end(&mut raw).context("standard input cannot be read")?;
    // The rest is taken off the mail server's hands: a broken pipe would look to it like a fault of ours.
    std::io::copy(&mut input, &mut std::io::sink()).context("standard input cannot be read")?;
    Ok(raw)
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// 2,048 bits; every receiver knows it.
    Rsa,
    /// Short; not every receiver knows it yet.
    Ed25519,
}

/// `skillwire dkim-key`
#[derive(Debug, Args)]
pub(super) struct DkimKey {
    /// Where the private key goes; must not be there yet.
    #[arg(long)]
    out: PathBuf,
    /// Which kind.
    #[arg(long, value_enum, default_value = "rsa")]
    kind: Kind,
}

impl DkimKey {
    pub(super) fn run(self) -> Result<Ended> {
        let kind = match self.kind {
            Kind::Rsa => KeyKind::Rsa,
            Kind::Ed25519 => KeyKind::Ed25519,
        };
        let (pem, record) = dkim::generate(kind, &SystemIds)?;
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
        let cannot = || format!("{} cannot be written", self.out.display());
        let mut file = options.open(&self.out).with_context(cannot)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)?;
        console::line(&format!("<selector>._domainkey.<domain>. IN TXT {record}"));
        Ok(Ended::Well)
    }
}

/// `skillwire dkim-record`
pub(super) fn dkim_record(settings: &Settings) -> Result<Ended> {
    console::line(&dkim::record(&settings.deliver)?);
    Ok(Ended::Well)
}
