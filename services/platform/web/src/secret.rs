//! The installation's secret: signs what comes back to us by way of others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key is missing or no key.
#[derive(Debug, thiserror::Error)]
#[error("secret.key: {0}; give 64 hexadecimal digits, e.g. from `openssl rand -hex 32`")]
pub struct SecretError(&'static str);

/// Bytes of a short tag: 80 bits, for places where each guess costs a mail or a request.
pub const SHORT_TAG_BYTES: usize = 10;

/// Bytes of the key.
pub(crate) const KEY_BYTES: usize = 32;

/// The installation's secret: the key in force, and former ones that still open and verify what they sealed and signed.
#[derive(Clone)]
pub struct Secret {
    current: [u8; KEY_BYTES],
    previous: Vec<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl std::str::FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim().as_bytes();
        if digits.is_empty() {
            return Err(SecretError("not set"));
        }
        if digits.len() != KEY_BYTES * 2 {
            return Err(SecretError("not 64 digits long"));
        }
        let mut key = [0u8; KEY_BYTES];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| SecretError("not hexadecimal"))?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| SecretError("not hexadecimal"))?;
        }
        Ok(Self { current: key, previous: Vec::new() })
    }
}

impl Secret {
    /// Signs a message for a purpose: HMAC-SHA256, base64url. A tag for one purpose is none for another.
    #[must_use]
    pub fn sign(&self, purpose: &str, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.current, purpose, message).finalize().into_bytes())
    }

    /// Whether the tag is ours, in constant time.
    #[must_use]
    pub fn verify(&self, purpose: &str, message: &[u8], tag: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        self.all().any(|key| mac(key, purpose, message).verify_slice(&tag).is_ok())
    }

    /// A word for an address that shows that it is ours: the word, a dot, the tag. No sign-in is needed for what it opens.
    #[must_use]
    pub fn signed(&self, purpose: &str, word: &str) -> String {
        format!("{word}.{}", self.sign(purpose, word.as_bytes()))
    }

    /// The word of one that is ours.
    #[must_use]
    pub fn opened<'a>(&self, purpose: &str, signed: &'a str) -> Option<&'a str> {
        let (word, tag) = signed.split_once('.')?;
        self.verify(purpose, word.as_bytes(), tag).then_some(word)
    }

    /// The beginning of a tag, for where room is short (the local part of a mail address).
    #[must_use]
    pub fn sign_short(&self, purpose: &str, message: &[u8]) -> [u8; SHORT_TAG_BYTES] {
        let tag = mac(&self.current, purpose, message).finalize().into_bytes();
        let mut short = [0u8; SHORT_TAG_BYTES];
        short.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        short
    }

    /// Whether the short tag is ours, in constant time.
    #[must_use]
    pub fn verify_short(&self, purpose: &str, message: &[u8], tag: &[u8]) -> bool {
        tag.len() == SHORT_TAG_BYTES
            && self.all().any(|key| mac(key, purpose, message).verify_truncated_left(tag).is_ok())
    }

    /// What stands in a table for something that is looked up and never read back: HMAC-SHA256 under the key in force, then
    /// under the former ones. Write the first, look for all.
    #[must_use]
    pub fn blind(&self, purpose: &str, message: &[u8]) -> Vec<Vec<u8>> {
        self.all().map(|key| mac(key, purpose, message).finalize().into_bytes().to_vec()).collect()
    }

    /// The same with former keys.
    ///
    /// # Errors
    /// [`SecretError`] when one of them is no key.
    pub fn with_previous(mut self, keys: &[String]) -> Result<Self, SecretError> {
        for key in keys {
            self.previous.push(key.parse::<Self>()?.current);
        }
        Ok(self)
    }

    pub(crate) const fn current(&self) -> &[u8; KEY_BYTES] {
        &self.current
    }

    /// The key in force, then the former ones.
    pub(crate) fn all(&self) -> impl Iterator<Item = &[u8; KEY_BYTES]> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length: there is no error to meet")]
fn mac(key: &[u8; KEY_BYTES], purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    // The length keeps purpose and message apart.
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_for_its_purpose_and_message_only() {
        let secret: Secret = "07".repeat(32).parse().unwrap();
        let tag = secret.sign("unsubscribe", b"a");
        assert!(secret.verify("unsubscribe", b"a", &tag));
        assert!(!secret.verify("unsubscribe", b"b", &tag));
        assert!(!secret.verify("sign-in", b"a", &tag));
        assert!(!secret.verify("unsubscribe", b"a", "rubbish"));
        let signed = secret.signed("unsubscribe", "a");
        assert_eq!(secret.opened("unsubscribe", &signed), Some("a"));
        for wrong in ["", "a", "a.", "a.rubbish", &signed.replacen('a', "b", 1)] {
            assert_eq!(secret.opened("unsubscribe", wrong), None, "{wrong}");
        }
        assert_eq!(secret.opened("preferences", &signed), None, "a word for one purpose is none for another");
        let other: Secret = "08".repeat(32).parse().unwrap();
        assert!(!other.verify("unsubscribe", b"a", &tag));
        assert!(other.with_previous(&["07".repeat(32)]).unwrap().verify("unsubscribe", b"a", &tag), "a former key");
    }

    #[test]
    fn short_tags_and_blind_values_hold_for_their_purpose_and_outlive_a_new_key() {
        let old: Secret = "07".repeat(32).parse().unwrap();
        let (tag, blind) = (old.sign_short("bounce", b"a"), old.blind("address", b"a@b"));
        assert!(old.verify_short("bounce", b"a", &tag));
        assert!(!old.verify_short("bounce", b"b", &tag) && !old.verify_short("sign-in", b"a", &tag));
        assert!(!old.verify_short("bounce", b"a", &tag[..9]), "no shorter one, and not the empty one");
        assert!(!old.verify_short("bounce", b"a", b""));
        let new = "08".repeat(32).parse::<Secret>().unwrap().with_previous(&["07".repeat(32)]).unwrap();
        assert!(new.verify_short("bounce", b"a", &tag));
        assert_ne!(new.sign_short("bounce", b"a"), tag);
        assert_eq!(
            (blind.len(), new.blind("address", b"a@b").get(1)),
            (1, blind.first()),
            "found under the former key"
        );
    }

    #[test]
    fn a_bad_key_says_what_would_be_right() {
        for bad in ["", "abc", &"zz".repeat(32)] {
            assert!(bad.parse::<Secret>().unwrap_err().to_string().contains("openssl rand -hex 32"), "{bad}");
        }
    }
}
