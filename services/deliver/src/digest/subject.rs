//! The subject line: what matters most first, in words a person would open. Pure.

use skillwire_schemas::Signal;

use super::line::openings;
use super::news::News;

/// Longest subject, characters; phones show 40, which is why the need comes first.
const CHARS_MAX: usize = 150;

/// Writes it: one line, without anything that ends a header.
pub(super) fn subject(name: &str, news: &News<'_>) -> String {
    let told = news.new.len() + news.grew.len() + news.faded.len() + news.other.len();
    let lead = [news.new.first(), news.grew.first(), news.faded.first(), news.other.first()];
    let lead = lead.into_iter().flatten().max_by_key(|s| weight(s, news));
    let subject = match lead {
        None if news.kept_back.len() == 1 => format!("{name}: 1 number is now kept back"),
        None => format!("{name}: {} numbers are now kept back", news.kept_back.len()),
        Some(first) => {
            let more = if told > 1 { format!(", and {} more", told - 1) } else { String::new() };
            format!("{}{more} - {name}", said(first, news))
        }
    };
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS_MAX).collect()
}

/// How much a signal changed, openings.
fn weight(signal: &Signal, news: &News<'_>) -> (u64, u32) {
    let change = news.change(signal).map_or_else(|| u64::from(openings(signal)), i64::unsigned_abs);
    (change, openings(signal))
}

fn said(signal: &Signal, news: &News<'_>) -> String {
    let what: String = signal.concept.label.chars().take(60).collect();
    let Some(numbers) = signal.figures.numbers() else {
        return format!("{what}: no longer asked for");
    };
    let openings = match numbers.openings() {
        1 => "1 opening".to_owned(),
        many => format!("{many} openings"),
    };
    match news.change(signal) {
        None => format!("New: {what}, {openings}"),
        Some(0) => format!("{what}: {openings}"),
        Some(change) => format!("{what}: {openings} ({change:+})"),
    }
}
