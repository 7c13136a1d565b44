//! What all targets of a process stand on.

use std::sync::Arc;

use anyhow::{Context, Result};
use skillwire_bus::{Bus, Parts};
use skillwire_deliver::mail::Post;
use skillwire_deliver::{Deliver, Smtp};
use skillwire_directory::{Directory, DirectoryParts, Reader};
use skillwire_route::Route;
use skillwire_runtime::{Clock, Env, Ids};
use skillwire_store::Db;
use skillwire_web::{Outbound, Secret};
use sqlx::PgPool;

use crate::settings::Settings;
use crate::targets::Target;

/// The house: settings, engines, who is who.
pub struct House {
    /// All settings.
    pub settings: Settings,
    /// Time, randomness, who is who.
    pub env: Env,
    /// Who somebody is, for requests.
    pub reader: Arc<Reader>,
    /// NATS.
    pub bus: Bus,
    /// PostgreSQL.
    pub pool: PgPool,
    secret: Secret,
    smtp: Smtp,
    outbound: Outbound,
}

impl House {
    /// Opens it. Engines that are away are met when they are asked.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self> {
        let secret: Secret = settings.secret.key.parse()?;
        let secret = secret.with_previous(&settings.secret.previous_keys).context("secret.previous_keys")?;
        let outbound = Outbound::new(&settings.outbound)?;
        let pool = pool(&settings)?;
        let bus = Bus::connect(settings.nats.clone()).await?;
        let reader = Arc::new(Reader::new(Db::new(pool.clone(), skillwire_directory::NAME), Arc::clone(&clock)));
        let smtp = Smtp::new(&settings.deliver)?;
        let env = Env { clock, ids, directory: Arc::clone(&reader) as _ };
        Ok(Self { settings, env, reader, bus, pool, secret, smtp, outbound })
    }

    /// A service's view of PostgreSQL.
    #[must_use]
    pub fn db(&self, service: &'static str) -> Db {
        Db::new(self.pool.clone(), service)
    }

    /// What a service is made from.
    #[must_use]
    pub fn parts(&self, service: &'static str) -> Parts {
        Parts { env: self.env.clone(), db: self.db(service), bus: self.bus.clone() }
    }

    /// The way to the mail server.
    #[must_use]
    pub const fn smtp(&self) -> &Smtp {
        &self.smtp
    }

    /// How people reach us, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.settings.http.public_url.trim_end_matches('/')
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> Directory {
        let mail = Arc::new(Post {
            smtp: self.smtp.clone(),
            clock: Arc::clone(&self.env.clock),
            ids: Arc::clone(&self.env.ids),
            domain: self.settings.deliver.mail_domain.clone(),
        });
        let parts = DirectoryParts {
            db: self.db(skillwire_directory::NAME),
            clock: Arc::clone(&self.env.clock),
            ids: Arc::clone(&self.env.ids),
            mail,
            public_url: self.public_url().to_owned(),
        };
        Directory::create(parts, self.settings.directory.clone())
    }

    /// Delivery.
    pub fn deliver(&self) -> Result<Deliver> {
        let parts = self.parts(skillwire_deliver::NAME);
        let (config, secret) = (self.settings.deliver.clone(), self.secret.clone());
        Ok(Deliver::create(parts, config, secret, self.public_url(), self.outbound.clone())?)
    }

    /// Routing.
    #[must_use]
    pub fn route(&self) -> Route {
        Route::create(
            self.parts(skillwire_route::NAME),
            self.settings.route.clone(),
            self.outbound.clone(),
            self.secret.clone(),
        )
    }
}

/// The pool of a process.
pub fn pool(settings: &Settings) -> Result<PgPool> {
    skillwire_store::db::pool(&settings.database)
        .context("database.url: give postgres://user:password@host:port/database")
}

/// Brings the schemas of the targets up to date.
pub async fn migrate(pool: &PgPool, targets: &[&'static Target]) -> Result<()> {
    for target in targets {
        skillwire_store::migrate::migrate(pool, target.name, target.migrations)
            .await
            .with_context(|| format!("the schema of {} cannot be brought up to date", target.name))?;
    }
    Ok(())
}
