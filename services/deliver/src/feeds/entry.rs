//! A feed, its entries and their words. Pure.

use chrono::{DateTime, SecondsFormat, Utc};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{DeliveryId, Envelope, EventId, Figures, Horizon, Signal, SubscriptionId, Suppression};

use crate::NAME;

/// A feed that somebody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Feed {
    pub subscription: SubscriptionId,
    /// The subscription's name.
    pub name: String,
    /// The number of its last entry; 0 when it has none.
    pub last: i64,
    /// When that was given.
    pub last_at: Option<DateTime<Utc>>,
    /// When its address was made.
    pub made_at: DateTime<Utc>,
    /// When somebody last read it, as it is written down.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What is before and behind a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Links {
    /// How people reach us, without a slash at the end.
    pub public_url: String,
    /// The address of what is read.
    pub own: String,
    /// The address of the page that follows, if one does.
    pub next: Option<String>,
}

impl Links {
    /// Where people see a signal.
    pub(crate) fn signal(&self, signal: &Signal) -> String {
        format!("{}/signals/{}", self.public_url, signal.id)
    }
}

/// One revision of a signal, as a feed tells it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its place in the feed.
    pub number: i64,
    pub delivery: DeliveryId,
    /// When it was given its place.
    pub told_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub traceparent: String,
    pub signal: Signal,
}

impl Entry {
    /// Its id, the same in every format and at every reading.
    pub(crate) fn urn(&self) -> String {
        format!("urn:uuid:{}", self.delivery)
    }

    /// The event, as the stream carries it.
    pub(crate) fn event(&self) -> Envelope<SignalPublished> {
        let about = About {
            partnership: self.signal.partnership,
            subject: self.signal.id.to_string(),
            traceparent: self.traceparent.clone(),
            causation: None,
        };
        let data = SignalPublished { signal: self.signal.clone() };
        Envelope::new(EventId(self.delivery.0), NAME, self.created_at, about, data)
    }

    /// One line: what, how many, where, by when.
    pub(crate) fn title(&self) -> String {
        let signal = &self.signal;
        let how_many = match &signal.figures {
            Figures::Published(n) => openings(n.openings()),
            Figures::Suppressed { .. } => "numbers kept back".to_owned(),
            Figures::Ended => "nobody asks for it any more".to_owned(),
        };
        format!("{}: {how_many}, {}, {}", signal.concept.label, signal.region.name, when(signal.horizon))
    }

    /// Plain text: what, how many, by when, where, how sure.
    pub(crate) fn text(&self) -> String {
        let signal = &self.signal;
        let mut lines = vec![format!(
            "{} ({}), {}, {}.",
            signal.concept.label,
            signal.concept.kind.as_str(),
            signal.region.name,
            when(signal.horizon)
        )];
        match &signal.figures {
            Figures::Published(n) => {
                let (new, replacement) = (n.openings_new, n.openings_replacement);
                lines.push(format!("{} ({new} new, {replacement} replacement).", openings(n.openings())));
                if let Some(trend) = n.trend {
                    lines.push(format!(
                        "{:+} against the end of the period before ({} by {} employers).",
                        trend.change,
                        openings(trend.previous_openings),
                        trend.previous_employers
                    ));
                }
                if let Some(percent) = n.required_percent {
                    lines.push(format!("Required for {percent} % of these openings, preferred for the others."));
                }
                if let Some(cents) = n.median_hourly_cents {
                    lines.push(format!("Median pay {} an hour.", dollars(cents)));
                }
                lines.push(format!("How sure: stated by {} employers.", n.employers));
            }
            Figures::Suppressed { reason } => {
                lines.push(format!("There is demand; its numbers are kept back: {}.", why(*reason)));
            }
            Figures::Ended => lines.push("No need stands behind it any more.".to_owned()),
        }
        if !signal.industries.is_empty() {
            lines.push(format!("Industries (NAICS): {}.", signal.industries.join(", ")));
        }
        if !signal.causes.is_empty() {
            lines.push(format!("It follows from: {}.", signal.causes.join(", ")));
        }
        lines.push(format!("As of {}, revision {}.", signal.as_of.format("%Y-%m-%d %H:%M UTC"), signal.revision));
        lines.join("\n")
    }
}

fn openings(count: u32) -> String {
    if count == 1 { "1 opening".to_owned() } else { format!("{count} openings") }
}

const fn when(horizon: Horizon) -> &'static str {
    match horizon {
        Horizon::Now => "now",
        Horizon::Year => "within a year",
        Horizon::ThreeYears => "within three years",
    }
}

const fn why(reason: Suppression) -> &'static str {
    match reason {
        Suppression::FewEmployers => "fewer than 3 employers stand behind it",
        Suppression::Dominated => "one employer holds most of it",
        Suppression::Complementary => "with them another number that is kept back could be worked out",
    }
}

/// Cents as dollars.
pub(crate) fn dollars(cents: i64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// A moment by RFC 3339, in UTC.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use skillwire_schemas::Payload;
    use skillwire_schemas::ids::sample_time;

    /// A feed with one entry, for the tests of the formats.
    pub(crate) fn sample() -> (Feed, Entry, Links) {
        let entry = Entry {
            number: 7,
            delivery: DeliveryId::derived(&["sample"]),
            told_at: sample_time(),
            created_at: sample_time(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            signal: SignalPublished::sample().signal,
        };
        let feed = Feed {
            subscription: SubscriptionId::derived(&["sample"]),
            name: "Welding <in> & \"around\" the metro".to_owned(),
            last: 7,
            last_at: Some(sample_time()),
            made_at: sample_time(),
            last_used_at: None,
        };
        let links = Links {
            public_url: "https://wire.example".to_owned(),
            own: "https://wire.example/feeds/swf_x/atom.xml".to_owned(),
            next: Some("https://wire.example/feeds/swf_x/atom.xml?before=7&limit=1".to_owned()),
        };
        (feed, entry, links)
    }

    #[test]
    fn an_entry_says_what_how_many_by_when_where_and_how_sure() {
        let (_, entry, _) = sample();
        assert_eq!(entry.title(), "Gas metal arc welding: 13 openings, Jackson County, MO, now");
        let text = entry.text();
        for part in [
            "Gas metal arc welding (skill), Jackson County, MO, now.",
            "13 openings (9 new, 4 replacement).",
            "+3 against the end of the period before (10 openings by 4 employers).",
            "Required for 85 %",
            "$23.75 an hour",
            "stated by 5 employers",
            "staff decision #12",
            "revision 3",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn numbers_that_are_kept_back_are_named_as_such() {
        let (_, mut entry, _) = sample();
        entry.signal.figures = Figures::Suppressed { reason: Suppression::FewEmployers };
        assert!(entry.title().contains("numbers kept back"), "{}", entry.title());
        assert!(entry.text().contains("kept back: fewer than 3 employers"), "{}", entry.text());
        assert!(!entry.text().contains("13 openings"), "{}", entry.text());
        entry.signal.figures = Figures::Ended;
        assert!(entry.title().contains("nobody asks"), "{}", entry.title());
    }

    #[test]
    fn the_event_has_the_id_of_the_delivery() {
        let (_, entry, _) = sample();
        assert_eq!(entry.event().id.0, entry.delivery.0);
        assert_eq!(entry.urn(), format!("urn:uuid:{}", entry.event().id));
    }
}
