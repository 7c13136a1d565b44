//! What a mail says. Pure: the signals of the period, what this subscriber was told before, and where links lead, in; words and
//! a chart, out. No number is added up over signals: regions and concepts overlap, a sum of them would count needs twice.

mod line;
mod news;
mod subject;

use std::collections::{HashMap, HashSet};

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use skillwire_schemas::{Cadence, Signal, SignalId};
use skillwire_web::chart::{Bar, Bars};

use line::Line;
use news::News;

/// Lines of one part of a mail at most; the others are on the page. A mail of all parts stays below the 102 kB at which Gmail
/// cuts.
const SHOWN_MAX: usize = 25;
/// The biggest needs that are named.
pub(crate) const BIGGEST_MAX: usize = 8;

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The chart in the HTML, if there is one.
    pub picture: Option<Picture>,
}

/// A picture within a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// What it shows, in words.
    pub alt: String,
    pub png: Vec<u8>,
}

/// Where the mail leads.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub public_url: String,
    pub unsubscribe: String,
    pub preferences: String,
}

/// What a mail is made of.
pub(crate) struct Content<'a> {
    /// The subscription's name.
    pub name: &'a str,
    pub cadence: Cadence,
    pub zone: Tz,
    /// Begin of the period.
    pub start: DateTime<Utc>,
    /// The newest revision of each signal of the period.
    pub signals: &'a [Signal],
    /// What this subscriber was told last of these.
    pub before: &'a HashMap<SignalId, Signal>,
    /// Of all else they were told, what has most openings.
    pub rest: &'a [Signal],
    pub links: &'a Links,
    pub trace_id: &'a str,
    pub as_of: DateTime<Utc>,
}

/// A part of the mail.
struct Part {
    title: &'static str,
    about: &'static str,
    lines: Vec<Line>,
    more: usize,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    head: &'a Head<'a>,
    parts: &'a [Part],
}

#[derive(Template)]
#[template(path = "digest.mjml.html")]
struct Mjml<'a> {
    head: &'a Head<'a>,
    parts: &'a [Part],
    subject: &'a str,
    chart: Option<&'a str>,
}

/// What both forms of a mail say around its parts.
struct Head<'a> {
    name: &'a str,
    period: String,
    summary: String,
    kept_back: usize,
    /// Whether it names one.
    credentials: bool,
    links: &'a Links,
    trace_id: &'a str,
    as_of: String,
}

/// The mail cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestError {
    #[error(transparent)]
    Template(#[from] askama::Error),
    #[error("the mail's MJML: {0}")]
    Mjml(String),
}

/// A mail without its picture drawn: drawing takes thousands of times longer than writing, and is the caller's.
pub(crate) struct Draft {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub chart: Option<Bars>,
}

/// The Content-ID of the chart, without the mail's own domain.
pub(crate) const CHART: &str = "needs";

/// Writes the mail of a subscription.
pub(crate) fn write(content: &Content<'_>) -> Result<Draft, DigestError> {
    let news = News::of(content.signals, content.before);
    let biggest = biggest(content);
    let subject = subject::subject(content.name, &news);
    let chart = chart(&biggest, content.before);
    let head = Head {
        name: content.name,
        period: news::period(content.cadence, content.zone, content.start),
        summary: news.summary(),
        kept_back: content.signals.iter().filter(|s| line::is_kept_back(s)).count(),
        credentials: content.signals.iter().chain(content.rest).any(line::is_credential),
        links: content.links,
        trace_id: content.trace_id,
        as_of: content.as_of.with_timezone(&content.zone).format("%-d %B %Y, %H:%M %Z").to_string(),
    };
    let parts = parts(news, biggest, content);
    let text = Text { head: &head, parts: &parts }.render()?;
    let alt = chart.as_ref().map(Bars::alt);
    let mjml = Mjml { head: &head, parts: &parts, subject: &subject, chart: alt.as_deref() }.render()?;
    Ok(Draft { subject, text, html: html(&mjml)?, chart })
}

/// MJML -> HTML that mail programs show alike: tables, inline styles, conditional comments for Outlook.
fn html(mjml: &str) -> Result<String, DigestError> {
    let failed = |e: &dyn std::fmt::Display| DigestError::Mjml(e.to_string());
    let parsed = mrml::parse(mjml).map_err(|e| failed(&e))?;
    // No font is loaded from anywhere: a mail must not tell anybody that it was opened.
    let options = mrml::prelude::render::RenderOptions { fonts: HashMap::default(), ..Default::default() };
    parsed.element.render(&options).map_err(|e| failed(&e))
}

fn parts(news: News<'_>, biggest: Vec<&Signal>, content: &Content<'_>) -> Vec<Part> {
    let lines = |signals: Vec<&Signal>| -> Vec<Line> {
        signals.into_iter().map(|s| Line::of(s, content.before.get(&s.id))).collect()
    };
    let part = |title, about, mut lines: Vec<Line>| {
        let more = lines.len().saturating_sub(SHOWN_MAX);
        lines.truncate(SHOWN_MAX);
        let lines = line::together(lines);
        Part { title, about, lines, more }
    };
    // What is news stands above already.
    let news_of: HashSet<SignalId> = content.signals.iter().map(|s| s.id).collect();
    let still: Vec<&Signal> = biggest.into_iter().filter(|s| !news_of.contains(&s.id)).collect();
    let (credentials, others): (Vec<&Signal>, Vec<&Signal>) = still.into_iter().partition(|s| line::is_credential(s));
    let first = |signals: Vec<&Signal>| lines(signals.into_iter().take(BIGGEST_MAX).collect());
    let parts = [
        part("New", "Not told to you before.", lines(news.new)),
        part("Grew", "More openings than when you were last told.", lines(news.grew)),
        part("Faded", "Fewer openings than when you were last told, or none.", lines(news.faded)),
        part(
            "Changed otherwise",
            "The same number of openings; employers, wages or wording changed.",
            lines(news.other),
        ),
        part(
            "Numbers kept back",
            "There is demand, but its numbers would tell too much about one employer.",
            lines(news.kept_back),
        ),
        part("Unchanged: biggest needs", "Told to you before and as it was, the biggest first.", first(others)),
        part("Unchanged: credentials most asked for", "Told to you before and as it was.", first(credentials)),
    ];
    parts.into_iter().filter(|part| !part.lines.is_empty()).collect()
}

/// All that is known to the subscriber, by openings, each concept once.
fn biggest<'a>(content: &Content<'a>) -> Vec<&'a Signal> {
    let mut known: Vec<&Signal> =
        content.signals.iter().chain(content.rest).filter(|s| s.figures.numbers().is_some()).collect();
    known.sort_by(|a, b| line::openings(b).cmp(&line::openings(a)).then_with(|| line::by_name(a, b)));
    // Of one concept the widest region and the nearest horizon usually lead; the others are parts of it, not more.
    let mut seen = HashSet::new();
    known.retain(|s| seen.insert(&s.concept.key));
    known
}

/// The chart of the biggest needs; of one there is nothing to compare.
fn chart(biggest: &[&Signal], before: &HashMap<SignalId, Signal>) -> Option<Bars> {
    let bars: Vec<Bar> = biggest
        .iter()
        .take(BIGGEST_MAX)
        .map(|s| Bar {
            label: line::named(s),
            now: line::openings(s),
            before: before.get(&s.id).filter(|b| b.figures.numbers().is_some()).map(line::openings),
        })
        .collect();
    (bars.len() > 1).then(|| Bars { title: "Biggest needs".to_owned(), unit: "openings".to_owned(), bars })
}

#[cfg(test)]
mod tests;
