//! The password of a subscriber's stream: 256 random bits, of which only the hash is kept. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use skillwire_runtime::Ids;

/// What one begins with, so that a leaked one is recognized by scanners.
const PREFIX: &str = "sws_";

/// A new password and its hash.
pub(crate) fn draw(ids: &dyn Ids) -> (String, Vec<u8>) {
    let mut bytes = [0u8; 32];
    ids.fill(&mut bytes);
    let password = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash(&password);
    (password, hash)
}

/// The hash of a password. Plain SHA-256: there is nothing to guess in 256 random bits.
pub(crate) fn hash(password: &str) -> Vec<u8> {
    Sha256::digest(password.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    #[test]
    fn each_is_new_and_has_the_hash_that_is_kept() {
        let ids = SeededIds::new(5);
        let ((one, kept), (two, _)) = (draw(&ids), draw(&ids));
        assert_ne!(one, two);
        assert_eq!(hash(&one), kept);
        assert_eq!(one.len(), PREFIX.len() + 43, "256 bits");
    }
}
