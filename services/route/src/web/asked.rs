//! What somebody asks for when making a subscription, checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{Cadence, Channel, PersonId, Predicate, Subscription, SubscriptionId};
use skillwire_web::Outbound;
use utoipa::ToSchema;

use crate::error::{LIST_ENTRIES_MAX, NAME_CHARS_MAX, SubscriptionError};

/// A subscription as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// A name of one's own.
    pub name: String,
    /// Which signals.
    #[serde(default)]
    pub predicate: Predicate,
    /// By which ways; at least one.
    pub channels: Vec<Channel>,
    /// Where the channel `webhook` posts to.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// How often mail goes.
    pub cadence: Cadence,
    /// IANA zone in which a day begins; the partnership's when absent.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Paused.
    #[serde(default)]
    pub paused: bool,
}

impl Asked {
    /// Checks it against the partnership and makes the subscription, or says all that is wrong.
    pub(crate) fn check(
        self,
        id: SubscriptionId,
        person: PersonId,
        partnership: &Partnership,
        outbound: &Outbound,
    ) -> Result<Subscription, Vec<SubscriptionError>> {
        let mut errors = Vec::new();
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            errors.push(SubscriptionError::new(
                "name",
                format!("give a name of 1 to {NAME_CHARS_MAX} characters on one line"),
            ));
        }
        let mut channels = self.channels;
        channels.sort_unstable();
        channels.dedup();
        if channels.is_empty() {
            errors.push(SubscriptionError::new("channels", "choose at least one of email, stream, webhook and feed"));
        }
        let given = self.webhook_url.filter(|url| !url.trim().is_empty());
        let webhook_url = match (channels.contains(&Channel::Webhook), given) {
            (false, _) => None,
            (true, None) => {
                errors.push(SubscriptionError::new("webhook_url", "give the address that signals are posted to"));
                None
            }
            (true, Some(given)) => match outbound.url(&given) {
                Ok(url) => Some(url.to_string()),
                Err(e) => {
                    errors.push(SubscriptionError::new("webhook_url", e.to_string()));
                    None
                }
            },
        };
        let time_zone = self.time_zone.unwrap_or_else(|| partnership.time_zone.clone());
        if time_zone.parse::<chrono_tz::Tz>().is_err() {
            errors.push(SubscriptionError::new(
                "time_zone",
                format!("'{time_zone}' is no IANA time zone; give one such as America/Chicago"),
            ));
        }
        check_predicate(&self.predicate, partnership, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Subscription {
            id,
            partnership: partnership.id,
            person,
            name,
            predicate: self.predicate,
            channels,
            webhook_url,
            cadence: self.cadence,
            time_zone,
            paused: self.paused,
        })
    }
}

fn check_predicate(predicate: &Predicate, partnership: &Partnership, errors: &mut Vec<SubscriptionError>) {
    for county in &predicate.counties {
        if !partnership.counties.iter().any(|c| c.county == *county) {
            errors.push(SubscriptionError::new(
                "counties",
                format!("{} ({county}) is not in the region of {}", county.name(), partnership.name),
            ));
        }
    }
    for prefix in &predicate.naics_prefixes {
        if !(2..=6).contains(&prefix.len()) || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            errors.push(SubscriptionError::naics(prefix));
        }
    }
    let lists = [
        ("counties", predicate.counties.len()),
        ("naics_prefixes", predicate.naics_prefixes.len()),
        ("concepts", predicate.concepts.len()),
    ];
    for (field, entries) in lists {
        if entries > LIST_ENTRIES_MAX {
            errors.push(SubscriptionError::new(field, format!("{entries} entries; at most {LIST_ENTRIES_MAX}")));
        }
    }
    if predicate.min_change_percent > 1_000 {
        errors.push(SubscriptionError::new("min_change_percent", "give 0 to 1000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::partnership::PartnershipCounty;
    use skillwire_schemas::{CountyFips, PartnershipId};

    fn partnership() -> Partnership {
        Partnership {
            id: PartnershipId::derived(&["p"]),
            name: "Metro".to_owned(),
            naics_prefixes: vec!["33".to_owned()],
            counties: vec![PartnershipCounty { county: CountyFips::parse("29095").unwrap(), sub_region: None }],
            time_zone: "America/Chicago".to_owned(),
        }
    }

    fn check(json: serde_json::Value) -> Result<Subscription, Vec<&'static str>> {
        serde_json::from_value::<Asked>(json)
            .unwrap()
            .check(SubscriptionId::derived(&["s"]), PersonId::derived(&["x"]), &partnership(), &Outbound::default())
            .map_err(|errors| errors.into_iter().map(|e| e.field).collect())
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        let wrong = serde_json::json!({"name": "a\r\nb", "channels": [], "cadence": "daily", "time_zone": "Mars",
            "predicate": {"counties": ["20091"], "naics_prefixes": ["3x"]}});
        assert_eq!(check(wrong), Err(vec!["name", "channels", "time_zone", "counties", "naics_prefixes"]));
    }

    #[test]
    fn a_webhook_needs_an_address_that_may_be_called() {
        let asked = |url: serde_json::Value| {
            check(serde_json::json!({"name": "W", "channels": ["webhook"], "cadence": "daily", "webhook_url": url}))
        };
        assert_eq!(asked(serde_json::Value::Null), Err(vec!["webhook_url"]));
        assert_eq!(asked("http://college.example/".into()), Err(vec!["webhook_url"]));
        assert_eq!(asked("https://169.254.169.254/".into()), Err(vec!["webhook_url"]));
        let made = asked(" https://college.example/hook ".into()).unwrap();
        assert_eq!(made.webhook_url.as_deref(), Some("https://college.example/hook"));
        let unused =
            serde_json::json!({"name": "W", "channels": ["email"], "cadence": "daily", "webhook_url": "rubbish"});
        assert_eq!(check(unused).unwrap().webhook_url, None, "an address that is not used is not kept");
    }

    #[test]
    fn the_partnerships_zone_is_the_default() {
        let asked =
            serde_json::json!({"name": " Welding ", "channels": ["stream", "email", "email"], "cadence": "daily"});
        let made = check(asked).unwrap();
        assert_eq!(
            (made.name.as_str(), made.time_zone.as_str(), made.channels.len()),
            ("Welding", "America/Chicago", 2)
        );
    }
}
