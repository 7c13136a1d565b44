//! Which county a text names. Pure; what it costs is bounded by [`TEXT_CHARS_MAX`].

use std::cmp::Reverse;

use strsim::osa_distance;

use super::list::{INDEX, has_same_letters, is_county_word, plain, words};
use super::{County, CountyFips};
use crate::matching::MatchState;

/// Of a longer text the rest is not read.
const TEXT_CHARS_MAX: usize = 120;
/// Words of a state's name at most.
const STATE_WORDS_MAX: usize = 3;
/// Counties that one text may list.
const LISTED_MAX: usize = 8;
/// Letters from which on a name may be one letter wrong (with its state, without it), and from which on two.
const ONE_WRONG_LETTERS_MIN: (usize, usize) = (5, 7);
const TWO_WRONG_LETTERS_MIN: usize = 10;
/// Letters from which on the name of a state may be one letter wrong.
const STATE_WRONG_LETTERS_MIN: usize = 5;
/// Other names that are in use: (name, whether only beside the state, county).
const OTHER_NAMES: [(&str, bool, u32); 9] = [
    ("washington", true, 11_001),
    ("washington dc", false, 11_001),
    ("manhattan", false, 36_061),
    ("brooklyn", false, 36_047),
    ("staten island", false, 36_085),
    ("the bronx", false, 36_005),
    ("la", false, 6_037),
    ("dade", true, 12_086),
    ("saint louis and city", true, 29_510),
];

/// Why a text may name a county.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaceReason {
    /// Its FIPS code.
    Code,
    /// Its FIPS code without the leading zero.
    CodeRestored,
    /// Its name and its state.
    NameAndState,
    /// A name that no other county has.
    OnlyOne,
    /// A name that so many have.
    OneOf(usize),
    /// Its name with other spaces.
    Spaces,
    /// Another name of it.
    OtherName,
    /// Its name, misspelt; how alike.
    Fuzzy(f64),
    /// One of several that the text lists.
    Listed,
    /// The only one of that name in the region.
    InRegion,
    /// Its name, but the text names another state.
    OtherState,
}

impl std::fmt::Display for PlaceReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code => f.write_str("FIPS code"),
            Self::CodeRestored => f.write_str("FIPS code, its leading zero restored"),
            Self::NameAndState => f.write_str("name and state"),
            Self::OnlyOne => f.write_str("the only one of that name"),
            Self::OneOf(many) => write!(f, "one of {many} of that name"),
            Self::Spaces => f.write_str("other spaces"),
            Self::OtherName => f.write_str("another name of it"),
            Self::Fuzzy(score) => write!(f, "fuzzy {score:.2}"),
            Self::Listed => f.write_str("one of several in the text"),
            Self::InRegion => f.write_str("the only one of that name in the region"),
            Self::OtherState => f.write_str("of that name, but not in the state given"),
        }
    }
}

/// A county that a text may name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PossibleCounty {
    /// Which.
    pub county: &'static County,
    /// 0 to 1.
    pub score: f64,
    /// Why.
    pub reason: PlaceReason,
}

/// What a text says of a county.
#[derive(Clone, Debug, PartialEq)]
pub struct CountyReading {
    /// Whether it names the first.
    pub state: MatchState,
    /// Best first, then by code.
    pub possible: Vec<PossibleCounty>,
    /// The state (two letters) when that is all the text names.
    pub state_alone: Option<String>,
}

/// A way to read the words: which are the name, and which state they name.
#[derive(Clone, Debug)]
struct Way<'a> {
    name: &'a [String],
    state: Option<&'static str>,
    /// Whether the state is misspelt.
    is_unsure: bool,
}

/// Which county a text names: by code, else by name. `region` decides between counties of one name. The same whatever was
/// read before.
#[must_use]
pub fn read(text: &str, region: &[CountyFips]) -> CountyReading {
    let text: String = text.trim().chars().take(TEXT_CHARS_MAX).collect();
    let mut reading = read_short(&text);
    if reading.state == MatchState::Ambiguous && !region.is_empty() && !listed(&reading) {
        let mut inside = reading.possible.iter().filter(|one| region.contains(&one.county.fips));
        if let (Some(one), None) = (inside.next(), inside.next()) {
            let fuzzy = matches!(one.reason, PlaceReason::Fuzzy(_));
            let reason = if fuzzy { one.reason } else { PlaceReason::InRegion };
            reading.possible = vec![PossibleCounty { reason, ..*one }];
            reading.state = MatchState::Matched;
        }
    }
    reading
}

fn listed(reading: &CountyReading) -> bool {
    reading.possible.iter().any(|one| one.reason == PlaceReason::Listed)
}

fn nothing(state_alone: Option<String>) -> CountyReading {
    CountyReading { state: MatchState::Unmatched, possible: Vec::new(), state_alone }
}

fn settled(mut possible: Vec<PossibleCounty>) -> CountyReading {
    possible.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.county.fips.cmp(&b.county.fips)));
    let state = match possible.as_slice() {
        [] => MatchState::Unmatched,
        [_] => MatchState::Matched,
        _ => MatchState::Ambiguous,
    };
    CountyReading { state, possible, state_alone: None }
}

fn read_short(text: &str) -> CountyReading {
    let all = words(text);
    if let Some((county, reason)) = by_code(&all) {
        return settled(vec![PossibleCounty { county, score: 1.0, reason }]);
    }
    if let Some(state) = state_of(&all).filter(|state| *state != "DC")
        && !(all == ["co"] || all == ["la"])
    {
        return nothing(Some(state.to_owned()));
    }
    let last_comma = text.rsplit_once(',').map(|(_, behind)| words(behind).len());
    let ways = ways(&all, last_comma);
    let found = [named, called_otherwise, spaced].into_iter().find_map(|by| {
        let found: Vec<PossibleCounty> = ways.iter().flat_map(by).collect();
        best(found)
    });
    if let Some(found) = found {
        return settled(found);
    }
    if let Some(found) = several(text) {
        return settled(found);
    }
    if let Some(found) = elsewhere(&ways) {
        return CountyReading { state: MatchState::Unmatched, possible: found, state_alone: None };
    }
    settled(best(ways.iter().flat_map(misspelt).collect()).unwrap_or_default())
}

/// "29095", "FIPS 29095", "29095 Jackson County": four digits lack their zero.
fn by_code(words: &[String]) -> Option<(&'static County, PlaceReason)> {
    let is_about = |word: &String| matches!(word.as_str(), "fips" | "code" | "us" | "geoid") || is_county_word(word);
    let rest: Vec<&String> = words.iter().filter(|word| !is_about(word)).collect();
    let code = rest.first().filter(|code| code.len() <= 5 && code.bytes().all(|b| b.is_ascii_digit()))?;
    let at = INDEX.by_fips.get(&code.parse().ok()?)?;
    let county = &INDEX.counties[*at];
    let said = &rest[1..];
    // What stands beside the code is the county's own name, or the code is something else.
    let own = [county.full_name(), county.name.clone()].map(|name| plain(&self::words(&name)));
    let is_own = said.is_empty() || code.len() == 5 && own.contains(&plain(said));
    let reason = if code.len() < 5 { PlaceReason::CodeRestored } else { PlaceReason::Code };
    is_own.then_some((county, reason))
}

/// The state of that name.
fn state_of(words: &[String]) -> Option<&'static str> {
    if words.len() > STATE_WORDS_MAX || words.iter().any(|word| word.len() > 2 && is_county_word(word)) {
        return None;
    }
    INDEX.states.get(&words.join(" ")).map(String::as_str)
}

/// The state that is called nearly so.
fn nearly_state(words: &[String]) -> Option<&'static str> {
    let given = words.join(" ");
    if given.len() < STATE_WRONG_LETTERS_MIN {
        return None;
    }
    let mut near = INDEX
        .states
        .iter()
        .filter(|(name, _)| name.len() >= STATE_WRONG_LETTERS_MIN && osa_distance(name, &given) == 1);
    match (near.next(), near.next()) {
        (Some((_, state)), None) => Some(state),
        _ => None,
    }
}

/// All ways to read the words: with the state behind, in front, or not said. `last_comma` words stand behind the last comma.
fn ways(all: &[String], last_comma: Option<usize>) -> Vec<Way<'_>> {
    let mut all = all;
    let mut last_comma = last_comma;
    while let Some((last, rest)) = all.split_last() {
        let is_zip = last.len() == 5 && last.bytes().all(|b| b.is_ascii_digit());
        if rest.is_empty() || !(is_zip || matches!(last.as_str(), "usa" | "us")) {
            break;
        }
        all = rest;
        last_comma = last_comma.map(|n| n.saturating_sub(1)).filter(|n| *n > 0);
    }
    let mut ways = vec![Way { name: all, state: None, is_unsure: false }];
    for n in 1..=STATE_WORDS_MAX.min(all.len().saturating_sub(1)) {
        let (front, back) = all.split_at(all.len() - n);
        // "Jackson Co" is a county; "Jackson, CO" and "Jackson County CO" are in Colorado.
        let is_word = back == ["co"] && last_comma != Some(1) && !front.iter().any(|word| is_county_word(word));
        if let Some(state) = state_of(back).filter(|_| !is_word) {
            ways.push(Way { name: front, state: Some(state), is_unsure: false });
        } else if last_comma == Some(n)
            && let Some(state) = nearly_state(back)
        {
            ways.push(Way { name: front, state: Some(state), is_unsure: true });
        }
        let (front, back) = all.split_at(n);
        if let Some(state) = state_of(front) {
            ways.push(Way { name: back, state: Some(state), is_unsure: false });
        }
    }
    ways
}

/// Of one county's readings the best; of a name that says what it is ("county", "parish", "city") only what is called so.
fn best(mut found: Vec<PossibleCounty>) -> Option<Vec<PossibleCounty>> {
    let is_sure = found.iter().any(|one| one.reason == PlaceReason::NameAndState);
    found.retain(|one| !is_sure || one.reason == PlaceReason::NameAndState);
    found.sort_by(|a, b| a.county.fips.cmp(&b.county.fips).then(b.score.total_cmp(&a.score)));
    found.dedup_by_key(|one| one.county.fips);
    let top = found.iter().map(|one| one.score).fold(0.0, f64::max);
    found.retain(|one| one.score > top - 0.005);
    (!found.is_empty()).then_some(found)
}

/// Whether the words say what kind of place is meant and the county is none.
fn is_other_kind(words: &[String], county: &County) -> bool {
    let says = |word: &str| words.iter().any(|w| w == word);
    let is_city = county.name.ends_with(" city");
    let is_county = ["county", "counties", "co", "cnty", "cty"].into_iter().any(says);
    is_city && is_county && !says("city")
        || says("parish") && !county.name.ends_with(" Parish")
        || says("borough") && !county.name.ends_with("orough")
}

fn of_state<'a>(
    positions: Option<&'a Vec<usize>>,
    way: &'a Way<'_>,
) -> impl Iterator<Item = &'static County> + use<'a> {
    positions
        .into_iter()
        .flatten()
        .map(|at| &INDEX.counties[*at])
        .filter(|county| way.state.is_none_or(|state| county.state == state) && !is_other_kind(way.name, county))
}

/// The name, with "City of" behind it.
fn name_of(words: &[String]) -> String {
    match words {
        [city, of, rest @ ..] if city == "city" && of == "of" && !rest.is_empty() => format!("{} city", plain(rest)),
        [county, of, rest @ ..] if is_county_word(county) && of == "of" => plain(rest),
        words => plain(words),
    }
}

fn named(way: &Way<'_>) -> Vec<PossibleCounty> {
    let name = name_of(way.name);
    let found: Vec<&County> = of_state(INDEX.by_name.get(&name), way).collect();
    let (reason, score) = match (way.state, found.len()) {
        (Some(_), _) if way.is_unsure => (PlaceReason::Fuzzy(0.93), 0.93),
        (Some(_), _) => (PlaceReason::NameAndState, 1.0),
        (None, 1) => (PlaceReason::OnlyOne, 0.97),
        (None, many) => (PlaceReason::OneOf(many), 0.97),
    };
    found.into_iter().map(|county| PossibleCounty { county, score, reason }).collect()
}

fn called_otherwise(way: &Way<'_>) -> Vec<PossibleCounty> {
    let name = plain(way.name);
    let is_county = way.name.iter().any(|word| is_county_word(word));
    OTHER_NAMES
        .iter()
        .filter(|(other, beside, _)| {
            *other == name && (!beside || way.state.is_some()) && (is_county || *other != "la")
        })
        .filter_map(|(_, _, fips)| INDEX.by_fips.get(fips).map(|at| &INDEX.counties[*at]))
        .filter(|county| way.state.is_none_or(|state| county.state == state))
        .map(|county| PossibleCounty { county, score: 0.96, reason: PlaceReason::OtherName })
        .collect()
}

fn spaced(way: &Way<'_>) -> Vec<PossibleCounty> {
    let letters = name_of(way.name).replace(' ', "");
    let found: Vec<&County> = of_state(INDEX.by_letters.get(&letters), way).collect();
    let reason = if way.is_unsure { PlaceReason::Fuzzy(0.9) } else { PlaceReason::Spaces };
    found.into_iter().map(|county| PossibleCounty { county, score: 0.95, reason }).collect()
}

/// "Jackson and Clay Counties, MO": every side names a county of the state behind the last.
fn several(text: &str) -> Option<Vec<PossibleCounty>> {
    let text = text.to_lowercase().replace(" and ", "/").replace(['&', ';', '+'], "/");
    let sides: Vec<Vec<String>> =
        text.split('/').map(words).filter(|words| !words.is_empty()).take(LISTED_MAX).collect();
    let (last, first) = sides.split_last().filter(|(_, first)| !first.is_empty())?;
    let comma = text.rsplit_once(',').map(|(_, behind)| words(behind).len());
    ways(last, comma).into_iter().find_map(|way| {
        let mut listed = Vec::new();
        for name in std::iter::once(way.name).chain(first.iter().map(Vec::as_slice)) {
            let found = named(&Way { name, ..way.clone() });
            let [one] = found.as_slice() else { return None };
            listed.push(PossibleCounty { reason: PlaceReason::Listed, score: 0.9, ..*one });
        }
        listed.sort_by_key(|one| one.county.fips);
        listed.dedup_by_key(|one| one.county.fips);
        Some(listed)
    })
}

/// The name is a county's, but none of the state that is named: nothing is guessed.
fn elsewhere(ways: &[Way<'_>]) -> Option<Vec<PossibleCounty>> {
    let way = ways.iter().find(|way| way.state.is_some() && INDEX.by_name.contains_key(&name_of(way.name)))?;
    let anywhere = Way { state: None, ..way.clone() };
    let found = named(&anywhere).into_iter();
    Some(found.map(|one| PossibleCounty { score: 0.4, reason: PlaceReason::OtherState, ..one }).collect())
}

/// Names that are a letter or two from the one given, the nearest only.
fn misspelt(way: &Way<'_>) -> Vec<PossibleCounty> {
    let name = name_of(way.name);
    let letters = name.chars().count();
    let least = if way.state.is_some() { ONE_WRONG_LETTERS_MIN.0 } else { ONE_WRONG_LETTERS_MIN.1 };
    if letters < least || way.is_unsure {
        return Vec::new();
    }
    let most = if letters >= TWO_WRONG_LETTERS_MIN { 2 } else { 1 };
    let mut found: Vec<(usize, &County)> = Vec::new();
    for (other, positions) in &INDEX.by_name {
        if other.len().abs_diff(name.len()) > most || other.as_bytes().first() != name.as_bytes().first() {
            continue;
        }
        let wrong = osa_distance(other, &name);
        // Another letter makes another word more often than one too many or too few ("Atlantis" is no misspelt "Atlantic").
        let is_other_word = way.state.is_none()
            && letters < TWO_WRONG_LETTERS_MIN
            && other.len() == name.len()
            && !has_same_letters(other, &name);
        if wrong <= most && !is_other_word {
            found.extend(of_state(Some(positions), way).map(|county| (wrong, county)));
        }
    }
    found.sort_by_key(|(wrong, county)| (*wrong, Reverse(county.fips)));
    let nearest = found.first().map_or(0, |(wrong, _)| *wrong);
    #[expect(clippy::cast_precision_loss, reason = "letters of one name")]
    let score = 0.96 - 0.6 * nearest as f64 / letters as f64;
    let near = found.into_iter().take_while(|(wrong, _)| *wrong == nearest);
    near.map(|(_, county)| PossibleCounty { county, score, reason: PlaceReason::Fuzzy(score) }).collect()
}
