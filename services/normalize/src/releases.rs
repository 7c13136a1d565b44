//! Releases into the database and in force: with a preview, whole or not at all, and then the needs that they change.

use skillwire_runtime::Fault;
use skillwire_schemas::PartnershipId;

use crate::Normalize;
use crate::bundle::Bundle;
use crate::matcher::MatchKind;
use crate::renormalize::Renormalized;
use crate::shelve;
use crate::store::taxonomies::{self, Release};
use crate::succession::{Changes, succeed};

/// How a bundle is imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportInto {
    /// Only tell what would change.
    pub dry_run: bool,
    /// Let a single concept that bears the name of a retired one take its place.
    pub accept_suggestions: bool,
    /// Learn what the texts teach: minutes for a large taxonomy. Without it what is no name is found by shared words.
    pub learn: bool,
}

impl Normalize {
    /// Puts the schemes of a bundle in force, all or none; what each changes. The same bundle again changes nothing. The needs
    /// that are touched are read again by [`Self::read_touched_again`].
    ///
    /// # Errors
    /// When PostgreSQL does not answer; then nothing has changed.
    pub async fn import(&self, bundle: &Bundle, how: ImportInto) -> Result<Vec<Changes>, Fault> {
        let mut tx = self.parts.db.begin().await?;
        taxonomies::lock_imports(tx.conn()).await?;
        let now = self.parts.env.clock.now();
        let mut all = Vec::new();
        let mut coming = Vec::new();
        for scheme in &bundle.manifest.schemes {
            let before = taxonomies::active(tx.conn(), Some(&scheme.scheme), true).await?.pop();
            let one = bundle.only(&scheme.scheme);
            let first = before.is_none();
            let planned = move || succeed(before.as_ref(), &one, how.accept_suggestions);
            let planned = tokio::task::spawn_blocking(planned).await;
            let (made, mut changes) =
                planned.map_err(|e| Fault::retry(format!("the releases are not compared: {e}")))?;
            if first {
                // What our own taxonomy said of the scheme gives way to the release.
                let own = self.live.base().entries.iter().map(|entry| &entry.concept.key);
                changes.touched = own.filter(|key| key.scheme == scheme.scheme).map(ToString::to_string).collect();
            }
            if !how.dry_run && !changes.unchanged {
                let id = taxonomies::insert(tx.conn(), &made, now).await?;
                if how.learn {
                    for (kind, model) in learned(made).await? {
                        taxonomies::insert_model(tx.conn(), id, kind, &model).await?;
                    }
                }
                coming.push((scheme.scheme.clone(), id, changes.touched.clone()));
            }
            all.push(changes);
        }
        if coming.is_empty() {
            return Ok(all);
        }
        // Last, since the copies that read needs wait from here on.
        taxonomies::next_version(tx.conn()).await?;
        for (scheme, id, touched) in &coming {
            taxonomies::activate(tx.conn(), scheme, *id, touched).await?;
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Reads again the needs that imports have touched: those whose concept changed, those with open texts, and those of
    /// partnerships that see an imported scheme. May be stopped and started again: what is still to be done is kept.
    ///
    /// # Errors
    /// When PostgreSQL does not answer; batches done before stay done.
    pub async fn read_touched_again(
        &self,
        progress: &mut (dyn FnMut(Renormalized) + Send),
    ) -> Result<Renormalized, Fault> {
        let mut tx = self.parts.db.begin().await?;
        let (releases, concepts) = taxonomies::touched(tx.conn()).await?;
        tx.commit().await?;
        if releases.is_empty() {
            return Ok(Renormalized::default());
        }
        let done = self.renormalize_concepts(&concepts, progress).await?;
        taxonomies::settle(self.parts.db.pool(), &releases).await?;
        Ok(done)
    }

    /// All releases, those in force first.
    ///
    /// # Errors
    /// When PostgreSQL does not answer.
    pub async fn releases(&self) -> Result<Vec<Release>, Fault> {
        Ok(taxonomies::releases(self.parts.db.pool()).await?)
    }

    /// The display schemes that partnerships have chosen.
    ///
    /// # Errors
    /// When PostgreSQL does not answer.
    pub async fn displays(&self) -> Result<Vec<(PartnershipId, String)>, Fault> {
        Ok(taxonomies::displays(self.parts.db.pool()).await?)
    }

    /// Sets the scheme in which a partnership sees its concepts, `None` for none in particular; whether that is a change.
    /// Its needs are then to be read again by [`Self::renormalize`].
    ///
    /// # Errors
    /// When no release of the scheme is in force, or PostgreSQL does not answer.
    pub async fn set_display(&self, partnership: PartnershipId, scheme: Option<&str>) -> Result<bool, Fault> {
        let releases = self.releases().await?;
        let known: Vec<&str> =
            releases.iter().filter(|release| release.active).map(|release| release.scheme.scheme.as_str()).collect();
        if let Some(scheme) = scheme.filter(|scheme| !known.contains(scheme)) {
            let known = if known.is_empty() { "none; import one first".to_owned() } else { known.join(", ") };
            return Err(Fault::reject(format!("no release of '{scheme}' is in force; there are {known}")));
        }
        let mut tx = self.parts.db.begin().await?;
        let changed = taxonomies::set_display(tx.conn(), partnership, scheme).await?;
        if changed {
            taxonomies::next_version(tx.conn()).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

/// The models of a release, by kind.
async fn learned(bundle: Bundle) -> Result<Vec<(MatchKind, Vec<u8>)>, Fault> {
    let learn = move || -> std::io::Result<Vec<(MatchKind, Vec<u8>)>> {
        let mut models = Vec::new();
        for kind in MatchKind::TAUGHT {
            models.extend(shelve::learn(&bundle, kind, &mut |_, _| {})?.map(|model| (kind, model)));
        }
        Ok(models)
    };
    let wrong = |error: &dyn std::fmt::Display| Fault::retry(format!("the release is not learned: {error}"));
    tokio::task::spawn_blocking(learn).await.map_err(|e| wrong(&e))?.map_err(|e| wrong(&e))
}
