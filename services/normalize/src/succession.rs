//! One release after another: what is new, what changed its name, what was retired and what took its place. Pure.

use std::collections::{HashMap, HashSet};

use skillwire_schemas::ConceptKey;

use crate::bundle::{Builder, Bundle, BundleConcept, Status};

/// Suggestions for one retired concept at most.
const SUGGESTIONS_MAX: usize = 3;

/// A concept in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The publisher's own id.
    pub id: String,
    /// Its name.
    pub label: String,
}

/// What became of a retired concept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// One new concept took its place.
    Replaced,
    /// It went into a concept that others went into too, or that was there before.
    Merged,
    /// Several concepts took its place: which one a text means is asked anew.
    Split,
    /// Nothing took its place: texts that meant it are unmatched and say so.
    Gone,
}

/// A concept that was retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Which.
    pub concept: Listed,
    /// What became of it.
    pub fate: Fate,
    /// What took its place.
    pub successors: Vec<Listed>,
    /// What bears its name now, when the publisher does not say what took its place. Not acted upon unless accepted.
    pub suggestions: Vec<Listed>,
}

/// What a release changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The scheme.
    pub scheme: String,
    /// The release in force before, if there was one.
    pub before: Option<String>,
    /// The release that comes.
    pub after: String,
    /// New concepts.
    pub added: Vec<Listed>,
    /// Concepts with another name than before: (as it is now, as it was).
    pub renamed: Vec<(Listed, String)>,
    /// Retired concepts.
    pub retired: Vec<Retired>,
    /// Whether there is nothing to do.
    pub unchanged: bool,
    /// Concepts whose needs are to be read again.
    pub touched: Vec<String>,
}

/// The release that comes as it will be kept, and what it changes. Concepts that its publisher no longer lists are carried
/// over as retired, with their names: what was ever known stays known. `accept`: a single suggestion takes the place of a
/// retired concept.
pub(crate) fn succeed(before: Option<&Bundle>, coming: &Bundle, accept: bool) -> (Bundle, Changes) {
    let release = |bundle: &Bundle| bundle.manifest.schemes.first().map(|scheme| scheme.release.clone());
    let mut changes = Changes {
        scheme: coming.manifest.schemes.first().map(|scheme| scheme.scheme.clone()).unwrap_or_default(),
        before: before.and_then(release),
        after: release(coming).unwrap_or_default(),
        ..Changes::default()
    };
    let Some(before) = before else {
        changes.added = coming.concepts.iter().filter(|c| c.status != Status::Retired).map(listed).collect();
        return (copied(coming, &Bundle::default(), &HashMap::new()), changes);
    };
    let now: HashMap<&ConceptKey, &BundleConcept> = coming.concepts.iter().map(|c| (&c.key, c)).collect();
    let then: HashMap<&ConceptKey, &BundleConcept> = before.concepts.iter().map(|c| (&c.key, c)).collect();
    let lives = |known: &HashMap<&ConceptKey, &BundleConcept>, key: &ConceptKey| {
        known.get(key).is_some_and(|concept| concept.status != Status::Retired)
    };
    changes.added =
        (coming.concepts.iter()).filter(|c| c.status != Status::Retired && !lives(&then, &c.key)).map(listed).collect();
    changes.renamed = (coming.concepts.iter())
        .filter(|c| lives(&now, &c.key) && lives(&then, &c.key))
        .filter_map(|c| then.get(&c.key).filter(|t| t.label != c.label).map(|t| (listed(c), t.label.clone())))
        .collect();
    let named = by_name(coming);
    let mut chosen: HashMap<ConceptKey, Vec<ConceptKey>> = HashMap::new();
    for concept in &before.concepts {
        let told = now.get(&concept.key).map_or(&concept.replaced_by, |now| &now.replaced_by);
        let mut successors = told.clone();
        if lives(&now, &concept.key) {
            continue;
        }
        let suggestions: Vec<&BundleConcept> = if successors.is_empty() {
            let same = named.get(concept.label.to_lowercase().as_str()).map(Vec::as_slice).unwrap_or_default();
            same.iter().copied().filter(|c| c.kind == concept.kind).take(SUGGESTIONS_MAX).collect()
        } else {
            Vec::new()
        };
        if accept && let [one] = suggestions.as_slice() {
            successors = vec![one.key.clone()];
        }
        if !successors.is_empty() {
            chosen.insert(concept.key.clone(), successors.clone());
        }
        if concept.status != Status::Retired {
            let there = |key: &ConceptKey| now.get(key).or_else(|| then.get(key)).map(|c| listed(c));
            changes.retired.push(Retired {
                concept: listed(concept),
                fate: Fate::Gone,
                successors: successors.iter().filter_map(there).collect(),
                suggestions: suggestions.into_iter().map(listed).collect(),
            });
        }
    }
    let known: HashSet<&str> = before.concepts.iter().map(|c| c.key.id.as_str()).collect();
    judge(&mut changes.retired, &known);
    let made = copied(coming, before, &chosen);
    changes.touched = touched(before, &made);
    changes.unchanged = made.concepts == before.concepts
        && made.names == before.names
        && made.relations == before.relations
        && made.texts == before.texts
        && terms(&made) == terms(before);
    (made, changes)
}

/// What is said of the scheme as a whole. Where its files lay is no part of it.
fn terms(bundle: &Bundle) -> Vec<[&str; 4]> {
    bundle
        .manifest
        .schemes
        .iter()
        .map(|s| [&s.release, &s.title, &s.publisher, &s.licence].map(String::as_str))
        .collect()
}

fn listed(concept: &BundleConcept) -> Listed {
    Listed { id: concept.key.id.clone(), label: concept.label.clone() }
}

/// Concepts in use by their names in small letters.
fn by_name(bundle: &Bundle) -> HashMap<String, Vec<&BundleConcept>> {
    let mut named: HashMap<String, Vec<&BundleConcept>> = HashMap::new();
    let lives = |concept: &BundleConcept| concept.status == Status::Active;
    let labels = bundle.concepts.iter().map(|c| (c.label.as_str(), c));
    let names = bundle.names.iter().map(|n| (n.name.as_str(), &bundle.concepts[n.concept as usize]));
    for (name, concept) in labels.chain(names).filter(|(_, concept)| lives(concept)) {
        let of = named.entry(name.to_lowercase()).or_default();
        if of.last().is_none_or(|last| last.key != concept.key) {
            of.push(concept);
        }
    }
    named
}

/// What became of each, from who else went where.
fn judge(retired: &mut [Retired], known: &HashSet<&str>) {
    let mut went: HashMap<String, usize> = HashMap::new();
    for one in retired.iter() {
        for successor in &one.successors {
            *went.entry(successor.id.clone()).or_default() += 1;
        }
    }
    for one in retired {
        one.fate = match one.successors.as_slice() {
            [] => Fate::Gone,
            [only] if went.get(&only.id).is_some_and(|n| *n > 1) || known.contains(only.id.as_str()) => Fate::Merged,
            [_] => Fate::Replaced,
            _ => Fate::Split,
        };
    }
}

/// The release that comes, with what only the one before knows as retired.
fn copied(coming: &Bundle, before: &Bundle, chosen: &HashMap<ConceptKey, Vec<ConceptKey>>) -> Bundle {
    let mut builder = Builder::default();
    builder.schemes.clone_from(&coming.manifest.schemes);
    for (bundle, carried) in [(coming, false), (before, true)] {
        let places: Vec<Option<u32>> = (bundle.concepts.iter())
            .map(|concept| {
                let mut concept = concept.clone();
                if carried {
                    concept.status = Status::Retired;
                }
                if concept.status == Status::Retired
                    && let Some(successors) = chosen.get(&concept.key)
                {
                    concept.replaced_by.clone_from(successors);
                }
                builder.concept(concept)
            })
            .collect();
        let place = |at: u32| places.get(at as usize).copied().flatten();
        for name in &bundle.names {
            if let Some(at) = place(name.concept) {
                builder.name(at, &name.name, name.called, &name.source);
            }
        }
        for text in &bundle.texts {
            if let Some(at) = place(text.concept) {
                builder.text(at, &text.sort, &text.text);
            }
        }
        for relation in &bundle.relations {
            if let Some(at) = place(relation.from) {
                builder.relation(at, relation.relation, bundle.target(&relation.to).clone());
            }
        }
    }
    let mut made = builder.finish();
    made.manifest.oddities = coming.manifest.oddities.clone();
    made
}

/// Concepts known before that are not the same any more, in what a text may find of them or what is said of them.
fn touched(before: &Bundle, made: &Bundle) -> Vec<String> {
    let now: HashMap<&ConceptKey, u32> = (0u32..).zip(&made.concepts).map(|(at, c)| (&c.key, at)).collect();
    let same = |then_at: u32, then: &BundleConcept| {
        now.get(&then.key).is_some_and(|at| {
            let concept = &made.concepts[*at as usize];
            let said = |c: &BundleConcept| (c.kind, c.status, c.label.clone(), c.broader.clone(), c.sectors.clone());
            said(concept) == said(then)
                && concept.replaced_by == then.replaced_by
                && made
                    .names_of(*at)
                    .iter()
                    .map(|n| (&n.name, n.called))
                    .eq(before.names_of(then_at).iter().map(|n| (&n.name, n.called)))
        })
    };
    let changed = (0u32..).zip(&before.concepts).filter(|(at, then)| !same(*at, then));
    changed.map(|(_, then)| then.key.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use skillwire_schemas::ConceptKind;

    use super::*;
    use crate::bundle::{NameCalled, Scheme};

    fn key(id: &str) -> ConceptKey {
        ConceptKey { scheme: "x".to_owned(), id: id.to_owned() }
    }

    /// id, label, status, successors, alias
    fn bundle(release: &str, rows: &[(&str, &str, Status, &[&str], &str)]) -> Bundle {
        let mut builder = Builder::default();
        builder.schemes.push(Scheme { scheme: "x".into(), release: release.into(), ..Scheme::default() });
        for (id, label, status, successors, alias) in rows {
            let concept = BundleConcept {
                status: *status,
                replaced_by: successors.iter().map(|id| key(id)).collect(),
                ..BundleConcept::new(key(id), ConceptKind::Skill, label)
            };
            let at = builder.concept(concept).unwrap();
            builder.name(at, alias, NameCalled::Alias, "alias");
        }
        builder.finish()
    }

    const ACTIVE: Status = Status::Active;
    const RETIRED: Status = Status::Retired;

    #[test]
    fn what_changes_is_told_and_nothing_is_forgotten() {
        let first = bundle(
            "1",
            &[
                ("a", "Arc welding", ACTIVE, &[], "stick"),
                ("b", "Gas welding", ACTIVE, &[], ""),
                ("c", "Old soldering", ACTIVE, &[], ""),
                ("d", "Bookkeeping", ACTIVE, &[], "books"),
                ("e", "Welding", ACTIVE, &[], ""),
                ("f", "Sewing", ACTIVE, &[], ""),
                ("g", "Same", ACTIVE, &[], "alike"),
            ],
        );
        let second = bundle(
            "2",
            &[
                ("a", "Arc welding", RETIRED, &["e"], ""),
                ("b", "Gas welding", RETIRED, &["e"], ""),
                ("c", "Old soldering", RETIRED, &["n1", "n2"], ""),
                ("e", "Weld", ACTIVE, &[], ""),
                ("n1", "Soft soldering", ACTIVE, &[], ""),
                ("n2", "Hard soldering", ACTIVE, &[], "sewing"),
                ("g", "Same", ACTIVE, &[], "alike"),
            ],
        );
        let (made, changes) = succeed(Some(&first), &second, false);
        let ids = |list: &[Listed]| list.iter().map(|l| l.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&changes.added), ["n1", "n2"]);
        assert_eq!(changes.renamed, [(Listed { id: "e".into(), label: "Weld".into() }, "Welding".to_owned())]);
        let fates: Vec<(&str, Fate, Vec<String>)> =
            changes.retired.iter().map(|r| (r.concept.id.as_str(), r.fate, ids(&r.successors))).collect();
        let to = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            fates,
            [
                ("a", Fate::Merged, to(&["e"])),
                ("b", Fate::Merged, to(&["e"])),
                ("c", Fate::Split, to(&["n1", "n2"])),
                ("d", Fate::Gone, vec![]),
                ("f", Fate::Gone, vec![]),
            ]
        );
        assert_eq!(ids(&changes.retired[4].suggestions), ["n2"], "it bears the name now");
        assert_eq!(changes.touched, ["x:a", "x:b", "x:c", "x:d", "x:e", "x:f"], "g is the same");
        let d = made.concepts.iter().position(|c| c.key.id == "d").unwrap();
        assert_eq!(made.concepts[d].status, RETIRED);
        assert_eq!(made.names_of(u32::try_from(d).unwrap())[0].name, "books", "its names stay known");

        let (accepted, changes) = succeed(Some(&first), &second, true);
        let f = accepted.concepts.iter().find(|c| c.key.id == "f").unwrap();
        assert_eq!(
            (f.replaced_by.clone(), changes.retired[4].fate),
            (vec![key("n2")], Fate::Merged),
            "c went there too"
        );

        let (again, changes) = succeed(Some(&made), &second, false);
        assert!(changes.unchanged && again == made || again.concepts == made.concepts, "{changes:?}");
        assert!(changes.unchanged && changes.touched.is_empty() && changes.retired.is_empty());
        let (kept, changes) = succeed(Some(&accepted), &second, false);
        assert!(changes.unchanged && kept.concepts == accepted.concepts, "what was accepted stays accepted");
    }

    #[test]
    fn a_concept_that_comes_back_is_new_again() {
        let first = bundle("1", &[("a", "A", ACTIVE, &[], ""), ("b", "B", ACTIVE, &[], "")]);
        let second = bundle("2", &[("b", "B", ACTIVE, &[], "")]);
        let (made, _) = succeed(Some(&first), &second, false);
        let (_, changes) = succeed(Some(&made), &first, false);
        assert_eq!(changes.added, [Listed { id: "a".into(), label: "A".into() }]);
        assert_eq!(changes.touched, ["x:a"]);
    }
}
