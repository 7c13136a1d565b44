//! The taxonomy in force: our own and the releases that were imported, the same on every copy, without a restart.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use skillwire_runtime::Fault;
use skillwire_schemas::{Match, MatchState, Need, PartnershipId};
use skillwire_store::Db;
use sqlx::PgConnection;

use crate::bundle::Bundle;
use crate::combine::{Combined, combine};
use crate::fold::key;
use crate::matcher::Matcher;
use crate::shelve::learned;
use crate::store::taxonomies;
use crate::taxonomy::Taxonomy;

/// Display schemes whose matchers are kept in memory at once.
const LEXICONS_MAX: usize = 4;

/// A matcher with what is to be said beside it.
#[derive(Debug)]
pub(crate) struct Lexicon {
    pub matcher: Matcher,
    retired: HashMap<String, String>,
    shown: HashMap<skillwire_schemas::ConceptKey, (skillwire_schemas::Concept, &'static str)>,
}

impl Lexicon {
    fn new(combined: Combined) -> Self {
        let Combined { taxonomy, retired, shown } = combined;
        Self { matcher: Matcher::new(taxonomy), retired, shown }
    }

    /// Says of texts that mean nothing any more why that is, and shows concepts in the partnership's scheme.
    pub(crate) fn explain(&self, need: &mut Need) {
        self.explain_match(&mut need.occupation);
        need.requirements.iter_mut().for_each(|requirement| self.explain_match(&mut requirement.matched));
    }

    fn explain_match(&self, matched: &mut Match) {
        match (matched.state, matched.concept.as_ref().and_then(|concept| self.shown.get(&concept.key))) {
            (MatchState::Unmatched, _) if !self.retired.is_empty() => {
                if let Some(why) = self.retired.get(&key(&matched.text).join(" ")) {
                    matched.reason = format!("{}; {why}", matched.reason);
                }
            }
            (MatchState::Matched, Some((concept, why))) => {
                matched.reason = format!("{}; {why} {}", matched.reason, concept.key.scheme);
                matched.concept = Some(concept.clone());
            }
            _ => {}
        }
    }
}

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
