//! Signing by Standard Webhooks 1.0.0: HMAC-SHA256 over `{id}.{timestamp}.{body}`. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use skillwire_runtime::Ids;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret: the standard asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// A secret shared with a receiver.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningSecret(Vec<u8>);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

impl SigningSecret {
    /// A new one.
    pub(crate) fn draw(ids: &dyn Ids) -> Self {
        let mut bytes = vec![0u8; SECRET_BYTES];
        ids.fill(&mut bytes);
        Self(bytes)
    }

    /// As it was kept.
    pub(crate) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// To be sealed and kept.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its receiver is told it: `whsec_` and base64.
    pub(crate) fn tell(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// `v1,` and the signature.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length: there is no error to meet")]
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The header `webhook-signature`: one signature for each secret, the newest first. During a rotation there are two, and the
/// receiver may hold either secret.
pub(crate) fn signatures(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let all: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    fn told(text: &str) -> SigningSecret {
        SigningSecret(STANDARD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap())
    }

    /// The vector of the standard's own libraries (javascript, python, go, rust: "sign function works").
    #[test]
    fn it_signs_as_the_standard_does() {
        let secret = told("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signatures(&[secret], id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 4231, test case 2, through the same door: the key "Jefe" over a text that has our form.
    #[test]
    fn id_time_and_body_are_joined_by_dots_and_each_is_signed() {
        let secret = SigningSecret(b"Jefe".to_vec());
        let one = signatures(std::slice::from_ref(&secret), "a", 1, b"body");
        for (id, time, body) in [("b", 1, "body"), ("a", 2, "body"), ("a", 1, "bodY"), ("a.1", 1, "body")] {
            assert_ne!(signatures(std::slice::from_ref(&secret), id, time, body.as_bytes()), one, "{id} {time} {body}");
        }
    }

    #[test]
    fn during_a_rotation_both_secrets_sign_and_the_newest_stands_first() {
        let ids = SeededIds::new(3);
        let (new, old) = (SigningSecret::draw(&ids), SigningSecret::draw(&ids));
        let both = signatures(&[new.clone(), old.clone()], "m", 7, b"{}");
        assert_eq!(both.split(' ').collect::<Vec<_>>(), [new.sign("m", 7, b"{}"), old.sign("m", 7, b"{}")]);
        assert_ne!(new, old);
    }

    #[test]
    fn a_secret_has_a_length_that_the_standard_allows_and_is_not_printed() {
        let secret = SigningSecret::draw(&SeededIds::new(3));
        assert!((24..=64).contains(&secret.as_bytes().len()));
        assert_eq!(told(&secret.tell()), secret);
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
    }
}
