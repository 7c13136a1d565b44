//! What employers type, and what it must become.

#![expect(clippy::unwrap_used, reason = "a test: panics are its answer")]

use proptest::prelude::*;
use skillwire_normalize::{Context, MatchKind, Matcher, Taxonomy, normalize_lines};
use skillwire_schemas::MatchState;

fn matcher() -> &'static Matcher {
    static MATCHER: std::sync::LazyLock<Matcher> =
        std::sync::LazyLock::new(|| Matcher::new(Taxonomy::starter().unwrap()));
    &MATCHER
}

fn check(kind: MatchKind, naics: Option<&str>, cases: &[(&str, &str)]) {
    let matcher = matcher();
    let context = Context::of_industry(naics);
    let mut wrong = Vec::new();
    for (text, wanted) in cases {
        let got = matcher.decide(text, kind, &context);
        let id = got.concept.as_ref().map_or(got.state.as_str(), |c| c.key.id.as_str());
        if id != *wanted {
            let best: Vec<String> = matcher
                .rank(text, kind, &context, 3)
                .candidates
                .into_iter()
                .map(|c| format!("{} {:.3} {}", c.concept.key.id, c.score, c.reason))
                .collect();
            wrong.push(format!("{text:?}: {id}, not {wanted}; {best:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn job_titles_find_their_occupation() {
    check(
        MatchKind::Occupation,
        None,
        &[
            ("CNC Machinist II - 2nd shift", "51-4041.00"),
            ("MIG Welder 2nd shift", "51-4121.00"),
            ("Welders", "51-4121.00"),
            ("RN Med/Surg Nights $10k sign on", "29-1141.00"),
            ("Registered Nurse", "29-1141.00"),
            ("Registered Nurses", "29-1141.00"),
            ("LPN - PRN", "29-2061.00"),
            ("CNA (Nights)", "31-1131.00"),
            ("Certified Nursing Asistant", "31-1131.00"),
            ("Fork lift operator", "53-7051.00"),
            ("Forklift Driver - FT Days", "53-7051.00"),
            ("CDL A Driver", "53-3032.00"),
            ("OTR Driver - home weekly", "53-3032.00"),
            ("Line cook", "35-2014.00"),
            ("Help Desk Technician", "15-1232.00"),
            ("Sr. Software Engineer", "15-1252.00"),
            ("Industrial Maintenance Mechanic", "49-9041.00"),
            ("maintenance mechanics", "49-9041.00"),
            ("Journeyman Electrician", "47-2111.00"),
            ("HVAC Tech", "49-9021.00"),
            ("Production Supervisor 3rd Shift", "51-1011.00"),
            ("Quality Inspector", "51-9061.00"),
            ("Front Desk Agent", "43-4081.00"),
            ("Room attendant", "37-2012.00"),
            ("Phlebotomist", "31-9097.00"),
            ("Medical Assistant (Certified)", "31-9092.00"),
            ("diesel mechanic", "49-3031.00"),
            ("Warehouse Associate", "53-7062.00"),
            ("Sanitation Worker - overnight", "51-9192.00"),
            ("Chief Happiness Wizard", "unmatched"),
            ("asdf qwer", "unmatched"),
            ("", "unmatched"),
        ],
    );
}

#[test]
fn skills_find_their_concept_or_honestly_none() {
    let matcher = matcher();
    let context = Context::of_industry(Some("332710"));
    for (text, label) in [
        ("GD&T", "dimensioning"),
        ("PLC's", "programmable logic"),
        ("PLC programming", "PLC"),
        ("blueprint reading", "blueprint"),
        ("reading blueprints", "blueprint"),
        ("Forklift", "forklift"),
        ("fork lift", "forklift"),
        ("HACCP", "hazard analysis"),
        ("Microsoft Excel", "Excel"),
        ("MS Excel", "Excel"),
        ("lockout/tagout", "lockout"),
        ("LOTO", "lockout"),
        ("MIG welding", "gas metal arc"),
        ("TIG", "gas tungsten arc"),
        ("preventative maintenance", "preventive maintenance"),
        ("vital signs", "vital signs"),
        ("Strong knowledge of SQL", "SQL"),
        ("hydraulics", "hydraulic"),
        ("5S", "5S"),
        ("Lean manufacturing", "lean"),
    ] {
        let got = matcher.decide(text, MatchKind::Skill, &context);
        let found = got.concept.as_ref().map(|c| c.label.to_lowercase()).unwrap_or_default();
        assert!(
            found.contains(&label.to_lowercase()),
            "{text:?} became {found:?} ({}: {})",
            got.state.as_str(),
            got.reason
        );
    }
    for text in [
        "no experience required",
        "must love dogs",
        "competitive salary",
        "pass background check",
        "xyzzy",
        "be 18 or older",
    ] {
        let got = matcher.decide(text, MatchKind::Skill, &context);
        assert_ne!(
            got.state,
            MatchState::Matched,
            "{text:?} became {:?} ({})",
            got.concept.map(|c| c.label),
            got.reason
        );
    }
}

#[test]
fn credentials_find_their_concept_by_sector_where_names_do_not_decide() {
    check(
        MatchKind::Credential,
        Some("622110"),
        &[
            ("BLS", "bls"),
            ("BLS certification", "bls"),
            ("ACLS", "acls"),
            ("RN license", "rn-license"),
            ("Current RN licensure", "rn-license"),
            ("CNA", "cna"),
            ("CPT", "cpt-nha"),
            ("Certified Medical Assistant", "cma-aama"),
            ("CPR", "cpr"),
        ],
    );
    check(
        MatchKind::Credential,
        Some("332710"),
        &[
            ("CPT", "mssc-cpt"),
            ("AWS", "aws-certified-welder"),
            ("AWS D1.1", "aws-d1-1"),
            ("OSHA 10", "osha-10"),
            ("OSHA-10 card", "osha-10"),
            ("forklift certified", "forklift-cert"),
            ("NIMS", "nims-machining-1"),
            ("six sigma green belt", "lss-green"),
        ],
    );
    check(
        MatchKind::Credential,
        Some("484121"),
        &[
            ("Class A CDL", "cdl-a"),
            ("CDL-A", "cdl-a"),
            ("hazmat endorsement", "hazmat-endorsement"),
            ("TWIC card", "twic"),
            ("valid driver's license", "drivers-license"),
        ],
    );
    check(
        MatchKind::Credential,
        None,
        &[("CPT", "ambiguous"), ("AWS", "ambiguous"), ("First Bank of Nowhere Award", "unmatched")],
    );
}

#[test]
fn every_label_finds_itself() {
    let matcher = matcher();
    for (file, kind, id, label) in [
        (include_str!("../starter/skills.csv"), MatchKind::Skill, 0, 2),
        (include_str!("../starter/credentials.csv"), MatchKind::Credential, 0, 1),
        (include_str!("../starter/occupations.csv"), MatchKind::Occupation, 0, 1),
    ] {
        let mut reader = csv::Reader::from_reader(file.as_bytes());
        for row in reader.records().map(Result::unwrap) {
            let got = matcher.decide(&row[label], kind, &Context::default());
            assert_eq!(got.concept.as_ref().map(|c| c.key.id.as_str()), Some(&row[id]), "{got:?}");
            assert_eq!((got.reason.as_str(), got.score), ("label", 1.0));
        }
    }
}

#[test]
fn phrases_come_out_as_json_lines_in_order() {
    let mut out = Vec::new();
    let lines = "CNC machinist\n\nno such thing at all\n";
    let count = normalize_lines(matcher(), MatchKind::Occupation, 2, lines.as_bytes(), &mut out).unwrap();
    let objects: Vec<serde_json::Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((count, objects.len()), (3, 3));
    assert_eq!(objects[0]["matches"][0]["id"], "51-4041.00");
    assert_eq!(objects[0]["state"], "matched");
    assert!(objects[0]["matches"].as_array().unwrap().len() <= 2);
    assert_eq!(objects[1]["text"], "");
    assert_eq!(objects[2]["state"], "unmatched");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_text_makes_it_panic_and_a_match_has_a_concept(texts in proptest::collection::vec("\\PC{0,60}", 1..20)) {
        let matcher = matcher();
        for text in &texts {
            for kind in [MatchKind::Occupation, MatchKind::Skill, MatchKind::Credential] {
                let got = matcher.decide(text, kind, &Context::default());
                prop_assert!((0.0..=1.0).contains(&got.score));
                prop_assert_eq!(got.state == MatchState::Matched, got.concept.is_some());
                prop_assert!(!got.reason.is_empty());
                let ranked = matcher.rank(text, kind, &Context::default(), 5);
                prop_assert_eq!(ranked.state, got.state);
                prop_assert!(ranked.candidates.len() <= 5);
                prop_assert!(ranked.candidates.is_sorted_by(|a, b| a.score >= b.score));
                prop_assert!(ranked.candidates.iter().all(|c| (0.0..=1.0).contains(&c.score)));
            }
        }
    }
}
