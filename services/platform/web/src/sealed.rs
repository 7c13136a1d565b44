//! Secrets at rest: sealed with XChaCha20-Poly1305 (an AEAD; its nonces may be drawn) under a key derived from the
//! installation's secret (HKDF-SHA256, RFC 5869), bound to the row they belong to. A sealed value that is copied into another
//! row, or read under another purpose, does not open.
//!
//! Layout: 1 byte version, 4 bytes id of the key, 24 bytes nonce, the rest ciphertext and tag.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use skillwire_runtime::Ids;

use crate::secret::{KEY_BYTES, Secret};

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// A sealed value that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed under a key that is not among ours.
    #[error("sealed under another key; give the former secret.key in secret.previous_keys")]
    OtherKey,
    /// Damaged, or moved here from another row.
    #[error("the sealed value is damaged or belongs to another row")]
    Damaged,
}

impl Secret {
    /// Seals a value of a row.
    #[must_use]
    pub fn seal(&self, purpose: &str, row: &str, plain: &[u8], ids: &dyn Ids) -> Vec<u8> {
        let key = self.current();
        let mut nonce = [0u8; NONCE_BYTES];
        ids.fill(&mut nonce);
        let aad = aad(purpose, row);
        let sealed = cipher(key, purpose).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad });
        let mut out = vec![VERSION];
        out.extend_from_slice(&key_id(key));
        out.extend_from_slice(&nonce);
        // Only a text of more than 256 GB cannot be encrypted.
        out.extend_from_slice(&sealed.unwrap_or_default());
        out
    }

    /// Opens a value of a row, sealed under this key or a former one.
    ///
    /// # Errors
    /// [`SealError`] when it does not open.
    pub fn unseal(&self, purpose: &str, row: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (head, text) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Damaged)?;
        let (id, nonce) = head.get(1..).and_then(|h| h.split_at_checked(KEY_ID_BYTES)).ok_or(SealError::Damaged)?;
        if head.first() != Some(&VERSION) {
            return Err(SealError::Damaged);
        }
        let key = self.all().find(|key| key_id(key) == id).ok_or(SealError::OtherKey)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Damaged)?;
        let aad = aad(purpose, row);
        cipher(key, purpose)
            .decrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad })
            .map_err(|_| SealError::Damaged)
    }

    /// 32 bytes for a purpose that always are the same: the seed of a key pair.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        expand(self.current(), &["skillwire derive v1 ", purpose])
    }
}

/// Lengths before contents: ("ab","c") and ("a","bc") must not meet.
fn aad(purpose: &str, row: &str) -> Vec<u8> {
    format!("{}:{purpose}|{}:{row}", purpose.len(), row.len()).into_bytes()
}

fn cipher(key: &[u8; KEY_BYTES], purpose: &str) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(expand(key, &["skillwire seal v1 ", purpose])))
}

/// Names a key without telling it.
fn key_id(key: &[u8; KEY_BYTES]) -> [u8; KEY_ID_BYTES] {
    let [a, b, c, d, ..] = expand(key, &["skillwire key id v1"]);
    [a, b, c, d]
}

#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes: 32 are always there")]
fn expand(key: &[u8; KEY_BYTES], info: &[&str]) -> [u8; 32] {
    let mut out = [0u8; 32];
    let info: Vec<&[u8]> = info.iter().map(|part| part.as_bytes()).collect();
    Hkdf::<Sha256>::new(None, key).expand_multi_info(&info, &mut out).expect("32 bytes are always there");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    #[test]
    fn a_sealed_value_opens_in_its_row_for_its_purpose_and_nowhere_else() {
        let secret: Secret = "07".repeat(32).parse().unwrap();
        let ids = SeededIds::new(1);
        let sealed = secret.seal("webhook", "row-1", b"whsec_x", &ids);
        assert_eq!(secret.unseal("webhook", "row-1", &sealed).unwrap(), b"whsec_x");
        assert_eq!(secret.unseal("webhook", "row-2", &sealed), Err(SealError::Damaged));
        assert_eq!(secret.unseal("stream", "row-1", &sealed), Err(SealError::Damaged));
        assert!(!sealed.windows(5).any(|w| w == b"whsec"), "it is not readable");
        assert_ne!(sealed, secret.seal("webhook", "row-1", b"whsec_x", &ids), "a nonce of its own");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(secret.unseal("webhook", "row-1", &damaged).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(secret.unseal("webhook", "row-1", &sealed[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_former_key_opens_what_it_sealed_and_the_new_one_seals() {
        let old: Secret = "07".repeat(32).parse().unwrap();
        let new: Secret = "08".repeat(32).parse().unwrap();
        let sealed = old.seal("webhook", "r", b"x", &SeededIds::new(1));
        assert_eq!(new.unseal("webhook", "r", &sealed), Err(SealError::OtherKey));
        let both = new.clone().with_previous(&["07".repeat(32)]).unwrap();
        assert_eq!(both.unseal("webhook", "r", &sealed).unwrap(), b"x");
        let anew = both.seal("webhook", "r", b"x", &SeededIds::new(1));
        assert_eq!(new.unseal("webhook", "r", &anew).unwrap(), b"x");
        assert_ne!(old.derive("a"), old.derive("b"));
        assert_ne!(old.derive("a"), new.derive("a"));
    }
}
