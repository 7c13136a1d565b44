//! Whether a signal says something new. Pure.

use chrono::{DateTime, Utc};
use skillwire_schemas::{Concept, Figures, Horizon, PartnershipId, Region, Signal, SignalKey};

use crate::figures::Told;

/// The next revision, if what is told now differs from the last one.
pub(crate) fn revise(
    before: Option<&Signal>,
    told: Option<&Told>,
    place: (PartnershipId, &Region, &Concept, Horizon),
    now: DateTime<Utc>,
) -> Option<Signal> {
    let (partnership, region, concept, horizon) = place;
    let (figures, industries) = match (told, before) {
        (Some(told), _) => (told.figures, told.industries.as_slice()),
        // Nobody asks any more: said once, and only of what was said before.
        (None, Some(_)) => (Figures::Ended, &[][..]),
        (None, None) => return None,
    };
    if let Some(before) = before {
        let same = before.figures == figures
            && before.industries == industries
            && before.concept == *concept
            && before.region == *region;
        if same || (figures == Figures::Ended && before.figures == Figures::Ended) {
            return None;
        }
    }
    let key = SignalKey {
        partnership,
        level: region.level,
        region: region.code.clone(),
        concept: concept.key.to_string(),
        horizon,
    };
    Some(Signal {
        id: key.id(),
        partnership,
        region: region.clone(),
        concept: concept.clone(),
        horizon,
        revision: before.map_or(1, |before| before.revision + 1),
        figures,
        industries: industries.to_vec(),
        as_of: now,
        causes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::Suppression;
    use skillwire_schemas::event::SignalPublished;
    use skillwire_schemas::{Payload, ids::sample_time};

    #[test]
    fn only_what_differs_is_a_revision_and_an_end_is_said_once() {
        let before = SignalPublished::sample().signal;
        let place = (before.partnership, &before.region, &before.concept, before.horizon);
        let staff = before.figures.numbers().copied();
        let same = Told { figures: before.figures, industries: before.industries.clone(), staff };
        assert_eq!(revise(Some(&before), Some(&same), place, sample_time()), None);
        let other = Told { figures: Figures::Suppressed { reason: Suppression::Dominated }, industries: vec![], staff };
        let next = revise(Some(&before), Some(&other), place, sample_time()).unwrap();
        assert_eq!((next.id, next.revision), (before.id, before.revision + 1));
        let ended = revise(Some(&next), None, place, sample_time()).unwrap();
        assert_eq!(ended.figures, Figures::Ended);
        assert_eq!(revise(Some(&ended), None, place, sample_time()), None);
        assert_eq!(revise(None, None, place, sample_time()), None);
    }
}
