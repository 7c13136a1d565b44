//! Releases of taxonomies: imported, in force on every copy, replaced by the next one, and the needs that change with them.

use std::collections::BTreeMap;
use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_normalize::bundle::Bundle;
use skillwire_normalize::import::{Format, ImportOptions, import};
use skillwire_normalize::{Changes, Fate, ImportInto, Normalize};
use skillwire_tests::World;
use skillwire_tests::world::partnership;

/// A table as a bundle of the scheme `guild`.
fn guild(release: &str, rows: &str) -> Bundle {
    let place = tempfile::tempdir().unwrap();
    let head = "concept,kind,label,aliases,abbreviations,hidden,description,status,replaced_by,broader,sectors\n";
    fs::write(place.path().join("guild.csv"), format!("{head}{rows}")).unwrap();
    let options = ImportOptions {
        scheme: Some("guild".to_owned()),
        release: Some(release.to_owned()),
        licence: Some("ours".to_owned()),
        ..ImportOptions::default()
    };
    import(Format::Csv, place.path(), &options, &mut |_| ()).unwrap()
}

const FIRST: &str = "guild:1,skill,Thatching,reed roofing,,,,active,,guild:9,\n\
    guild:2,skill,Withy weaving,,,,,active,,,\n\
    guild:3,skill,Flint knapping,,,,,active,,,\n\
    guild:4,skill,Coracle building,,,,,active,,,\n\
    guild:5,skill,Charcoal burning,,,,,active,,,\n\
    guild:9,skill,Roof trades,,,,,heading,,,\n";

/// 1 and 2 are merged into 6, 3 is split, 4 is gone from the file, 5 has another name.
const SECOND: &str = "guild:1,skill,Thatching,reed roofing,,,,retired,guild:6,,\n\
    guild:2,skill,Withy weaving,,,,,retired,guild:6,,\n\
    guild:3,skill,Flint knapping,,,,,retired,guild:7;guild:8,,\n\
    guild:5,skill,Charcoal making,charcoal burning,,,,active,,,\n\
    guild:6,skill,Rural building crafts,,,,,active,,,\n\
    guild:7,skill,Flint tool making,,,,,active,,,\n\
    guild:8,skill,Flint walling,,,,,active,,,\n\
    guild:9,skill,Roof trades,,,,,heading,,,\n";

const WORDS: [&str; 5] = ["reed roofing", "Withy weaving", "Flint knapping", "coracle building", "charcoal burning"];

async fn state(world: &World, who: &str, reference: &str) {
    state_words(world, who, reference, &WORDS).await;
}

async fn state_words(world: &World, who: &str, reference: &str, words: &[&str]) {
    let need = json!({"needs": [{
        "reference": reference, "occupation": "Welder", "county": "29095", "openings": [{"horizon": "now", "new": 2}],
        "required_skills": words,
    }]});
    let answer =
        world.submit(who, &format!("{who}-{reference}"), "application/json", need.to_string().as_bytes()).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

fn service(world: &World) -> Normalize {
    Normalize::create(world.house.parts(skillwire_normalize::NAME), world.house.settings.normalize.clone()).unwrap()
}

/// Word -> (state, concept, reason) of an employer's first need.
async fn words(world: &World, who: &str) -> BTreeMap<String, (String, String, String)> {
    let needs = world.get(who, "/api/v1/needs").await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let requirements = needs["needs"][0]["requirements"].as_array().unwrap();
    let one = |requirement: &Value| {
        let concept = format!("{}:{}", text(&requirement["concept"]["scheme"]), text(&requirement["concept"]["id"]));
        (text(&requirement["text"]), (text(&requirement["state"]), concept, text(&requirement["reason"])))
    };
    requirements.iter().map(one).collect()
}

/// Names of the published signals.
async fn signals(world: &World) -> Vec<String> {
    let signals = world.get("kc-college", "/api/v1/signals").await;
    let mut names: Vec<String> = signals["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["concept"]["label"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

async fn bring(service: &Normalize, bundle: &Bundle) -> (Changes, usize) {
    let mut changes = service.import(bundle, ImportInto::default()).await.unwrap();
    let done = service.read_touched_again(&mut |_| ()).await.unwrap();
    (changes.remove(0), done.changed)
}

#[tokio::test]
async fn a_release_is_in_force_at_once_and_the_next_one_takes_its_needs_along() {
    let world = World::new().await;
    for n in 1..=3 {
        state(&world, &format!("kc-e{n}"), "G-1").await;
    }
    world.drain().await;
    assert!(
        words(&world, "kc-e1").await.values().all(|(state, ..)| state != "matched"),
        "nobody knows these crafts yet"
    );

    // Another process imports; this one, that runs, takes notice by itself.
    let command = service(&world);
    let preview =
        command.import(&guild("1", FIRST), ImportInto { dry_run: true, ..ImportInto::default() }).await.unwrap();
    assert_eq!((preview[0].added.len(), command.releases().await.unwrap().len()), (6, 0));
    let (first, changed) = bring(&command, &guild("1", FIRST)).await;
    assert_eq!((first.added.len(), changed), (6, 3), "open texts are read again");
    world.drain().await;
    let before = words(&world, "kc-e1").await;
    let concepts: Vec<&str> = WORDS.iter().map(|word| before[*word].1.as_str()).collect();
    assert_eq!(concepts, ["guild:1", "guild:2", "guild:3", "guild:4", "guild:5"]);
    state(&world, "kc-e4", "G-2").await;
    world.drain().await;
    assert_eq!(words(&world, "kc-e4").await, before, "a need that comes later reads the same");
    let told = signals(&world).await;
    for label in ["Thatching", "Withy weaving", "Flint knapping", "Coracle building", "Charcoal burning"] {
        assert!(told.contains(&label.to_owned()), "{label} is not among {told:?}");
    }

    let (again, changed) = bring(&command, &guild("1", FIRST)).await;
    assert!(
        again.unchanged && changed == 0 && command.releases().await.unwrap().len() == 1,
        "the same again is nothing"
    );

    let (second, changed) = bring(&command, &guild("2", SECOND)).await;
    let fates: Vec<(&str, Fate)> = second.retired.iter().map(|r| (r.concept.id.as_str(), r.fate)).collect();
    assert_eq!(fates, [("1", Fate::Merged), ("2", Fate::Merged), ("3", Fate::Split), ("4", Fate::Gone)]);
    assert_eq!((second.renamed.len(), changed), (1, 4));
    world.drain().await;
    let after = words(&world, "kc-e1").await;
    let of = |word: &str| (after[word].0.as_str(), after[word].1.as_str());
    assert_eq!(of("reed roofing"), ("matched", "guild:6"), "{after:?}");
    assert_eq!(of("Withy weaving"), ("matched", "guild:6"));
    assert_eq!(of("Flint knapping").0, "ambiguous");
    assert_eq!(of("coracle building").0, "unmatched");
    assert!(
        after["coracle building"].2.contains("'Coracle building' was retired in guild 2 and nothing took its place")
    );
    assert_eq!(of("charcoal burning"), ("matched", "guild:5"));
    let told = signals(&world).await;
    for (label, there) in [
        ("Rural building crafts", true),
        ("Charcoal making", true),
        ("Thatching", false),
        ("Withy weaving", false),
        ("Flint knapping", false),
        ("Coracle building", false),
        ("Charcoal burning", false),
    ] {
        assert_eq!(told.contains(&label.to_owned()), there, "{label}: {told:?}");
    }
    let releases = command.releases().await.unwrap();
    let shown: Vec<(&str, bool, bool)> =
        releases.iter().map(|r| (r.scheme.release.as_str(), r.active, r.pending)).collect();
    assert_eq!(shown, [("2", true, false), ("1", false, false)]);
    assert_eq!(releases[0].scheme.licence, "ours");
    let found = world.get("kc-e1", "/api/v1/needs/concepts?q=rural").await;
    assert_eq!(found[0]["label"], "Rural building crafts", "type-ahead knows it too");
}

#[tokio::test]
async fn an_import_that_was_stopped_before_its_needs_were_read_again_is_finished_later() {
    let world = World::new().await;
    state(&world, "kc-e1", "G-1").await;
    world.drain().await;
    let command = service(&world);
    command.import(&guild("1", FIRST), ImportInto::default()).await.unwrap();
    assert!(command.releases().await.unwrap()[0].pending);
    // The next release comes first: what the one before had still to do goes over to it.
    command.import(&guild("2", SECOND), ImportInto::default()).await.unwrap();
    let done = service(&world).read_touched_again(&mut |_| ()).await.unwrap();
    assert_eq!((done.needs, done.changed), (1, 1));
    world.drain().await;
    assert_eq!(words(&world, "kc-e1").await["reed roofing"].1, "guild:6");
    assert!(!command.releases().await.unwrap()[0].pending);
}

#[tokio::test]
async fn a_partnership_sees_its_concepts_in_the_scheme_it_chose() {
    let world = World::new().await;
    world.need("kc-e1", "W-1", "Welder", "29095", 3).await;
    world.need("mv-e1", "W-1", "Welder", "39113", 3).await;
    world.drain().await;
    let ours = words(&world, "kc-e1").await["MIG welding"].1.clone();
    assert!(ours.starts_with("skillwire:"), "{ours}");
    let command = service(&world);
    let error = command.set_display(partnership("kc"), Some("guild")).await.unwrap_err().to_string();
    assert!(error.contains("no release of 'guild' is in force; there are none"), "{error}");
    bring(&command, &guild("1", "guild:m,skill,MIG welding,,,,,active,,,\n")).await;
    world.drain().await;
    assert_eq!(words(&world, "kc-e1").await["MIG welding"].1, ours, "our own comes first when nothing was chosen");
    assert!(command.set_display(partnership("kc"), Some("guild")).await.unwrap());
    command.renormalize(partnership("kc")).await.unwrap();
    world.drain().await;
    assert_eq!(words(&world, "kc-e1").await["MIG welding"].1, "guild:m");
    assert_eq!(words(&world, "mv-e1").await["MIG welding"].1, ours, "the other partnership chose nothing");
    for who in ["kc-e2", "mv-e2", "kc-e3"] {
        world.need(who, "W-2", "Welder", if who == "mv-e2" { "39113" } else { "29095" }, 1).await;
    }
    world.drain().await;
    for (who, concept) in [("kc-e2", "guild:m"), ("mv-e2", ours.as_str()), ("kc-e3", "guild:m")] {
        assert_eq!(words(&world, who).await["MIG welding"].1, concept, "{who}: nobody reads what another was told");
    }
    assert!(command.set_display(partnership("kc"), None).await.unwrap());
    command.renormalize(partnership("kc")).await.unwrap();
    assert_eq!(words(&world, "kc-e1").await["MIG welding"].1, ours);
}

async fn decide(world: &World, text: &str, concept: &str) -> StatusCode {
    let answer = json!({"action": "map", "concept": concept});
    let asked = json!({"kind": "requirement", "text": text, "version": 0, "answer": answer});
    world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked)).await.status
}

#[tokio::test]
async fn decisions_outlive_releases_and_say_when_their_concept_was_retired() {
    let world = World::new().await;
    let asked = ["reed bothering", "kiln sitting", "reed roofing"];
    for who in ["kc-e1", "mv-e1"] {
        let county = if who == "kc-e1" { "29095" } else { "39113" };
        let need = json!({"needs": [{"reference": "D-1", "occupation": "Welder", "county": county,
            "openings": [{"horizon": "now", "new": 2}], "required_skills": asked}]});
        let answer = world.submit(who, who, "application/json", need.to_string().as_bytes()).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    world.drain().await;
    assert_eq!(decide(&world, "reed bothering", "guild:1").await, StatusCode::UNPROCESSABLE_ENTITY, "not there yet");
    let command = service(&world);
    bring(&command, &guild("1", FIRST)).await;
    assert_eq!(decide(&world, "reed bothering", "guild:1").await, StatusCode::CREATED);
    assert_eq!(decide(&world, "kiln sitting", "guild:5").await, StatusCode::CREATED);
    world.drain().await;
    let of = |words: &BTreeMap<String, (String, String, String)>, word: &str| {
        let (_, concept, reason) = words[word].clone();
        (concept, reason)
    };
    let told = |concept: &str, reason: &str| (concept.to_owned(), reason.to_owned());
    let first = words(&world, "kc-e1").await;
    assert_eq!(of(&first, "reed bothering"), told("guild:1", "staff decision #1"));
    assert_eq!(of(&first, "kiln sitting"), told("guild:5", "staff decision #2"));
    assert_eq!(first["reed roofing"].1, "guild:1");
    assert_eq!(words(&world, "mv-e1").await["reed bothering"].0, "unmatched", "another partnership's decision");

    let (_, changed) = bring(&command, &guild("2", SECOND)).await;
    assert_eq!(changed, 2);
    world.drain().await;
    let second = words(&world, "kc-e1").await;
    let gone =
        "staff decision #1; 'Thatching' was retired in guild 2 and 'Rural building crafts' (guild:6) took its place";
    assert_eq!(of(&second, "reed bothering"), told("guild:1", gone), "what staff decided stays until they decide anew");
    assert_eq!(of(&second, "kiln sitting"), told("guild:5", "staff decision #2"));
    assert_eq!(second["reed roofing"].1, "guild:6");
    let label = "select label from normalize.terms where text = 'kiln sitting' and concept is not null";
    let label: String = sqlx::query_scalar(label).fetch_one(&world.house.pool).await.unwrap();
    assert_eq!(label, "Charcoal making", "under its name of now");

    // The stage, the re-reading of all and another copy come to the same.
    world.pass(std::time::Duration::from_secs(60));
    state_words(&world, "kc-e2", "D-1", &asked).await;
    world.drain().await;
    assert_eq!(words(&world, "kc-e2").await, second);
    assert_eq!(service(&world).renormalize(partnership("kc")).await.unwrap().changed, 0);
    assert_eq!(decide(&world, "withy bothering", "guild:2").await, StatusCode::UNPROCESSABLE_ENTITY, "it is retired");
    assert_eq!(decide(&world, "withy bothering", "guild:6").await, StatusCode::CREATED);
}

#[tokio::test]
async fn a_county_is_read_as_people_write_it_and_the_region_decides_between_counties_of_one_name() {
    let world = World::new().await;
    let counties = ["29095", "Jackson Co., Missouri", "Jackson Co. Missouri", "MO - Jackson County", "Jackson County"];
    let need = |at: usize, county: &str| {
        json!({"reference": format!("P-{at}"), "occupation": "Welder", "county": county,
            "openings": [{"horizon": "now", "new": 1}], "required_skills": ["MIG welding"]})
    };
    let needs: Vec<Value> = counties.iter().enumerate().map(|(at, county)| need(at, county)).collect();
    let body = json!({"needs": needs}).to_string();
    assert_eq!(world.submit("kc-e1", "places", "application/json", body.as_bytes()).await.status, StatusCode::CREATED);
    world.drain().await;
    let kept = world.get("kc-e1", "/api/v1/needs").await;
    let read: Vec<&str> = kept["needs"].as_array().unwrap().iter().map(|n| n["county"].as_str().unwrap()).collect();
    assert_eq!(read, ["29095"; 5]);

    for (at, (county, why)) in [
        ("Clay County, KS", "is not in the partnership's region"),
        ("Adair County", "'Adair County' is a county in IA, KY, MO, OK; add the state"),
        (
            "Jakson County, MO",
            "'Jakson County, MO' is no US county; if Jackson County, MO (29095) is meant, write that",
        ),
        ("Gotham", "is no US county"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"needs": [need(9, county)]}).to_string();
        let answer = world.submit("kc-e1", &format!("p{at}"), "application/json", body.as_bytes()).await;
        assert!(answer.body.to_string().contains(why), "{county}: {}", answer.body);
    }
}
