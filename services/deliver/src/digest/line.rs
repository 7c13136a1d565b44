//! A signal as a line of a mail. Pure.

use std::cmp::Ordering;
use std::collections::HashMap;

use skillwire_schemas::{ConceptKind, Figures, Horizon, RegionLevel, Signal, Suppression};

/// A line of the mail.
pub(super) struct Line {
    pub id: String,
    pub what: String,
    /// Whether the line before is of something else, so that its name must be said.
    pub is_first: bool,
    /// What is asked for, or why there is no number.
    pub kind: &'static str,
    pub place: String,
    pub when: &'static str,
    /// The number on the right, if it may be told.
    pub openings: Option<u32>,
    /// Against the last mail, e.g. `+3`.
    pub change: Option<String>,
    /// How many, of which kind, how sure.
    pub figures: String,
}

impl Line {
    pub(super) fn of(signal: &Signal, before: Option<&Signal>) -> Self {
        let numbers = signal.figures.numbers();
        let earlier = before.and_then(|b| b.figures.numbers());
        let change = numbers.zip(earlier).map(|(n, b)| i64::from(n.openings()) - i64::from(b.openings()));
        Self {
            id: signal.id.to_string(),
            what: signal.concept.label.clone(),
            is_first: true,
            kind: match signal.figures {
                Figures::Suppressed { reason } => why(reason),
                Figures::Ended => "nobody asks for it any more",
                Figures::Published(_) => signal.concept.kind.as_str(),
            },
            place: signal.region.name.clone(),
            when: by_when(signal.horizon),
            openings: numbers.map(|n| n.openings()),
            change: change.filter(|change| *change != 0).map(|change| format!("{change:+}")),
            figures: numbers.map(|_| figures(signal)).unwrap_or_default(),
        }
    }
}

/// Puts the lines of one concept together, where the first of them stood.
pub(super) fn together(lines: Vec<Line>) -> Vec<Line> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for mut line in lines {
        let place = *places.entry(line.what.clone()).or_insert(groups.len());
        line.is_first = place == groups.len();
        match groups.get_mut(place) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.into_iter().flatten().collect()
}

/// `9 new, 4 replacement; 5 employers; median $24.50 an hour; required in 60 %; +3 since last month's end`
fn figures(signal: &Signal) -> String {
    let Some(n) = signal.figures.numbers() else { return String::new() };
    let mut parts = vec![
        format!("{} new, {} replacement", n.openings_new, n.openings_replacement),
        format!("{} employers behind it", n.employers),
    ];
    if let Some(cents) = n.median_hourly_cents {
        parts.push(format!("median ${}.{:02} an hour", cents / 100, cents % 100));
    }
    if let Some(percent) = n.required_percent {
        parts.push(format!("required for {percent} %"));
    }
    if let Some(percent) = n.unmatched_percent.filter(|percent| *percent > 0) {
        parts.push(format!("about {percent} % of these employers' words not understood"));
    }
    if let Some(trend) = n.trend {
        parts.push(format!("{:+} against last month's end", trend.change));
    }
    parts.join(" · ")
}

/// Why a number is kept back, for people.
const fn why(reason: Suppression) -> &'static str {
    match reason {
        Suppression::FewEmployers => "fewer than 3 employers",
        Suppression::Dominated => "one employer holds 80 % or more",
        Suppression::Complementary => "another number could be worked out from it",
    }
}

/// By when, in words.
pub(super) const fn by_when(horizon: Horizon) -> &'static str {
    match horizon {
        Horizon::Now => "now",
        Horizon::Year => "within a year",
        Horizon::ThreeYears => "within three years",
    }
}

/// What, where and by when, in one line; the whole partnership need not be said.
pub(super) fn named(signal: &Signal) -> String {
    let (what, when) = (&signal.concept.label, by_when(signal.horizon));
    match signal.region.level {
        RegionLevel::Total => format!("{what}, {when}"),
        RegionLevel::County | RegionLevel::SubRegion => format!("{what}, {}, {when}", signal.region.name),
    }
}

/// Openings; 0 where they are not told.
pub(super) fn openings(signal: &Signal) -> u32 {
    signal.figures.numbers().map_or(0, |n| n.openings())
}

/// Whether there is demand whose numbers are kept back.
pub(super) const fn is_kept_back(signal: &Signal) -> bool {
    matches!(signal.figures, Figures::Suppressed { .. })
}

/// Whether it asks for a credential.
pub(super) fn is_credential(signal: &Signal) -> bool {
    signal.concept.kind == ConceptKind::Credential
}

/// One order for signals alike in numbers.
pub(super) fn by_name(a: &Signal, b: &Signal) -> Ordering {
    let key = |s: &Signal| (s.concept.label.clone(), s.region.name.clone(), s.horizon, s.id);
    key(a).cmp(&key(b))
}
