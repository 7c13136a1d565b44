//! Places: counties by code and name, as the contract's list reads them. Pure.

use skillwire_schemas::county::{self, PossibleCounty};
use skillwire_schemas::{Concept, ConceptKey, ConceptKind, CountyFips, Match, MatchState};

use crate::matcher::{Candidate, Ranked};

/// The scheme of counties: their ids are FIPS codes.
const SCHEME: &str = "fips";
/// Candidates named in a remark.
const NAMED_MAX: usize = 3;

/// Which counties a text may mean: at most `top`, best first. Of counties of one name the only one in `region` is meant.
#[must_use]
pub fn rank_place(text: &str, region: &[CountyFips], top: usize) -> Ranked {
    let reading = county::read(text, region);
    let candidates = reading.possible.iter().take(top).map(candidate).collect();
    let named = || {
        let names: Vec<String> = reading.possible.iter().take(NAMED_MAX).map(|one| one.county.full_name()).collect();
        let more = reading.possible.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" or {more} others") } else { String::new() };
        format!("{}{more}", names.join(" or "))
    };
    let remark = match (reading.state, &reading.state_alone, reading.possible.first()) {
        (MatchState::Matched, ..) => None,
        (MatchState::Ambiguous, ..) => Some(format!("may be {}; say which, with its state", named())),
        (MatchState::Unmatched, Some(state), _) => Some(format!("{state} is a state; say which county of it")),
        (MatchState::Unmatched, None, Some(_)) => Some(format!("no county of the state given; {} is one", named())),
        (MatchState::Unmatched, None, None) => Some("no county is called so".to_owned()),
    };
    Ranked { state: reading.state, remark, candidates }
}

/// What a text means, as it is kept.
#[must_use]
pub fn decide_place(text: &str, region: &[CountyFips]) -> Match {
    rank_place(text, region, 1).into_match(text)
}

fn candidate(one: &PossibleCounty) -> Candidate {
    let key = ConceptKey { scheme: SCHEME.to_owned(), id: one.county.fips.to_string() };
    let concept = Concept { key, kind: ConceptKind::Place, label: one.county.full_name(), broader: Vec::new() };
    Candidate { concept, score: one.score, reason: one.reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_why_it_is_none() {
        let said = |text: &str| {
            let matched = decide_place(text, &[]);
            let label = matched.concept.map_or_else(|| "-".to_owned(), |c| format!("{} {}", c.key, c.label));
            format!("{} {label}: {}", matched.state, matched.reason)
        };
        for (text, wanted) in [
            ("Jackson Co., Missouri", "matched fips:29095 Jackson County, MO: name and state"),
            (
                "Jackson County",
                "ambiguous -: may be Jackson County, AL or Jackson County, AR or Jackson County, CO or 21 others; say which, \
                 with its state",
            ),
            ("Missouri", "unmatched -: MO is a state; say which county of it"),
            ("Wyandotte County, MO", "unmatched -: no county of the state given; Wyandotte County, KS is one"),
            ("Gotham", "unmatched -: no county is called so"),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
    }
}
