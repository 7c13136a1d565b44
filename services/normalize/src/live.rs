//! The taxonomy in force: our own and the releases that were imported, the same on every copy, without a restart.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use skillwire_runtime::Fault;
use skillwire_schemas::PartnershipId;
use skillwire_store::Db;
use sqlx::PgConnection;

use crate::bundle::Bundle;
use crate::combine::combine;
use crate::lexicon::Lexicon;
use crate::shelve::learned;
use crate::store::taxonomies;
use crate::taxonomy::Taxonomy;

/// Display schemes whose matchers are kept in memory at once.
const LEXICONS_MAX: usize = 4;

#[derive(Debug)]
struct Built {
    version: i64,
    /// By display scheme; without one under the empty name.
    lexicons: HashMap<String, Arc<Lexicon>>,
}

/// What this copy knows of it.
#[derive(Debug)]
pub(crate) struct Live {
    base: Taxonomy,
    built: RwLock<Built>,
    building: tokio::sync::Mutex<()>,
}

impl Live {
    /// With our own taxonomy alone; releases come when they are asked for.
    pub(crate) fn new(base: Taxonomy) -> Self {
        let alone = Lexicon::new(combine(base.clone(), &[], ""));
        let built = Built { version: 0, lexicons: HashMap::from([(String::new(), Arc::new(alone))]) };
        Self { base, built: RwLock::new(built), building: tokio::sync::Mutex::new(()) }
    }

    /// Our own taxonomy.
    pub(crate) const fn base(&self) -> &Taxonomy {
        &self.base
    }

    /// The lexicon of a partnership, as of the version in force; the version stays in force until the transaction ends.
    pub(crate) async fn of(&self, conn: &mut PgConnection, partnership: PartnershipId) -> Result<Arc<Lexicon>, Fault> {
        let (version, display) = taxonomies::in_force(conn, partnership).await?;
        let display = display.unwrap_or_default();
        if let Some(found) = self.find(version, &display) {
            return Ok(found);
        }
        let _one_builds = self.building.lock().await;
        if let Some(found) = self.find(version, &display) {
            return Ok(found);
        }
        let bundles = taxonomies::active(conn, None, false).await?;
        let models = taxonomies::models(conn).await?;
        let (mut base, wanted) = (self.base.clone(), display.clone());
        let build = tokio::task::spawn_blocking(move || {
            for (scheme, kind, bytes) in models {
                let of_scheme = |bundle: &&Bundle| bundle.manifest.schemes.iter().any(|s| s.scheme == scheme);
                let Some(bundle) = bundles.iter().find(of_scheme) else { continue };
                match learned(bundle, kind, &bytes) {
                    Ok(learned) => base.models.push(learned),
                    // Names and shared words find the concepts still; the release can be imported again.
                    Err(error) => tracing::warn!(%scheme, kind = kind.as_str(), %error, "a model is left out"),
                }
            }
            Lexicon::new(combine(base, &bundles, &wanted))
        });
        let lexicon = Arc::new(build.await.map_err(|e| Fault::retry(format!("the taxonomy is not built: {e}")))?);
        let mut built = self.built.write().unwrap_or_else(PoisonError::into_inner);
        if built.version != version || built.lexicons.len() >= LEXICONS_MAX {
            built.version = version;
            built.lexicons.clear();
        }
        built.lexicons.insert(display, Arc::clone(&lexicon));
        Ok(lexicon)
    }

    /// The lexicon of a partnership, for pages: holds nothing in force.
    pub(crate) async fn seen(&self, db: &Db, partnership: PartnershipId) -> Result<Arc<Lexicon>, Fault> {
        let (version, display) = taxonomies::seen(db.pool(), partnership).await?;
        if let Some(found) = self.find(version, &display.unwrap_or_default()) {
            return Ok(found);
        }
        self.of(db.begin().await?.conn(), partnership).await
    }

    fn find(&self, version: i64, display: &str) -> Option<Arc<Lexicon>> {
        let built = self.built.read().unwrap_or_else(PoisonError::into_inner);
        built.lexicons.get(display).filter(|_| built.version == version).map(Arc::clone)
    }
}
