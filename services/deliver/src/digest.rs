//! The words of a mail: what is new, what grew, what faded or ended, what is kept back, and how sure each number is.
//!
//! Takes the signals and what the subscriber was last told of each; gives subject, text and HTML. The same input gives the
//! same mail, byte for byte.

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use skillwire_schemas::{Figures, Numbers, Signal, SignalId, Suppression};

use crate::clean::one_line;
use crate::subject::{Tally, subject};

/// Traces named at the foot of a mail at most.
const TRACES_SHOWN_MAX: usize = 5;
/// The biggest signals named at the head.
const BIGGEST_SHOWN: usize = 3;
/// Longest label, region or subscription name in a mail, characters.
const NAME_CHARS_MAX: usize = 160;

/// A signal with what the subscriber was last told of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// As it now stands.
    pub signal: Signal,
    /// As it was last told by mail.
    pub before: Option<Signal>,
    /// The trace that brought it.
    pub trace_id: String,
}

/// What a mail is made from.
#[derive(Clone, Debug)]
pub struct Digest<'a> {
    /// The subscription's name.
    pub name: &'a str,
    /// When its period began.
    pub from: DateTime<Utc>,
    /// When it was closed.
    pub to: DateTime<Utc>,
    /// The subscriber's zone.
    pub zone: Tz,
    /// The signals.
    pub items: &'a [Item],
    /// Where our pages begin, without a slash at the end.
    pub public_url: &'a str,
    /// The subscription's page.
    pub subscription_url: String,
    /// Where mail is ended.
    pub unsubscribe_url: String,
    /// Signals shown in each part at most.
    pub shown_max: usize,
}

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// What happened to a signal, as its reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Not told before, or its numbers may be told again.
    New,
    /// More openings than when last told.
    Grew,
    /// Fewer.
    Faded,
    /// No need stands behind it any more.
    Ended,
    /// Its numbers are kept back.
    KeptBack,
    /// As many openings, something else is different.
    Other,
}

/// Compares a signal with what was last told of it.
#[must_use]
pub fn change(signal: &Signal, before: Option<&Signal>) -> Change {
    match (&signal.figures, before.and_then(|b| b.figures.numbers())) {
        (Figures::Ended, _) => Change::Ended,
        (Figures::Suppressed { .. }, _) => Change::KeptBack,
        (Figures::Published(_), None) => Change::New,
        (Figures::Published(now), Some(then)) => match now.openings().cmp(&then.openings()) {
            std::cmp::Ordering::Greater => Change::Grew,
            std::cmp::Ordering::Less => Change::Faded,
            std::cmp::Ordering::Equal => Change::Other,
        },
    }
}

/// How sure a number is: by how many employers stand behind it.
#[must_use]
pub const fn how_sure(employers: u32) -> &'static str {
    match employers {
        0..5 => "an early sign",
        5..10 => "several employers agree",
        _ => "many employers agree",
    }
}

/// Why numbers are kept back, for people.
#[must_use]
pub const fn why_kept_back(reason: Suppression) -> &'static str {
    match reason {
        Suppression::FewEmployers => "numbers kept back: fewer than 3 employers",
        Suppression::Dominated => "numbers kept back: one employer holds most of the openings",
        Suppression::Complementary => "numbers kept back: they would give away another number that is kept back",
    }
}

/// A line of a mail.
struct Line {
    what: String,
    place: String,
    horizon: &'static str,
    facts: String,
    sure: &'static str,
    url: String,
}

/// A part of a mail.
struct Section {
    title: &'static str,
    lines: Vec<Line>,
    more: usize,
}

#[derive(Template)]
#[template(path = "digest.txt", escape = "none")]
struct TextPart<'a> {
    body: &'a Body,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct HtmlPart<'a> {
    subject: &'a str,
    body: &'a Body,
}

struct Body {
    name: String,
    period: String,
    biggest: Vec<Line>,
    sections: Vec<Section>,
    signals_url: String,
    subscription_url: String,
    unsubscribe_url: String,
    traces: String,
}

/// Writes the mail.
///
/// # Errors
/// When a template fails, which is a bug.
pub fn write(digest: &Digest<'_>) -> Result<Content, askama::Error> {
    let mut changes: Vec<(Change, &Item)> =
        digest.items.iter().map(|item| (change(&item.signal, item.before.as_ref()), item)).collect();
    // Biggest first; the id at last, so that equals always stand in the same order.
    let openings = |item: &Item| item.signal.figures.numbers().map_or(0, Numbers::openings);
    changes.sort_by_key(|(change, item)| (*change, std::cmp::Reverse(openings(item)), key(&item.signal)));
    let tally = tally(&changes);
    let subject = subject(digest.name, &tally);
    let body = Body {
        name: one_line(digest.name, NAME_CHARS_MAX),
        period: period(digest),
        biggest: biggest(digest, &changes),
        sections: sections(digest, &changes),
        signals_url: format!("{}/signals", digest.public_url),
        subscription_url: digest.subscription_url.clone(),
        unsubscribe_url: digest.unsubscribe_url.clone(),
        traces: traces(digest.items),
    };
    let text = TextPart { body: &body }.render()?;
    let html = HtmlPart { subject: &subject, body: &body }.render()?;
    Ok(Content { text, html, subject })
}

fn key(signal: &Signal) -> (String, String, SignalId) {
    (signal.concept.label.clone(), signal.region.name.clone(), signal.id)
}

fn tally(changes: &[(Change, &Item)]) -> Tally {
    let count = |wanted: Change| changes.iter().filter(|(change, _)| *change == wanted).count();
    Tally {
        new: count(Change::New),
        grew: count(Change::Grew),
        faded: count(Change::Faded),
        ended: count(Change::Ended),
        kept_back: count(Change::KeptBack),
        other: count(Change::Other),
    }
}

fn sections(digest: &Digest<'_>, changes: &[(Change, &Item)]) -> Vec<Section> {
    let titles = [
        (Change::New, "New"),
        (Change::Grew, "Grew"),
        (Change::Faded, "Faded"),
        (Change::Ended, "Ended"),
        (Change::KeptBack, "Kept back"),
        (Change::Other, "Also changed"),
    ];
    titles
        .into_iter()
        .filter_map(|(wanted, title)| {
            let of_kind: Vec<&Item> = changes.iter().filter(|(c, _)| *c == wanted).map(|(_, item)| *item).collect();
            if of_kind.is_empty() {
                return None;
            }
            let lines = of_kind.iter().take(digest.shown_max).map(|item| line(digest, item)).collect();
            Some(Section { title, lines, more: of_kind.len().saturating_sub(digest.shown_max) })
        })
        .collect()
}

fn biggest(digest: &Digest<'_>, changes: &[(Change, &Item)]) -> Vec<Line> {
    let mut published: Vec<(&Numbers, &Item)> =
        changes.iter().filter_map(|(_, item)| item.signal.figures.numbers().map(|n| (n, *item))).collect();
    if published.len() <= BIGGEST_SHOWN {
        return Vec::new();
    }
    published.sort_by_key(|(numbers, item)| (std::cmp::Reverse(numbers.openings()), key(&item.signal)));
    published.into_iter().take(BIGGEST_SHOWN).map(|(_, item)| line(digest, item)).collect()
}

fn line(digest: &Digest<'_>, item: &Item) -> Line {
    let signal = &item.signal;
    let (facts, sure) = match &signal.figures {
        Figures::Published(numbers) => (facts(numbers, item.before.as_ref()), how_sure(numbers.employers)),
        Figures::Suppressed { reason } => (why_kept_back(*reason).to_owned(), ""),
        Figures::Ended => ("no employer asks for it any more".to_owned(), ""),
    };
    Line {
        what: one_line(&signal.concept.label, NAME_CHARS_MAX),
        place: one_line(&signal.region.name, NAME_CHARS_MAX),
        horizon: signal.horizon.label(),
        facts,
        sure,
        url: format!("{}/signals/{}", digest.public_url, signal.id),
    }
}

fn facts(numbers: &Numbers, before: Option<&Signal>) -> String {
    let mut parts = vec![
        format!(
            "{} ({} new, {} replacement)",
            counted(numbers.openings(), "opening"),
            numbers.openings_new,
            numbers.openings_replacement
        ),
        counted(numbers.employers, "employer"),
    ];
    if let Some(then) = before.and_then(|b| b.figures.numbers()) {
        let change = i64::from(numbers.openings()) - i64::from(then.openings());
        if change != 0 {
            parts.push(format!("{change:+} since we last told you"));
        }
    }
    if let Some(trend) = &numbers.trend {
        parts.push(format!("{:+} against the period before ({})", trend.change, trend.previous_openings));
    }
    if let Some(cents) = numbers.median_hourly_cents {
        parts.push(format!("median ${}.{:02} an hour", cents / 100, cents % 100));
    }
    if let Some(percent) = numbers.required_percent {
        parts.push(format!("required for {percent} %"));
    }
    parts.join(", ")
}

fn counted(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn period(digest: &Digest<'_>) -> String {
    let local = |time: DateTime<Utc>| time.with_timezone(&digest.zone).format("%a %-d %b %Y %H:%M").to_string();
    format!("{} to {} ({})", local(digest.from), local(digest.to), digest.zone.name())
}

fn traces(items: &[Item]) -> String {
    let mut ids: Vec<&str> = items.iter().map(|item| item.trace_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let more = ids.len().saturating_sub(TRACES_SHOWN_MAX);
    ids.truncate(TRACES_SHOWN_MAX);
    let shown = ids.join(" ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
