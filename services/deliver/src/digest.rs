//! What a mail says. Pure.

use askama::Template;
use chrono::{DateTime, Utc};
use skillwire_schemas::{Figures, Horizon, Signal};

/// Signals that a mail shows at most; the others are on the page.
const SHOWN_MAX: usize = 40;

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Where the mail leads.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub public_url: String,
    pub unsubscribe: String,
}

/// A line of the mail.
struct Line {
    id: String,
    what: String,
    kind: &'static str,
    place: String,
    when: &'static str,
    openings: u32,
    new: u32,
    replacement: u32,
    employers: u32,
    change: Option<i64>,
    pay: Option<String>,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    name: &'a str,
    told: &'a [Line],
    more: usize,
    quiet: &'a [Line],
    links: &'a Links,
    trace_id: &'a str,
    as_of: String,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Html<'a> {
    name: &'a str,
    told: &'a [Line],
    more: usize,
    quiet: &'a [Line],
    links: &'a Links,
    trace_id: &'a str,
    as_of: String,
}

/// Writes the mail of a subscription.
pub(crate) fn write(
    name: &str,
    signals: &[Signal],
    links: &Links,
    trace_id: &str,
    as_of: DateTime<Utc>,
) -> Result<Words, askama::Error> {
    let mut told: Vec<Line> = signals.iter().filter(|s| s.figures.numbers().is_some()).map(line).collect();
    told.sort_by(|a, b| b.openings.cmp(&a.openings).then_with(|| a.what.cmp(&b.what)).then_with(|| a.id.cmp(&b.id)));
    let mut quiet: Vec<Line> = signals.iter().filter(|s| s.figures.numbers().is_none()).map(line).collect();
    quiet.sort_by(|a, b| a.what.cmp(&b.what).then_with(|| a.id.cmp(&b.id)));
    let subject = subject(name, &told, quiet.len());
    let more = told.len().saturating_sub(SHOWN_MAX);
    told.truncate(SHOWN_MAX);
    quiet.truncate(SHOWN_MAX);
    let as_of = as_of.format("%Y-%m-%d %H:%M UTC").to_string();
    let text = Text { name, told: &told, more, quiet: &quiet, links, trace_id, as_of: as_of.clone() }.render()?;
    let html = Html { name, told: &told, more, quiet: &quiet, links, trace_id, as_of }.render()?;
    Ok(Words { subject, text, html })
}

/// A subject line: what matters most, in one line, without anything that ends a header.
fn subject(name: &str, told: &[Line], quiet: usize) -> String {
    let subject = match told {
        [] => format!("{name}: {quiet} numbers no longer told"),
        [one] => format!("{name}: {} openings, {}", one.openings, one.what),
        [first, ..] => format!("{name}: {} signals, first {} ({} openings)", told.len(), first.what, first.openings),
    };
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(180).collect()
}

fn line(signal: &Signal) -> Line {
    let numbers = signal.figures.numbers();
    Line {
        id: signal.id.to_string(),
        what: signal.concept.label.clone(),
        kind: match signal.figures {
            Figures::Suppressed { .. } => "numbers kept back",
            Figures::Ended => "nobody asks for it any more",
            Figures::Published(_) => signal.concept.kind.as_str(),
        },
        place: signal.region.name.clone(),
        when: match signal.horizon {
            Horizon::Now => "now",
            Horizon::Year => "within a year",
            Horizon::ThreeYears => "within three years",
        },
        openings: numbers.map_or(0, |n| n.openings()),
        new: numbers.map_or(0, |n| n.openings_new),
        replacement: numbers.map_or(0, |n| n.openings_replacement),
        employers: numbers.map_or(0, |n| n.employers),
        change: numbers.and_then(|n| n.trend).map(|t| t.change),
        pay: numbers.and_then(|n| n.median_hourly_cents).map(|c| format!("${}.{:02}", c / 100, c % 100)),
        is_new: signal.revision == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::event::SignalPublished;
    use skillwire_schemas::{Payload, Suppression};

    fn links() -> Links {
        Links {
            public_url: "https://wire.example".to_owned(),
            unsubscribe: "https://wire.example/unsubscribe/x".to_owned(),
        }
    }

    #[test]
    fn a_mail_says_what_how_many_by_when_and_how_sure() {
        let mut signal = SignalPublished::sample().signal;
        signal.concept.label = "Gas <metal> & arc".to_owned();
        let mut kept = signal.clone();
        kept.figures = Figures::Suppressed { reason: Suppression::Dominated };
        let words = write("Welding\r\nBcc: x", &[signal, kept], &links(), "abc", skillwire_schemas::ids::sample_time())
            .unwrap();
        assert!(!words.subject.contains(['\r', '\n']), "{}", words.subject);
        assert!(words.text.contains("13 openings (9 new, 4 replacement) now, Jackson County, MO"), "{}", words.text);
        assert!(words.text.contains("5 employers"), "{}", words.text);
        assert!(words.text.contains("+3 against last month's end"), "{}", words.text);
        assert!(words.text.contains("numbers kept back"), "{}", words.text);
        assert!(words.text.contains("https://wire.example/unsubscribe/x"));
        assert!(words.html.contains("Gas &#60;metal&#62; &#38; arc"), "{}", words.html);
    }

    #[test]
    fn a_long_mail_is_cut_and_says_so() {
        let signals: Vec<Signal> = (0..60)
            .map(|n| {
                let mut signal = SignalPublished::sample().signal;
                signal.id = skillwire_schemas::SignalId::derived(&[&n.to_string()]);
                signal
            })
            .collect();
        let words = write("All", &signals, &links(), "abc", skillwire_schemas::ids::sample_time()).unwrap();
        assert_eq!(words.text.matches("employers").count() - 1, SHOWN_MAX, "{}", words.text);
        assert!(words.text.contains("20 more"), "{}", words.text);
    }
}
