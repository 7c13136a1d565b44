//! Which deliveries: a filter as an address has it.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{Channel, DeliveryId};
use skillwire_web::{Actor, Cursor, Problem};
use utoipa::{IntoParams, ToSchema};

use super::seen;
use crate::state::State;
use crate::store::read::Filter;

/// Which deliveries. What is empty does not matter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// email, stream or webhook.
    pub channel: String,
    /// gathering, held, waiting, sending, handing_over, sent, uncertain, failed or skipped.
    pub state: String,
    /// Of one subscription.
    pub subscription: String,
    /// Of one person.
    pub person: String,
    /// Of one period: its begin, e.g. 2026-11-24T06:00:00Z.
    pub period: String,
    /// That say something of a signal.
    pub signal: String,
    /// And of one revision of it.
    pub revision: String,
    /// Made then or later: a day (2026-11-24, UTC) or a moment.
    pub since: String,
    /// Made until then: a day, which is included, or a moment, which is not.
    pub until: String,
    /// From the page before.
    pub cursor: String,
}

fn bad(what: &str, why: impl std::fmt::Display) -> Problem {
    Problem::bad_request(format!("{what}: {why}")).code("filter")
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

impl ListQuery {
    /// What is meant, for somebody who sees so much.
    pub(crate) fn filter(&self, actor: &Actor) -> Result<Filter, Problem> {
        let channel = given(&self.channel);
        channel.map(str::parse::<Channel>).transpose().map_err(|e| bad("channel", e))?;
        let state = given(&self.state);
        if let Some(state) = state {
            State::of(state).ok_or_else(|| bad("state", format!("'{state}' is no state of a delivery")))?;
        }
        let signal = id(&self.signal, "signal")?;
        let revision = given(&self.revision).map(|r| r.parse::<i32>().map_err(|_| bad("revision", "give a number")));
        let person = id(&self.person, "person")?;
        Ok(Filter {
            id: None,
            person: seen(actor).or(person),
            subscription: id(&self.subscription, "subscription")?,
            channel: channel.map(str::to_owned),
            state: state.map(str::to_owned),
            period: given(&self.period).map(str::to_owned),
            signal: signal.map(|signal| Ok::<_, Problem>((signal, revision.transpose()?))).transpose()?,
            since: moment(&self.since, "since", 0)?,
            until: moment(&self.until, "until", 1)?,
            before: given(&self.cursor).map(Cursor::decode::<(DateTime<Utc>, DeliveryId)>).transpose()?,
        })
    }

    /// The address of the list with this filter, without the cursor.
    pub(crate) fn query(&self) -> String {
        let pairs = [
            ("channel", &self.channel),
            ("state", &self.state),
            ("subscription", &self.subscription),
            ("person", &self.person),
            ("period", &self.period),
            ("signal", &self.signal),
            ("revision", &self.revision),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let given = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty());
        let url = reqwest::Url::parse_with_params("http://x/", given.map(|(name, value)| (name, value.trim())));
        url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
    }

    /// The same in that state and channel.
    pub(crate) fn with(&self, channel: &str, state: &str) -> Self {
        Self { channel: channel.to_owned(), state: state.to_owned(), cursor: String::new(), ..self.clone() }
    }
}

fn id<T: std::str::FromStr>(text: &str, what: &str) -> Result<Option<T>, Problem> {
    given(text).map(|text| text.parse::<T>().map_err(|_| bad(what, format!("'{text}' is no id")))).transpose()
}

/// A day or a moment; of a day its beginning, so many days later.
fn moment(text: &str, what: &str, days: i64) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = given(text) else { return Ok(None) };
    if let Ok(moment) = text.parse::<DateTime<Utc>>() {
        return Ok(Some(moment));
    }
    let wanted = "give a day (2026-11-24) or a moment (2026-11-24T08:00:00Z)";
    let day: NaiveDate = text.parse().map_err(|_| bad(what, format!("'{text}' is none; {wanted}")))?;
    let at = day.and_time(NaiveTime::MIN).and_utc().checked_add_signed(TimeDelta::days(days));
    Ok(Some(at.ok_or_else(|| bad(what, wanted))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_at_both_ends() {
        let of = |text: &str, days| moment(text, "since", days).unwrap().map(|at| at.to_rfc3339());
        assert_eq!(of("2026-11-24", 0).as_deref(), Some("2026-11-24T00:00:00+00:00"));
        assert_eq!(of("2026-11-24", 1).as_deref(), Some("2026-11-25T00:00:00+00:00"));
        assert_eq!(of("2026-11-24T08:00:00Z", 1).as_deref(), Some("2026-11-24T08:00:00+00:00"));
        assert_eq!(of(" ", 0), None);
        assert_eq!(moment("yesterday", "since", 0).unwrap_err().word(), "filter");
    }

    #[test]
    fn a_filter_is_an_address() {
        let query = ListQuery { state: "failed".to_owned(), period: "a b&c".to_owned(), ..ListQuery::default() };
        assert_eq!(query.query(), "state=failed&period=a+b%26c");
        assert_eq!(query.with("email", "sent").query(), "channel=email&state=sent&period=a+b%26c");
        assert_eq!(ListQuery::default().query(), "");
    }
}
