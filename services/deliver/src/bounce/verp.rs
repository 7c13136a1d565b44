//! The address that a mail comes back to (VERP): it names the delivery and proves that the name is ours. Pure.
//!
//! `bounces+<delivery>-<tag>@wire.example` for what cannot be delivered, `bounces+u<subscription>-<tag>@wire.example` for who
//! wants no more. Base32, since mail servers may change the case of letters. Whoever has such an address was sent it: nobody
//! can make mails of others come back.

use data_encoding::BASE32_NOPAD;
use skillwire_schemas::{DeliveryId, SubscriptionId};
use skillwire_web::{SHORT_TAG_BYTES, Secret};
use uuid::Uuid;

use crate::config::Config;
use crate::mail::SmtpError;

/// Characters of a local part at most (RFC 5321 4.5.3.1.1).
const LOCAL_CHARS_MAX: usize = 64;
/// Characters of an id, of a tag, and of what stands around them: `+`, `u`, `-`.
const ID_CHARS: usize = 26;
const TAG_CHARS: usize = 16;
const ROOM_CHARS: usize = ID_CHARS + TAG_CHARS + 3;
/// How much of a header's value is searched, bytes, and how many places in it.
const SEARCHED_BYTES_MAX: usize = 8_192;
const PLACES_MAX: usize = 32;

const RETURNS: &str = "mail that comes back";
const UNSUBSCRIBES: &str = "unsubscribe by mail";

/// What an address of ours names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A delivery.
    Delivery(DeliveryId),
    /// A subscription whose mails are to end.
    Subscription(SubscriptionId),
}

/// Writes and reads such addresses.
#[derive(Clone, Debug)]
pub(crate) struct Verp {
    local: String,
    domain: String,
    secret: Secret,
}

impl Verp {
    /// From the settings; none when no address is set.
    pub(crate) fn new(config: &Config, secret: &Secret) -> Result<Option<Self>, SmtpError> {
        let Some(address) = &config.bounce_address else { return Ok(None) };
        let bad = |why: &str| {
            Err(SmtpError::Settings(format!(
                "deliver.bounce_address: '{address}' {why}; give an address such as bounces@wire.example"
            )))
        };
        let Some((local, domain)) = address.split_once('@') else { return bad("is no address") };
        let plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !plain(local, "-_.") || !plain(domain, "-.") {
            return bad("is no plain address");
        }
        if local.len() + ROOM_CHARS > LOCAL_CHARS_MAX {
            let room = LOCAL_CHARS_MAX - ROOM_CHARS;
            return bad(&format!("has more than {room} characters before the @, and more is to follow there"));
        }
        let (local, domain) = (local.to_ascii_lowercase(), domain.to_ascii_lowercase());
        Ok(Some(Self { local, domain, secret: secret.clone() }))
    }

    /// Where a delivery comes back to.
    pub(crate) fn of_delivery(&self, id: DeliveryId) -> String {
        self.address("", RETURNS, id.0)
    }

    /// Where a mail ends the mails of a subscription.
    pub(crate) fn of_subscription(&self, id: SubscriptionId) -> String {
        self.address("u", UNSUBSCRIBES, id.0)
    }

    fn address(&self, mark: &str, purpose: &str, id: Uuid) -> String {
        let tag = BASE32_NOPAD.encode(&self.secret.sign_short(purpose, id.as_bytes()));
        let id = BASE32_NOPAD.encode(id.as_bytes());
        format!("{}+{mark}{}-{}@{}", self.local, id.to_lowercase(), tag.to_lowercase(), self.domain)
    }

    /// The first address of ours in a header's value.
    pub(crate) fn find(&self, value: &str) -> Option<Named> {
        // Only ASCII is of interest, and only so much of it: positions are bytes then.
        let text: String = value.chars().filter(char::is_ascii).take(SEARCHED_BYTES_MAX).collect();
        let text = text.to_ascii_lowercase();
        let begin = format!("{}+", self.local);
        let places = text.match_indices(&begin).take(PLACES_MAX);
        places.into_iter().find_map(|(at, _)| self.read(text.get(at + begin.len()..)?))
    }

    /// What follows the `+`.
    fn read(&self, rest: &str) -> Option<Named> {
        let (token, after) = rest.split_once('@')?;
        let domain: &str = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).next()?;
        if domain.trim_end_matches('.') != self.domain {
            return None;
        }
        let (mark, token) = match token.strip_prefix('u') {
            // An id may begin with the letter: its length tells.
            Some(marked) if marked.len() == ID_CHARS + 1 + TAG_CHARS => ("u", marked),
            _ => ("", token),
        };
        let (id, tag) = token.split_once('-')?;
        if id.len() != ID_CHARS || tag.len() != TAG_CHARS {
            return None;
        }
        let bytes = |text: &str| BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok();
        let (id, tag) = (Uuid::from_slice(&bytes(id)?).ok()?, bytes(tag)?);
        debug_assert_eq!(tag.len(), SHORT_TAG_BYTES);
        let purpose = if mark.is_empty() { RETURNS } else { UNSUBSCRIBES };
        if !self.secret.verify_short(purpose, id.as_bytes(), &tag) {
            return None;
        }
        Some(if mark.is_empty() { Named::Delivery(DeliveryId(id)) } else { Named::Subscription(SubscriptionId(id)) })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn verp() -> Verp {
        with("bounces@wire.example").unwrap()
    }

    fn with(address: &str) -> Result<Verp, String> {
        let config = Config { bounce_address: Some(address.to_owned()), ..Config::default() };
        let made = Verp::new(&config, &"07".repeat(32).parse().unwrap());
        made.map(Option::unwrap).map_err(|e| e.to_string())
    }

    #[test]
    fn an_address_is_short_and_needs_no_case() {
        let (verp, id) = (verp(), DeliveryId::derived(&["a"]));
        let address = verp.of_delivery(id);
        assert!(address.split('@').next().unwrap().len() <= LOCAL_CHARS_MAX, "{address}");
        assert_eq!(address, address.to_lowercase());
        for written in
            [address.clone(), address.to_uppercase(), format!("\"x\" <{address}>, y@z"), format!("<{address}.>")]
        {
            assert_eq!(verp.find(&written), Some(Named::Delivery(id)), "{written}");
        }
        let subscription = SubscriptionId::derived(&["a"]);
        let stop = verp.of_subscription(subscription);
        assert_eq!(verp.find(&format!("bounces+rubbish@wire.example {stop}")), Some(Named::Subscription(subscription)));
        let longest = with(&format!("{}@wire.example", "b".repeat(LOCAL_CHARS_MAX - ROOM_CHARS))).unwrap();
        assert_eq!(longest.of_subscription(subscription).split('@').next().unwrap().len(), LOCAL_CHARS_MAX);
    }

    #[test]
    fn what_is_not_ours_is_not_taken() {
        let (verp, id) = (verp(), DeliveryId::derived(&["a"]));
        let address = verp.of_delivery(id);
        let (local, _) = address.split_once('@').unwrap();
        let mut other = local.to_owned();
        other.replace_range(8..9, if local.as_bytes()[8] == b'a' { "b" } else { "a" });
        for bad in [
            format!("{other}@wire.example"),
            format!("{local}@evil.example"),
            format!("{local}@wire.example.evil.example"),
            format!("{}@wire.example", &local[..local.len() - 1]),
            format!("{}@wire.example", &local[..local.len() - 17]),
            // The proof of a delivery ends no subscription.
            format!("{}@wire.example", local.replace("bounces+", "bounces+u")),
            format!("<{id}@skillwire.localhost>"),
        ] {
            assert_eq!(verp.find(&bad), None, "{bad}");
        }
        let secret = "08".repeat(32).parse().unwrap();
        let config = Config { bounce_address: Some("bounces@wire.example".to_owned()), ..Config::default() };
        assert_eq!(Verp::new(&config, &secret).unwrap().unwrap().find(&address), None, "of another installation");
    }

    #[test]
    fn a_bad_setting_says_what_would_be_right() {
        for bad in ["bounces", "a+b@wire.example", "@wire.example", "a@", "a b@c", &format!("{}@x", "b".repeat(20))] {
            let error = with(bad).unwrap_err();
            assert!(error.contains("deliver.bounce_address") && error.contains("bounces@wire.example"), "{error}");
        }
        assert!(Verp::new(&Config::default(), &"07".repeat(32).parse().unwrap()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn every_id_comes_back(bytes: [u8; 16]) {
            let (verp, id) = (verp(), Uuid::from_bytes(bytes));
            prop_assert_eq!(verp.find(&verp.of_delivery(DeliveryId(id))), Some(Named::Delivery(DeliveryId(id))));
            let subscription = SubscriptionId(id);
            prop_assert_eq!(verp.find(&verp.of_subscription(subscription)), Some(Named::Subscription(subscription)));
        }

        #[test]
        fn no_text_makes_it_fall(text in ".{0,300}") {
            verp().find(&text);
            let text = format!("bounces+{text}@wire.example");
            prop_assert_eq!(verp().find(&text), None);
        }
    }
}
