//! Whether a subscription wants a signal: the rule itself. The index only finds candidates for it.

use skillwire_schemas::{ConceptKey, Figures, Predicate, RegionLevel, Signal};

/// Digits by which a signal tells the industries behind it.
pub(crate) const NAICS_TOLD_DIGITS: usize = 3;

/// Whether all that the predicate asks of the kind, place and size of a signal holds. What was told before (minimum change)
/// is decided in `told`. A signal without numbers (kept back, ended) meets every minimum: whoever was told its numbers
/// must learn that they no longer hold.
#[must_use]
pub fn holds(predicate: &Predicate, signal: &Signal) -> bool {
    counties_hold(predicate, signal)
        && (predicate.region_levels.is_empty() || predicate.region_levels.contains(&signal.region.level))
        && industries_hold(predicate, signal)
        && (predicate.concept_kinds.is_empty() || predicate.concept_kinds.contains(&signal.concept.kind))
        && concepts_hold(&predicate.concepts, signal)
        && (predicate.horizons.is_empty() || predicate.horizons.contains(&signal.horizon))
        && match &signal.figures {
            Figures::Published(numbers) => {
                numbers.employers >= predicate.min_employers && numbers.openings() >= predicate.min_openings
            }
            Figures::Suppressed { .. } | Figures::Ended => true,
        }
}

/// A county signal must be one of the counties; a wider one must hold one of them.
fn counties_hold(predicate: &Predicate, signal: &Signal) -> bool {
    if predicate.counties.is_empty() {
        return true;
    }
    match signal.region.level {
        RegionLevel::County => signal.region.counties.first().is_some_and(|county| predicate.counties.contains(county)),
        RegionLevel::SubRegion | RegionLevel::Total => {
            signal.region.counties.iter().any(|county| predicate.counties.contains(county))
        }
    }
}

/// Industries are told by three digits, so a longer prefix can only be compared that far.
fn industries_hold(predicate: &Predicate, signal: &Signal) -> bool {
    // Ended and kept-back signals tell no industries; whether they go out is decided by what was told before.
    if predicate.naics_prefixes.is_empty() || signal.figures.numbers().is_none() {
        return true;
    }
    predicate.naics_prefixes.iter().any(|prefix| {
        let told: &str = prefix.get(..NAICS_TOLD_DIGITS).unwrap_or(prefix);
        signal.industries.iter().any(|industry| industry.starts_with(told))
    })
}

fn concepts_hold(concepts: &[ConceptKey], signal: &Signal) -> bool {
    concepts.is_empty()
        || concepts.iter().any(|wanted| {
            wanted.scheme == signal.concept.key.scheme
                && (wanted.id == signal.concept.key.id || signal.concept.broader.contains(&wanted.id))
        })
}
