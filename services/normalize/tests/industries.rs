//! How employers name their industry and their county, and what it must become.

#![expect(clippy::unwrap_used, reason = "a test: panics are its answer")]

use std::sync::LazyLock;

use proptest::prelude::*;
use skillwire_normalize::{Context, MatchKind, Matcher, Taxonomy, normalize_lines, place_lines, rank_place};
use skillwire_schemas::{CountyFips, MatchState};

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(Taxonomy::starter().unwrap()));

#[test]
fn industries_are_found_by_code_and_by_the_words_employers_use() {
    let mut wrong = Vec::new();
    for (text, wanted) in [
        ("332710", "332710"),
        ("NAICS 3327", "3327"),
        ("332710 - Machine Shops", "332710"),
        ("31-33", "31-33"),
        ("NAICS 33", "31-33"),
        ("machine shops", "332710"),
        ("Machine shop", "332710"),
        ("CNC machine shop", "332710"),
        ("machne shops", "332710"),
        ("hospitals", "622"),
        ("Hospital", "622"),
        ("hosptials", "622"),
        ("trucking", "484"),
        ("Trucking company", "484"),
        ("truck transportation", "484"),
        ("long-haul trucking", "484121"),
        ("HVAC contractors", "238220"),
        ("HVAC contractor", "238220"),
        ("plumbing contractors", "238220"),
        ("electrical contractors", "238210"),
        ("roofing contractor", "238160"),
        ("nursing homes", "623110"),
        ("assisted living facility", "623312"),
        ("home health", "6216"),
        ("dentist", "621210"),
        ("breweries", "312120"),
        ("restaurants", "722"),
        ("hotels", "721"),
        ("warehousing", "493"),
        ("aerospace", "3364"),
        ("auto parts manufacturing", "3363"),
        ("plastics", "3261"),
        ("construction industry", "23"),
        ("manufacturing", "31-33"),
        ("Mfg", "31-33"),
        ("health care", "62"),
        ("furniture manufacturers", "337"),
        ("software publishers", "513210"),
        ("IT services", "5415"),
        ("banks", "522110"),
        ("law firms", "541110"),
        ("landscaping company", "561730"),
        ("public schools", "611110"),
        ("community colleges", "611210"),
        ("pharmacies", "456110"),
        ("semiconductors", "3344"),
        ("Food Manufacturing", "311"),
        ("454110", "unmatched"),
        ("3M", "unmatched"),
        ("good benefits", "unmatched"),
        ("", "unmatched"),
    ] {
        let got = MATCHER.decide(text, MatchKind::Industry, &Context::default());
        let id = got.concept.as_ref().map_or(got.state.as_str(), |c| c.key.id.as_str());
        if id != wanted {
            let ranked = MATCHER.rank(text, MatchKind::Industry, &Context::default(), 3).candidates;
            let best: Vec<_> =
                ranked.iter().map(|c| format!("{} {:.3} {}", c.concept.key.id, c.score, c.reason)).collect();
            wrong.push(format!("{text:?}: {id}, not {wanted} ({}); {best:?}", got.reason));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let gone = MATCHER.decide("454110", MatchKind::Industry, &Context::default());
    assert_eq!(gone.reason, "454110 is no code of NAICS 2022; 44-45 is the nearest above it");
}

#[test]
fn every_code_of_the_list_is_found_by_itself_and_every_title_leads_to_its_code() {
    let text = include_str!("../starter/industries.csv");
    let mut rows = 0;
    for row in csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap) {
        rows += 1;
        let by_code = MATCHER.decide(&format!("NAICS {}", &row[0]), MatchKind::Industry, &Context::default());
        assert_eq!(by_code.concept.unwrap().key.id, row[0]);
        let by_title = MATCHER.decide(&row[1], MatchKind::Industry, &Context::default());
        let found = by_title.concept.unwrap_or_else(|| panic!("{}: {}", &row[1], by_title.reason));
        // Of codes with one title the narrowest, which has the same establishments.
        assert!(
            found.key.id.starts_with(row[0].trim_end_matches('0')) || found.label == row[1],
            "{row:?}: {}",
            found.key
        );
    }
    assert_eq!(rows, 2_125, "20 sectors and all codes of 3 to 6 digits");
}

/// Lines as a command gets them.
fn answers(kind: Option<MatchKind>, text: &str) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    match kind {
        Some(kind) => normalize_lines(&MATCHER, kind, 2, text.as_bytes(), &mut out).unwrap(),
        None => place_lines(2, text.as_bytes(), &mut out).unwrap(),
    };
    String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn lines_of_industries_and_places_have_the_form_of_all_others() {
    let found = answers(Some(MatchKind::Industry), "NAICS 3327\n");
    assert_eq!(
        found[0].to_string(),
        r#"{"matches":[{"id":"3327","label":"Machine Shops; Turned Product; and Screw, Nut, and Bolt Manufacturing","reason":"NAICS code","scheme":"naics","score":1.0}],"state":"matched","text":"NAICS 3327"}"#
    );
    let found = answers(None, "Jackson Co. Missouri\nJackson County\n");
    assert_eq!(
        found[0].to_string(),
        r#"{"matches":[{"id":"29095","label":"Jackson County, MO","reason":"name and state","scheme":"fips","score":1.0}],"state":"matched","text":"Jackson Co. Missouri"}"#
    );
    assert_eq!((found[1]["state"].as_str(), found[1]["matches"].as_array().unwrap().len()), (Some("ambiguous"), 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_has_one_answer_whatever_came_before(texts in prop::collection::vec("\\PC{0,400}", 1..4)) {
        let of = |text: &String| {
            (MATCHER.rank(text, MatchKind::Industry, &Context::default(), 5), rank_place(text, &[], 5))
        };
        let forward: Vec<_> = texts.iter().map(of).collect();
        let mut backward: Vec<_> = texts.iter().rev().map(of).collect();
        backward.reverse();
        prop_assert_eq!(&forward, &backward);
        for (industry, place) in &forward {
            for ranked in [industry, place] {
                prop_assert!(ranked.candidates.len() <= 5);
                prop_assert!(ranked.candidates.iter().all(|one| (0.0..=1.0).contains(&one.score)));
                prop_assert!(ranked.state != MatchState::Matched || !ranked.candidates.is_empty());
            }
        }
    }

    #[test]
    fn a_county_is_found_however_its_name_is_written(at in 0..3_000_usize, form in 0..5_usize) {
        let county = CountyFips::all().nth(at).unwrap();
        let text = match form {
            0 => county.full_name(),
            1 => county.full_name().to_uppercase().replace(',', ""),
            2 => format!("{} - {}", county.state_name, county.name),
            3 => county.full_name().replace(" County", " Co."),
            _ => county.fips.to_string(),
        };
        let ranked = rank_place(&text, &[], 3);
        prop_assert_eq!(&ranked.candidates[0].concept.key.id, &county.fips.to_string(), "{}", text);
        prop_assert_eq!(ranked.state, MatchState::Matched, "{}", text);
    }
}
