use proptest::prelude::*;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{Figures, Numbers, Payload, Suppression};

use super::*;

fn links() -> Links {
    Links {
        public_url: "https://wire.example".to_owned(),
        unsubscribe: "https://wire.example/unsubscribe/x".to_owned(),
        preferences: "https://wire.example/preferences/x".to_owned(),
    }
}

fn numbers(openings: u32) -> Numbers {
    let Figures::Published(numbers) = SignalPublished::sample().signal.figures else {
        panic!("the sample is published")
    };
    Numbers { openings_new: openings, openings_replacement: 0, ..numbers }
}

fn signal(label: &str, openings: u32) -> Signal {
    let mut signal = SignalPublished::sample().signal;
    signal.id = SignalId::derived(&[label]);
    signal.concept.label = label.to_owned();
    signal.concept.key.id = label.to_owned();
    signal.figures = Figures::Published(numbers(openings));
    signal
}

fn kept_back(label: &str) -> Signal {
    Signal { figures: Figures::Suppressed { reason: Suppression::Dominated }, ..signal(label, 0) }
}

fn of(name: &str, signals: &[Signal], before: &[Signal], rest: &[Signal]) -> Draft {
    let before: HashMap<SignalId, Signal> = before.iter().map(|s| (s.id, s.clone())).collect();
    let as_of = "2026-11-24T13:00:00Z".parse().unwrap();
    write(&Content {
        name,
        cadence: Cadence::Weekly,
        zone: chrono_tz::America::Chicago,
        start: "2026-11-16T06:00:00Z".parse().unwrap(),
        signals,
        before: &before,
        rest,
        links: &links(),
        trace_id: "abc",
        as_of,
    })
    .unwrap()
}

#[test]
fn a_mail_says_what_is_new_what_grew_what_faded_and_what_is_kept_back() {
    let now = [signal("Welders", 25), signal("Nurses", 4), signal("Drivers", 7), kept_back("Bakers")];
    let ended = Signal { figures: Figures::Ended, ..signal("Typists", 0) };
    let all: Vec<Signal> = now.iter().cloned().chain([ended]).collect();
    let draft = of("Jobs", &all, &[signal("Welders", 13), signal("Nurses", 9)], &[signal("Cooks", 90)]);
    let part = |title: &str| {
        let after =
            draft.text.split(&format!("\n{title}\n")).nth(1).unwrap_or_else(|| panic!("{title}: {}", draft.text));
        after.split("\n\n").nth(1).unwrap().to_owned()
    };
    assert!(part("NEW").starts_with("Drivers (skill)\n  7 openings, now, Jackson County, MO"), "{}", draft.text);
    assert!(part("GREW").starts_with("Welders (skill)\n  25 openings (+12 since the last mail)"), "{}", draft.text);
    let faded = part("FADED");
    assert!(faded.contains("Nurses") && faded.contains("(-5 since the last mail)"), "{faded}");
    assert!(faded.contains("Typists (nobody asks for it any more)"), "{faded}");
    assert!(part("NUMBERS KEPT BACK").contains("Bakers (one employer holds 80 % or more)"), "{}", draft.text);
    assert!(part("UNCHANGED: BIGGEST NEEDS").starts_with("Cooks"), "also what did not change: {}", draft.text);
    assert!(draft.text.contains("Week of 16 November 2026: 1 new, 1 grew, 2 faded, 1 with numbers kept back"));
    assert!(draft.text.contains("5 employers behind it"), "how sure: {}", draft.text);
    assert!(draft.text.contains("kept\nback: 1 in this mail. As of 24 November 2026, 07:00 CST."), "{}", draft.text);
    assert_eq!(draft.subject, "Welders: 25 openings (+12), and 3 more - Jobs");
    let chart = draft.chart.unwrap();
    assert_eq!((chart.bars[0].now, chart.bars[1].now, chart.bars[1].before), (90, 25, Some(13)));
    assert!(draft.html.contains("cid:needs") && draft.html.contains(&format!("alt=\"{}\"", chart.alt())));
    assert!(draft.html.contains("https://wire.example/unsubscribe/x") && draft.html.contains("/preferences/x"));
    assert!(draft.html.contains("<!--[if mso"), "for Outlook");
    assert!(!draft.html.contains("fonts.googleapis"), "nothing is loaded from anywhere");
}

#[test]
fn nothing_that_people_typed_gets_out_of_its_place() {
    let draft = of("Jobs\r\nBcc: x <b>", &[signal("Gas <metal> & \"arc\" {{ x }} </mj-text>", 3)], &[], &[]);
    assert!(!draft.subject.contains(['\r', '\n']), "{}", draft.subject);
    assert!(draft.html.contains("Gas &#60;metal&#62; &#38;"), "{}", draft.html);
    assert!(!draft.html.contains("<metal>") && !draft.html.contains("</mj-text>"), "{}", draft.html);
    assert!(draft.text.contains("Gas <metal> & \"arc\""), "text is text");
}

#[test]
fn a_long_mail_is_cut_says_so_and_stays_below_what_mail_programs_cut() {
    let many: Vec<Signal> = (0..200u32).map(|n| signal(&format!("{} {n}", "Long words ".repeat(8)), n + 1)).collect();
    let before: Vec<Signal> =
        many.iter().skip(100).map(|s| Signal { figures: Figures::Published(numbers(999)), ..s.clone() }).collect();
    let draft = of("All", &many, &before, &[]);
    assert!(draft.text.contains("And 75 more: https://wire.example/signals"), "{}", draft.text);
    assert!(draft.html.len() < 102_000, "{}", draft.html.len());
    assert!(draft.subject.chars().count() <= 150);
    assert_eq!(draft.chart.unwrap().bars.len(), BIGGEST_MAX);
}

#[test]
fn when_only_numbers_are_kept_back_the_subject_says_that() {
    assert_eq!(of("Jobs", &[kept_back("Bakers")], &[], &[]).subject, "Jobs: 1 number is now kept back");
    assert!(of("Jobs", &[kept_back("Bakers")], &[], &[]).chart.is_none());
}

proptest! {
    /// Whatever the numbers: each signal is news of exactly one kind.
    #[test]
    fn each_signal_stands_in_one_part_of_the_news(said in proptest::collection::vec((0..4u32, proptest::option::of(0..4u32), 0..3u8), 0..20)) {
        let mut signals = Vec::new();
        let mut before = HashMap::new();
        for (n, (now, then, kind)) in said.iter().enumerate() {
            let mut one = signal(&n.to_string(), *now);
            if let Some(then) = then {
                before.insert(one.id, signal(&n.to_string(), *then));
            }
            match kind {
                0 => one.figures = Figures::Ended,
                1 => one.figures = Figures::Suppressed { reason: Suppression::FewEmployers },
                _ => {}
            }
            signals.push(one);
        }
        let news = News::of(&signals, &before);
        let mut ids: Vec<SignalId> =
            [&news.new, &news.grew, &news.faded, &news.other, &news.kept_back].into_iter().flatten().map(|s| s.id).collect();
        ids.sort();
        let mut all: Vec<SignalId> = signals.iter().map(|s| s.id).collect();
        all.sort();
        prop_assert_eq!(ids, all);
    }
}
