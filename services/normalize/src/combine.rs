//! Several taxonomies as one: what a text may mean, whichever scheme names it. Pure.
//!
//! The order of precedence: the display scheme, then our own, then the others by name. A name that a scheme before it has
//! means that scheme's concept; of the same concept in two schemes the later one is left out. Within a scheme a name may be
//! of several concepts, as before: that is ambiguous, and said so.

use std::collections::{HashMap, HashSet};

use skillwire_schemas::{Concept, ConceptKey, ConceptKind};

use crate::bundle::{Bundle, BundleConcept, NameCalled, RelationKind, Status};
use crate::fold::key;
use crate::taxonomy::{Entry, Taxonomy};

/// What comes of several taxonomies.
#[derive(Debug)]
pub(crate) struct Combined {
    pub taxonomy: Taxonomy,
    /// Names, folded, of concepts that were retired and have no successor, and what to say of them.
    pub retired: HashMap<String, String>,
    /// All concepts that were retired, and what to say of them.
    pub gone: HashMap<ConceptKey, String>,
    /// Concepts that are shown as one of the display scheme, and why.
    pub shown: HashMap<ConceptKey, (Concept, &'static str)>,
}

/// Puts them together.
pub(crate) fn combine(base: Taxonomy, bundles: &[Bundle], display: &str) -> Combined {
    let mut retired = HashMap::new();
    let mut gone = HashMap::new();
    let mut by_scheme: Vec<(String, Vec<Entry>)> = Vec::new();
    for bundle in bundles {
        let Some(scheme) = bundle.manifest.schemes.first() else { continue };
        let mut entries = entries(bundle, &scheme.release, (&mut retired, &mut gone));
        absorb(&mut entries, &base, &scheme.scheme);
        by_scheme.push((scheme.scheme.clone(), entries));
    }
    let released: HashSet<&str> = by_scheme.iter().map(|(scheme, _)| scheme.as_str()).collect();
    let Taxonomy { entries: own, counties, words, models } = base;
    let own: Vec<Entry> = own.into_iter().filter(|e| !released.contains(e.concept.key.scheme.as_str())).collect();
    let at = by_scheme.iter().position(|(scheme, _)| scheme == display);
    let first = at.map(|at| by_scheme.remove(at).1).unwrap_or_default();
    let mut owned = Owned::default();
    let mut entries = Vec::new();
    let rest = by_scheme.into_iter().map(|(_, entries)| entries);
    for group in [first, own].into_iter().chain(rest) {
        entries.extend(group.into_iter().filter_map(|entry| owned.claim(entry)));
    }
    let shown = crosswalk(bundles, &entries, display);
    Combined { taxonomy: Taxonomy { entries, counties, words, models }, retired, gone, shown }
}

/// Which scheme has a name.
#[derive(Default)]
struct Owned(HashMap<(u8, String), String>);

impl Owned {
    /// Takes the names that no scheme before has; the entry without the others, if its label is left.
    fn claim(&mut self, mut entry: Entry) -> Option<Entry> {
        let group = match entry.concept.kind {
            ConceptKind::Occupation => 0,
            ConceptKind::Skill | ConceptKind::Knowledge | ConceptKind::Technology => 1,
            ConceptKind::Credential => 2,
            ConceptKind::Industry | ConceptKind::Place => return Some(entry),
        };
        let scheme = entry.concept.key.scheme.clone();
        let mut free = |name: &String| {
            let owner = self.0.entry((group, key(name).join(" "))).or_insert_with(|| scheme.clone());
            *owner == scheme
        };
        if !free(&entry.concept.label) {
            return None;
        }
        entry.aliases.retain(&mut free);
        entry.abbreviations.retain(&mut free);
        Some(entry)
    }
}

/// The concepts in use, with the names of those that they took the place of.
fn entries(
    bundle: &Bundle,
    release: &str,
    (retired, gone): (&mut HashMap<String, String>, &mut HashMap<ConceptKey, String>),
) -> Vec<Entry> {
    let by_key: HashMap<&ConceptKey, u32> = (0u32..).zip(&bundle.concepts).map(|(at, c)| (&c.key, at)).collect();
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for (at, concept) in (0u32..).zip(&bundle.concepts).filter(|(_, c)| c.status == Status::Active) {
        let mut entry = Entry {
            concept: Concept {
                key: concept.key.clone(),
                kind: concept.kind,
                label: concept.label.clone(),
                broader: above(bundle, &by_key, concept),
            },
            aliases: Vec::new(),
            abbreviations: Vec::new(),
            sectors: concept.sectors.clone(),
        };
        add_names(&mut entry, bundle, at);
        places.insert(at, entries.len());
        entries.push(entry);
    }
    for (at, concept) in (0u32..).zip(&bundle.concepts).filter(|(_, c)| c.status == Status::Retired) {
        let successors = successors(bundle, &by_key, at);
        for place in successors.iter().filter_map(|at| places.get(at)) {
            let entry = &mut entries[*place];
            if !entry.aliases.contains(&concept.label) && entry.concept.label != concept.label {
                entry.aliases.push(concept.label.clone());
            }
            add_names(entry, bundle, at);
        }
        let why = why_gone(bundle, concept, release, &successors);
        if successors.is_empty() {
            let names = bundle.names_of(at).iter().map(|name| &name.name);
            for name in std::iter::once(&concept.label).chain(names) {
                retired.entry(key(name).join(" ")).or_insert_with(|| why.clone());
            }
        }
        gone.insert(concept.key.clone(), why);
    }
    entries
}

/// What to say of a concept that was retired.
fn why_gone(bundle: &Bundle, concept: &BundleConcept, release: &str, successors: &[u32]) -> String {
    let name = |at: &u32| {
        let successor = &bundle.concepts[*at as usize];
        format!("'{}' ({})", successor.label, successor.key)
    };
    let came = match successors.is_empty() {
        true => "nothing".to_owned(),
        false => successors.iter().map(name).collect::<Vec<_>>().join(" and "),
    };
    format!("'{}' was retired in {} {release} and {came} took its place", concept.label, concept.key.scheme)
}

fn add_names(entry: &mut Entry, bundle: &Bundle, at: u32) {
    for name in bundle.names_of(at) {
        let list = match name.called {
            NameCalled::Abbreviation => &mut entry.abbreviations,
            NameCalled::Alias | NameCalled::Hidden => &mut entry.aliases,
        };
        list.push(name.name.clone());
    }
}

/// The concepts in use that took the place of one, over however many steps.
fn successors(bundle: &Bundle, by_key: &HashMap<&ConceptKey, u32>, at: u32) -> Vec<u32> {
    let (mut found, mut seen, mut next) = (Vec::new(), HashSet::from([at]), vec![at]);
    while let Some(at) = next.pop() {
        for successor in bundle.concepts[at as usize].replaced_by.iter().filter_map(|key| by_key.get(key)) {
            if seen.insert(*successor) {
                match bundle.concepts[*successor as usize].status {
                    Status::Active => found.push(*successor),
                    Status::Heading | Status::Retired => next.push(*successor),
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// All broader concepts, nearest first.
fn above(bundle: &Bundle, by_key: &HashMap<&ConceptKey, u32>, concept: &BundleConcept) -> Vec<String> {
    let (mut all, mut seen) = (Vec::new(), HashSet::from([&concept.key]));
    let mut next: Vec<&ConceptKey> = concept.broader.iter().collect();
    while !next.is_empty() {
        let mut wider = Vec::new();
        for key in next {
            if seen.insert(key) {
                all.push(key.id.clone());
                wider.extend(by_key.get(key).into_iter().flat_map(|at| &bundle.concepts[*at as usize].broader));
            }
        }
        next = wider;
    }
    all
}

/// What our own taxonomy knows of a scheme's concepts goes to the release: names and sectors that its publisher has not.
fn absorb(entries: &mut [Entry], base: &Taxonomy, scheme: &str) {
    let own: HashMap<&str, &Entry> = (base.entries.iter())
        .filter(|e| e.concept.key.scheme == scheme)
        .map(|e| (e.concept.key.id.as_str(), e))
        .collect();
    for entry in entries {
        let Some(known) = own.get(entry.concept.key.id.as_str()) else { continue };
        let folded: HashSet<String> = entry.aliases.iter().map(|name| name.to_lowercase()).collect();
        let label = (known.concept.label != entry.concept.label).then_some(&known.concept.label);
        let new = label.into_iter().chain(&known.aliases).filter(|name| !folded.contains(&name.to_lowercase()));
        entry.aliases.extend(new.cloned().collect::<Vec<_>>());
        for short in &known.abbreviations {
            if !entry.abbreviations.contains(short) {
                entry.abbreviations.push(short.clone());
            }
        }
        if entry.sectors.is_empty() {
            entry.sectors.clone_from(&known.sectors);
        }
    }
}

/// Concepts of other schemes that are one of the display scheme: exactly, else closely, and only when it is a single one.
fn crosswalk(bundles: &[Bundle], entries: &[Entry], display: &str) -> HashMap<ConceptKey, (Concept, &'static str)> {
    let shown: HashMap<&ConceptKey, &Concept> =
        (entries.iter()).filter(|e| e.concept.key.scheme == display).map(|e| (&e.concept.key, &e.concept)).collect();
    let mut found: HashMap<ConceptKey, (RelationKind, Vec<&Concept>)> = HashMap::new();
    for bundle in bundles {
        for relation in &bundle.relations {
            if !matches!(relation.relation, RelationKind::ExactMatch | RelationKind::CloseMatch) {
                continue;
            }
            let (a, b) = (&bundle.concepts[relation.from as usize].key, bundle.target(&relation.to));
            for (from, to) in [(a, b), (b, a)] {
                let Some(concept) = shown.get(to).filter(|_| from.scheme != display) else { continue };
                let (kind, known) = found.entry(from.clone()).or_insert((relation.relation, Vec::new()));
                if relation.relation < *kind {
                    (*kind, *known) = (relation.relation, Vec::new());
                }
                if relation.relation == *kind && !known.iter().any(|c| c.key == concept.key) {
                    known.push(concept);
                }
            }
        }
    }
    let single = |(from, (kind, known)): (ConceptKey, (RelationKind, Vec<&Concept>))| {
        let why = if kind == RelationKind::ExactMatch { "the same in" } else { "nearly the same in" };
        if let [one] = known.as_slice() { Some((from, ((*one).clone(), why))) } else { None }
    };
    found.into_iter().filter_map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Builder, Scheme};

    fn concept(scheme: &str, id: &str, label: &str) -> BundleConcept {
        let key = ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
        BundleConcept::new(key, ConceptKind::Skill, label)
    }

    fn builder(scheme: &str) -> Builder {
        let mut builder = Builder::default();
        builder.schemes.push(Scheme { scheme: scheme.into(), release: "1".into(), ..Scheme::default() });
        builder
    }

    fn base() -> Taxonomy {
        Taxonomy { entries: Vec::new(), counties: 0, words: HashSet::new(), models: Vec::new() }
    }

    fn entry<'a>(combined: &'a Combined, key: &str) -> Option<&'a Entry> {
        combined.taxonomy.entries.iter().find(|e| e.concept.key.to_string() == key)
    }

    #[test]
    fn a_retired_concept_leaves_its_names_to_those_that_took_its_place() {
        let mut builder = builder("x");
        let a = builder.concept(BundleConcept {
            status: Status::Retired,
            replaced_by: vec![concept("x", "b", "").key],
            ..concept("x", "a", "Arc")
        });
        builder.name(a.unwrap(), "stick", NameCalled::Alias, "s");
        builder.concept(BundleConcept {
            status: Status::Retired,
            replaced_by: vec![concept("x", "c", "").key, concept("x", "a", "").key],
            ..concept("x", "b", "Gas")
        });
        builder.concept(concept("x", "c", "Weld"));
        builder.concept(BundleConcept { status: Status::Retired, ..concept("x", "d", "Sewing") });
        let combined = combine(base(), &[builder.finish()], "");
        assert_eq!(entry(&combined, "x:c").unwrap().aliases, ["Arc", "stick", "Gas"], "over two steps, and a circle");
        assert!(entry(&combined, "x:a").is_none());
        let why = &combined.retired[&key("sewing").join(" ")];
        assert_eq!(why, "'Sewing' was retired in x 1 and nothing took its place");
        assert_eq!(combined.retired.len(), 1);
        let gone = |id: &str| combined.gone[&concept("x", id, "").key].as_str();
        assert_eq!(gone("d"), why);
        assert_eq!(gone("a"), "'Arc' was retired in x 1 and 'Weld' (x:c) took its place");
    }

    #[test]
    fn a_name_means_the_concept_of_the_scheme_that_comes_first() {
        let make = |scheme: &str| {
            let mut builder = builder(scheme);
            let one = builder.concept(concept(scheme, "1", "Welding")).unwrap();
            builder.name(one, &format!("{scheme} welding"), NameCalled::Alias, "s");
            let two = builder.concept(concept(scheme, "2", &format!("{scheme} only"))).unwrap();
            builder.name(two, "shared", NameCalled::Alias, "s");
            builder.finish()
        };
        for (display, first, second) in [("", "x", "y"), ("x", "x", "y"), ("y", "y", "x")] {
            let combined = combine(base(), &[make("x"), make("y")], display);
            assert!(
                entry(&combined, &format!("{first}:1")).is_some() && entry(&combined, &format!("{second}:1")).is_none()
            );
            assert_eq!(entry(&combined, &format!("{first}:2")).unwrap().aliases, ["shared"]);
            assert!(entry(&combined, &format!("{second}:2")).unwrap().aliases.is_empty());
        }
    }

    #[test]
    fn what_is_the_same_in_the_display_scheme_is_shown_as_that() {
        let mut x = builder("x");
        for (id, relation, other) in [
            ("1", RelationKind::CloseMatch, "2"),
            ("1", RelationKind::ExactMatch, "1"),
            ("2", RelationKind::CloseMatch, "1"),
            ("2", RelationKind::CloseMatch, "2"),
        ] {
            let made = concept("x", id, &format!("X {id}"));
            let at = builder_place(&mut x, made);
            x.relation(at, relation, concept("y", other, "").key);
        }
        let mut y = builder("y");
        y.concept(concept("y", "1", "Y 1"));
        y.concept(concept("y", "2", "Y 2"));
        let combined = combine(base(), &[x.finish(), y.finish()], "y");
        let shown: Vec<(String, String, &str)> =
            combined.shown.iter().map(|(from, (to, why))| (from.to_string(), to.label.clone(), *why)).collect();
        assert_eq!(shown, [("x:1".to_owned(), "Y 1".to_owned(), "the same in")], "two close ones are none");
    }

    fn builder_place(builder: &mut Builder, concept: BundleConcept) -> u32 {
        let key = concept.key.clone();
        builder.place(&key).or_else(|| builder.concept(concept)).unwrap()
    }
}
