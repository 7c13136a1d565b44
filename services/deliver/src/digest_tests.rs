use super::*;
use skillwire_schemas::{Payload, event::SignalPublished};

fn signal(label: &str, revision: u32, figures: Figures) -> Signal {
    let mut signal = SignalPublished::sample().signal;
    signal.id = SignalId::derived(&[label]);
    signal.concept.label = label.to_owned();
    signal.revision = revision;
    signal.figures = figures;
    signal
}

fn numbers(employers: u32, openings: u32) -> Figures {
    Figures::Published(Numbers {
        employers,
        openings_new: openings,
        openings_replacement: 0,
        median_hourly_cents: None,
        required_percent: None,
        trend: None,
    })
}

fn item(signal: Signal, before: Option<Signal>) -> Item {
    Item { signal, before, trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned() }
}

fn written(name: &str, items: &[Item], shown_max: usize) -> Content {
    let digest = Digest {
        name,
        from: "2026-06-09T05:00:00Z".parse().unwrap(),
        to: "2026-06-10T12:00:00Z".parse().unwrap(),
        zone: Tz::America__Chicago,
        items,
        public_url: "https://wire.example",
        subscription_url: "https://wire.example/subscriptions/1".to_owned(),
        unsubscribe_url: "https://wire.example/unsubscribe/t".to_owned(),
        shown_max,
    };
    write(&digest).unwrap()
}

#[test]
fn a_mail_says_what_is_new_what_grew_what_faded_what_ended_and_what_is_kept_back() {
    let items = [
        item(SignalPublished::sample().signal, None),
        item(signal("Forklift", 2, numbers(12, 30)), Some(signal("Forklift", 1, numbers(10, 24)))),
        item(signal("Phlebotomy", 3, numbers(3, 4)), Some(signal("Phlebotomy", 2, numbers(4, 9)))),
        item(signal("Shorthand", 4, Figures::Ended), Some(signal("Shorthand", 3, numbers(3, 3)))),
        item(signal("Brazing", 2, Figures::Suppressed { reason: Suppression::FewEmployers }), None),
    ];
    let content = written("Welding in the metro", &items, 40);
    assert_eq!(content.subject, "Welding in the metro: 1 new, 1 grew, 1 faded, 1 ended, 1 kept back");
    let wanted = format!(
        "Welding in the metro
Tue 9 Jun 2026 00:00 to Wed 10 Jun 2026 07:00 (America/Chicago)

NEW
* Gas metal arc welding
  Jackson County, MO, within 3 months
  13 openings (9 new, 4 replacement), 5 employers, +3 against the period before (10), median $23.75 an hour, required for 85 %
  several employers agree
  https://wire.example/signals/{}

GREW
* Forklift
  Jackson County, MO, within 3 months
  30 openings (30 new, 0 replacement), 12 employers, +6 since we last told you
  many employers agree
  https://wire.example/signals/{}

FADED
* Phlebotomy
  Jackson County, MO, within 3 months
  4 openings (4 new, 0 replacement), 3 employers, -5 since we last told you
  an early sign
  https://wire.example/signals/{}

ENDED
* Shorthand
  Jackson County, MO, within 3 months
  no employer asks for it any more
  https://wire.example/signals/{}

KEPT BACK
* Brazing
  Jackson County, MO, within 3 months
  numbers kept back: fewer than 3 employers
  https://wire.example/signals/{}

-- 
Numbers are what employers said. Where fewer than 3 employers stand behind a
number, or one of them holds most of it, it is kept back.
Change what you get: https://wire.example/subscriptions/1
End these mails: https://wire.example/unsubscribe/t
Trace 4bf92f3577b34da6a3ce929d0e0e4736
",
        items[0].signal.id, items[1].signal.id, items[2].signal.id, items[3].signal.id, items[4].signal.id,
    );
    assert_eq!(content.text.trim_end(), wanted.trim_end());
}

#[test]
fn the_biggest_come_first_and_what_is_too_much_is_counted() {
    let items: Vec<Item> = (1..=6).map(|n| item(signal(&format!("Skill {n}"), 1, numbers(5, n * 10)), None)).collect();
    let text = written("Skills", &items, 2).text;
    let head = text.find("THE BIGGEST").unwrap();
    assert!(
        head < text.find("Skill 6").unwrap() && text.find("NEW").unwrap() > text.find("Skill 4").unwrap(),
        "{text}"
    );
    assert!(text.contains("and 4 more: https://wire.example/signals"), "{text}");
    assert!(!text.contains("Skill 3"), "{text}");
}

#[test]
fn a_name_can_neither_write_html_nor_a_line() {
    let evil = "<script>alert(1)</script>\r\nSubject: x";
    let content = written(evil, &[item(signal(evil, 1, numbers(3, 3)), None)], 40);
    assert!(!content.html.contains("<script>"), "{}", content.html);
    assert!(!content.subject.contains(['\r', '\n']));
    assert!(!content.text.contains("\nSubject: x"), "{}", content.text);
}

#[test]
fn what_was_kept_back_and_may_be_told_again_is_new() {
    let kept = signal("A", 1, Figures::Suppressed { reason: Suppression::Dominated });
    let now = signal("A", 2, numbers(3, 3));
    assert_eq!(change(&now, Some(&kept)), Change::New);
    assert_eq!(change(&kept, Some(&now)), Change::KeptBack);
    assert_eq!(change(&now, Some(&now)), Change::Other);
}

#[test]
fn the_same_input_gives_the_same_mail_in_whatever_order_it_comes() {
    let mut items: Vec<Item> = (1..=6).map(|n| item(signal(&format!("S{n}"), 1, numbers(5, 7)), None)).collect();
    let first = written("Skills", &items, 40);
    items.reverse();
    assert_eq!(written("Skills", &items, 40), first);
}
