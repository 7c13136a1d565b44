//! Running text and what must be found in it; what is learned from a bundle.

#![expect(clippy::unwrap_used, reason = "a test: panics are its answer")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use skillwire_normalize::import::{Format, ImportOptions, import};
use skillwire_normalize::{Context, MatchKind, Matcher, Taxonomy, learn_folder};
use skillwire_schemas::MatchState;

fn starter() -> &'static Matcher {
    static MATCHER: std::sync::LazyLock<Matcher> =
        std::sync::LazyLock::new(|| Matcher::new(Taxonomy::starter().unwrap()));
    &MATCHER
}

/// Text and label of the matched spans.
fn found(matcher: &Matcher, text: &str) -> Vec<(String, String)> {
    let chars: Vec<char> = text.chars().collect();
    let spans = matcher.extract(text, 3).spans;
    let matched = spans.into_iter().filter(|span| span.state == MatchState::Matched);
    matched
        .map(|span| (chars[span.start..span.end].iter().collect(), span.candidates[0].concept.label.clone()))
        .collect()
}

#[test]
fn spans_stand_where_the_words_stand() {
    let text =
        "Café kitchen: must have forklift experience, know GD&T and Excel. ServSafe preferred; no welding required.";
    let spans = found(starter(), text);
    let texts: Vec<&str> = spans.iter().map(|(text, _)| text.as_str()).collect();
    for wanted in ["GD&T", "Excel", "ServSafe"] {
        assert!(texts.contains(&wanted), "{wanted} in {spans:?}");
    }
    assert!(texts.iter().any(|text| text.contains("forklift")), "{spans:?}");
    assert!(!texts.iter().any(|text| text.contains("weld")), "what is not asked for: {spans:?}");
}

#[test]
fn small_words_are_no_abbreviations() {
    assert!(found(starter(), "it is what it is, or so we are told").is_empty());
    assert!(found(starter(), "").is_empty());
}

#[test]
fn the_whole_text_is_about_what_it_names() {
    let ranked = starter().extract("We need someone for MIG welding and blueprint reading", 5).ranked;
    let labels: Vec<&str> = ranked.iter().map(|c| c.concept.label.as_str()).collect();
    assert!(labels.iter().any(|label| label.contains("metal arc welding")), "{labels:?}");
    assert!(labels.iter().any(|label| label.to_lowercase().contains("blueprint")), "{labels:?}");
    assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_has_spans_within_itself_in_order(text in "(\\PC|[a-z ]{1,12}|welding|, | and |\n){0,30}") {
        let length = text.chars().count();
        let found = starter().extract(&text, 3);
        let mut last = 0;
        for span in &found.spans {
            prop_assert!(last <= span.start && span.start < span.end && span.end <= length, "{span:?} of {length}");
            last = span.end;
        }
        prop_assert!(found.ranked.len() <= 3);
        prop_assert_eq!(starter().extract(&text, 3), found, "the same text is read the same");
    }
}

/// An O*NET of 120 made-up occupations: "<thing> <doer>", each with three titles.
fn onet(folder: &Path) {
    let things = ["Valve", "Harp", "Kite", "Drone", "Orchard", "Mosaic", "Glacier", "Tunnel", "Falcon", "Quilt"];
    let doers = [
        "Tuners",
        "Growers",
        "Pilots",
        "Painters",
        "Keepers",
        "Binders",
        "Menders",
        "Polishers",
        "Carvers",
        "Weavers",
        "Sorters",
        "Graders",
    ];
    let mut occupations = "O*NET-SOC Code\tTitle\tDescription\n".to_owned();
    let mut titles = "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n".to_owned();
    for (at, (thing, doer)) in things.iter().flat_map(|t| doers.iter().map(move |d| (t, d))).enumerate() {
        let code = format!("{}-{:04}.00", 11 + at % 40, 1000 + at);
        let one = doer.trim_end_matches('s');
        occupations += &format!("{code}\t{thing} {doer}\tLook after every {thing} as a {one} does.\n");
        for title in [
            format!("Senior {thing} {one}"),
            format!("{thing} {one} Assistant"),
            format!("Master {one} of the {thing}"),
        ] {
            titles += &format!("{code}\t{title}\tn/a\t01\n");
        }
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("Occupation Data.txt"), occupations).unwrap();
    fs::write(folder.join("Alternate Titles.txt"), titles).unwrap();
}

#[test]
fn a_title_never_seen_finds_its_occupation_by_what_was_learned() {
    let dir = tempfile::tempdir().unwrap();
    onet(&dir.path().join("onet"));
    let bundle = import(Format::Onet, &dir.path().join("onet"), &ImportOptions::default(), &mut |_| {}).unwrap();
    let folder = dir.path().join("bundle");
    bundle.write(&folder).unwrap();
    let kinds: Vec<MatchKind> = learn_folder(&folder, &mut |_, _, _| {}).unwrap().into_iter().map(|(k, _)| k).collect();
    assert_eq!(kinds, [MatchKind::Occupation]);
    let matcher = Matcher::new(Taxonomy::from_dir(&folder).unwrap());
    let rank = |text: &str| matcher.rank(text, MatchKind::Occupation, &Context::default(), 5);
    for (text, label) in [
        ("Glacier Keeper Trainee", "Glacier Keepers"),
        ("harp tuner, nights", "Harp Tuners"),
        ("orchard grower helper", "Orchard Growers"),
    ] {
        let ranked = rank(text);
        assert_eq!(ranked.candidates[0].concept.label, label, "{text}: {ranked:?}");
        assert!(ranked.candidates[0].reason.starts_with("learned"), "{ranked:?}");
    }
    assert_eq!(rank("Harp Tuners").candidates[0].reason, "label");
    assert_eq!(rank("zzz qqq xxx").state, MatchState::Unmatched);

    // The concepts are others than those that were learned: that is said, and how to mend it.
    let concepts = fs::read_to_string(folder.join("concepts.csv")).unwrap();
    let without_last: Vec<&str> = concepts.trim_end().lines().collect();
    fs::write(folder.join("concepts.csv"), without_last[..without_last.len() - 1].join("\n")).unwrap();
    let names = fs::read_to_string(folder.join("names.csv")).unwrap();
    let gone = without_last.last().unwrap().split(',').next().unwrap();
    let kept: Vec<&str> = names.lines().filter(|line| !line.starts_with(gone)).collect();
    fs::write(folder.join("names.csv"), kept.join("\n")).unwrap();
    let error = Taxonomy::from_dir(&folder).expect_err("it is stale").to_string();
    assert!(error.contains("taxonomy learn"), "{error}");
}
