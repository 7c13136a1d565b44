use std::collections::BTreeSet;

use proptest::prelude::*;
use skillwire_schemas::ids::sample_time;
use skillwire_schemas::{
    Answer, Concept, ConceptKey, ConceptKind, Decision, PartnershipId, PersonId, Scope, SplitPart, TermKind,
};

use super::*;

fn concept(scheme: &str, id: &str, kind: ConceptKind) -> Concept {
    let key = ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() };
    Concept { key, kind, label: id.replace('-', " "), broader: Vec::new() }
}

fn decision(number: u32, text: &str, scope: Scope, answer: Answer) -> Decision {
    Decision {
        id: Decision::id(PartnershipId::derived(&["p"]), number),
        number,
        kind: TermKind::Requirement,
        text: text.to_owned(),
        folded: term_key(text),
        scope,
        answer,
        note: String::new(),
        person: PersonId::derived(&["p"]),
        decided_at: sample_time(),
    }
}

fn map(id: &str) -> Answer {
    Answer::Map { concept: concept("skillwire", id, ConceptKind::Skill) }
}

/// What somebody does: decide about one of three texts in one of two scopes, or undo one of the earlier entries.
#[derive(Clone, Debug)]
enum Did {
    Decide(usize, usize, u8),
    Undo(u32),
}

fn did() -> impl Strategy<Value = Did> {
    prop_oneof![
        (0usize..3, 0usize..2, any::<u8>()).prop_map(|(t, s, a)| Did::Decide(t, s, a)),
        (1u32..12).prop_map(Did::Undo)
    ]
}

const TEXTS: [&str; 3] = ["welding/fabrication", "robot tending", "BLS"];

fn scopes() -> [Scope; 2] {
    [Scope::Anywhere, Scope::Industry { naics: "332".to_owned() }]
}

/// The log of what was done; an undo of what is not there, or is undone already, is refused and writes nothing.
fn log(all: &[Did]) -> Vec<Decision> {
    let mut log: Vec<Decision> = Vec::new();
    for did in all {
        let number = u32::try_from(log.len()).unwrap() + 1;
        match did {
            Did::Decide(text, scope, answer) => {
                let answer = if *answer % 4 == 0 { Answer::Ignore } else { map(&format!("c{answer}")) };
                log.push(decision(number, TEXTS[*text], scopes()[*scope].clone(), answer));
            }
            Did::Undo(of) => {
                if let Some(undone) = log.iter().find(|d| d.number == *of).cloned()
                    && Rules::of(&log).undone_by(*of).is_none()
                {
                    log.push(decision(number, &undone.text, undone.scope, Answer::Undo { decision: *of }));
                }
            }
        }
    }
    log
}

/// What holds for every text in needs of two industries.
fn state(log: &[Decision]) -> Vec<Option<(u32, Answer)>> {
    let rules = Rules::of(log);
    let find = |text: &str, naics| {
        let place = Place { naics: Some(naics), ..Place::default() };
        rules.find(TermKind::Requirement, &term_key(text), place).map(|r| (r.number, r.answer.clone()))
    };
    TEXTS.iter().flat_map(|text| [find(text, "332710"), find(text, "622110")]).collect()
}

/// Said another way: an entry is in force unless one in force undid it, and of each text and scope the last one in force holds.
fn by_definition(log: &[Decision]) -> Vec<Option<(u32, Answer)>> {
    fn is_in_force(log: &[Decision], number: u32) -> bool {
        !log.iter().any(|d| d.answer == Answer::Undo { decision: number } && is_in_force(log, d.number))
    }
    let last = |text: &str, scope: &Scope| {
        let of_slot = log.iter().filter(|d| d.text == text && d.scope == *scope);
        let of_slot = of_slot.filter(|d| !matches!(d.answer, Answer::Undo { .. }) && is_in_force(log, d.number));
        of_slot.max_by_key(|d| d.number).map(|d| (d.number, d.answer.clone()))
    };
    let [anywhere, industry] = scopes();
    TEXTS
        .iter()
        .flat_map(|text| [last(text, &industry).or_else(|| last(text, &anywhere)), last(text, &anywhere)])
        .collect()
}

proptest! {
    #[test]
    fn decided_and_undone_in_any_order_the_log_tells_the_state(all in proptest::collection::vec(did(), 0..14), seed in any::<u32>()) {
        let log = log(&all);
        prop_assert_eq!(state(&log), by_definition(&log));
        // In whatever order the rows are read.
        let mut mixed = log.clone();
        mixed.sort_by_key(|d| d.number.wrapping_mul(seed | 1));
        prop_assert_eq!(state(&mixed), state(&log));
    }

    #[test]
    fn an_undo_brings_back_the_state_before(all in proptest::collection::vec(did(), 0..14), one in did()) {
        let before = log(&all);
        let mut with: Vec<Did> = all.clone();
        with.push(one);
        let after = log(&with);
        if after.len() > before.len() {
            with.push(Did::Undo(u32::try_from(after.len()).unwrap()));
            let undone = log(&with);
            prop_assert_eq!(undone.len(), after.len() + 1);
            prop_assert_eq!(state(&undone), state(&before));
        }
    }
}

#[test]
fn the_narrowest_scope_that_fits_holds() {
    let key = ConceptKey { scheme: "onet-soc".to_owned(), id: "51-4121.00".to_owned() };
    let industry = |naics: &str| Scope::Industry { naics: naics.to_owned() };
    let job = Scope::Occupation { concept: key.to_string() };
    let log = [
        decision(1, "BLS", job, map("a")),
        decision(2, "BLS", industry("62"), map("b")),
        decision(3, "BLS", industry("6221"), map("c")),
        decision(4, "bls", Scope::Anywhere, map("d")),
    ];
    let rules = Rules::of(&log);
    let other = ConceptKey { scheme: "other".to_owned(), id: "1".to_owned() };
    let place = |naics, occupations| rules.find(TermKind::Requirement, "bls", Place { naics, occupations });
    let find = |naics, occupation| place(naics, [occupation, None]).unwrap().number;
    assert_eq!(find(Some("622110"), Some(&key)), 1);
    assert_eq!(place(None, [Some(&other), Some(&key)]).unwrap().number, 1, "as the partnership sees the job");
    assert_eq!(find(None, Some(&other)), 4);
    assert_eq!(find(Some("622110"), None), 3);
    assert_eq!(find(Some("621000"), None), 2);
    assert_eq!(find(Some("332"), None), 4);
    assert_eq!(find(None, None), 4);
    assert!(rules.find(TermKind::Occupation, "bls", Place::default()).is_none());
}

fn asked(text: &str, answer: AskedAnswer) -> Asked {
    Asked {
        kind: TermKind::Requirement,
        text: text.to_owned(),
        version: 0,
        scope: AskedScope::Anywhere,
        answer,
        note: String::new(),
    }
}

fn create(label: &str, kind: ConceptKind) -> AskedAnswer {
    AskedAnswer::Create { concept: NewConcept { label: label.to_owned(), kind, broader: Vec::new() } }
}

#[test]
fn a_concept_of_ones_own_is_made_once_and_lives_while_a_decision_names_it() {
    let none = |_: &ConceptKey| None;
    let check = |log: &[Decision], label: &str, kind| {
        let (_, _, answer, _) = asked("x", create(label, kind)).check(&Rules::of(log), &none).unwrap();
        let Answer::Map { concept } = answer else { panic!("{answer:?}") };
        concept
    };
    let first = check(&[], "Robot tending", ConceptKind::Skill);
    assert_eq!(first.key.to_string(), "local:robot-tending");
    let mut log = vec![decision(1, "robot tending", Scope::Anywhere, Answer::Map { concept: first.clone() })];
    assert_eq!(check(&log, "Tending, robots", ConceptKind::Skill).key.id, "tending-robots");
    assert_eq!(check(&log, "robot tending", ConceptKind::Skill), first, "the same name and kind is the same concept");
    assert_eq!(check(&log, "Robot tending", ConceptKind::Technology).key.id, "robot-tending-technology");
    // Another decision names it, by its id.
    let map = AskedAnswer::Map { concept: "local:robot-tending".to_owned() };
    let (_, _, answer, _) = asked("cobot tending", map).check(&Rules::of(&log), &none).unwrap();
    log.push(decision(2, "cobot tending", Scope::Anywhere, answer));
    log.push(decision(3, "robot tending", Scope::Anywhere, Answer::Undo { decision: 1 }));
    assert_eq!(Rules::of(&log).local().count(), 1);
    log.push(decision(4, "cobot tending", Scope::Anywhere, Answer::Undo { decision: 2 }));
    assert_eq!(Rules::of(&log).local().count(), 0);
}

#[test]
fn what_cannot_be_decided_is_refused_with_what_would_be_right() {
    let skill = concept("skillwire", "welding", ConceptKind::Skill);
    let job = concept("onet-soc", "51-4121.00", ConceptKind::Occupation);
    let find = |key: &ConceptKey| [&skill, &job].into_iter().find(|c| c.key == *key).cloned();
    let part = |text: &str, concept: Option<&str>| AskedPart {
        text: text.to_owned(),
        concept: concept.map(ToOwned::to_owned),
    };
    let map = |concept: &str| AskedAnswer::Map { concept: concept.to_owned() };
    let split = |parts: Vec<AskedPart>| AskedAnswer::Split { parts };
    let rules = Rules::default();
    let mut refused = BTreeSet::new();
    for (asked, field) in [
        (asked("  ", AskedAnswer::Ignore), "text"),
        (asked(&"x".repeat(301), AskedAnswer::Ignore), "text"),
        (Asked { note: "x".repeat(1_001), ..asked("x", AskedAnswer::Ignore) }, "note"),
        (asked("x", map("welding")), "concept"),
        (asked("x", map("skillwire:nothing")), "concept"),
        (asked("x", map("local:nothing")), "concept"),
        (asked("x", map("onet-soc:51-4121.00")), "concept"),
        (asked("x", create("", ConceptKind::Skill)), "label"),
        (asked("x", create("y", ConceptKind::Place)), "kind"),
        (asked("a/b", split(vec![part("a", None)])), "parts"),
        (asked("a/b", split(vec![part("a", None); 11])), "parts"),
        (asked("a/b", split(vec![part("a", None), part("A, b", None)])), "parts"),
        (asked("a/b", split(vec![part("a", Some("skillwire:nothing")), part("b", None)])), "concept"),
        (Asked { scope: AskedScope::Industry { naics: "3".to_owned() }, ..asked("x", AskedAnswer::Ignore) }, "scope"),
        (
            Asked {
                scope: AskedScope::Occupation { concept: "skillwire:welding".to_owned() },
                ..asked("x", AskedAnswer::Ignore)
            },
            "scope",
        ),
        (Asked { kind: TermKind::Occupation, ..asked("a/b", split(vec![part("a", None); 2])) }, "answer"),
        (
            Asked {
                kind: TermKind::Occupation,
                scope: AskedScope::Occupation { concept: job.key.to_string() },
                ..asked("x", map("onet-soc:51-4121.00"))
            },
            "scope",
        ),
    ] {
        let why = asked.check(&rules, &find).unwrap_err();
        assert_eq!(why.field, field, "{why}");
        refused.insert(why.why);
    }
    assert!(refused.len() > 12, "each says its own: {refused:?}");
    let (text, _, answer, _) = asked(
        " Welding / Fabrication ",
        split(vec![part("welding", Some("skillwire:welding")), part("fabrication", None)]),
    )
    .check(&rules, &find)
    .unwrap();
    assert_eq!(text, "Welding / Fabrication");
    let parts = vec![
        SplitPart { text: "welding".to_owned(), concept: Some(skill.clone()) },
        SplitPart { text: "fabrication".to_owned(), concept: None },
    ];
    assert_eq!(answer, Answer::Split { parts });
}

/// Rows keep texts folded: who changes the folding empties `normalize.terms.folded` in a migration, so that it is filled anew,
/// and writes `normalize.decisions.folded` again; then these may change.
#[test]
fn the_folding_that_rows_are_kept_by() {
    for (text, folded) in [
        ("  GD&T ", "gdt"),
        ("Forklifts", "forklift"),
        ("welding / fabrication", "welding fabrication"),
        ("Maint. Tech", "maintenance technician"),
        (";", ";"),
    ] {
        assert_eq!(term_key(text), folded);
    }
    let (one, other) = (term_key(&"hvac ".repeat(300)), term_key(&"hvac ".repeat(301)));
    assert!(one != other && one.chars().count() < 450, "{one}");
}
