//! The token in a feed's address: 256 random bits, of which the hash is kept and a beginning to find it by. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use skillwire_runtime::Ids;

/// What one begins with, so that a leaked one is recognized by scanners.
const MARK: &str = "swf_";
/// Characters of 256 bits.
const SECRET_CHARS: usize = 43;
/// Characters that find it; shown on pages, so that its owner can tell one from another.
const PREFIX_CHARS: usize = MARK.len() + 8;

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub prefix: String,
    pub hash: Vec<u8>,
}

/// A new token and what is kept of it.
pub(crate) fn draw(ids: &dyn Ids) -> (String, Kept) {
    let mut bytes = [0u8; 32];
    ids.fill(&mut bytes);
    let token = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes));
    let kept = keep(&token);
    (token, kept)
}

/// What would be kept of a token that somebody gives; none when it cannot be one.
pub(crate) fn read(given: &str) -> Option<Kept> {
    let secret = given.strip_prefix(MARK)?;
    let whole =
        secret.len() == SECRET_CHARS && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    whole.then(|| keep(given))
}

/// Plain SHA-256: there is nothing to guess in 256 random bits.
fn keep(token: &str) -> Kept {
    Kept { prefix: token.chars().take(PREFIX_CHARS).collect(), hash: Sha256::digest(token.as_bytes()).to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    #[test]
    fn each_is_new_and_reads_back_to_what_is_kept() {
        let ids = SeededIds::new(5);
        let ((one, kept), (two, other)) = (draw(&ids), draw(&ids));
        assert_ne!(one, two);
        assert_ne!(kept, other);
        assert_eq!(read(&one), Some(kept.clone()));
        assert_eq!(kept.prefix.len(), 12);
        assert!(one.starts_with(&kept.prefix) && one.len() == 47, "{one}");
    }

    #[test]
    fn what_cannot_be_one_is_not_looked_up() {
        let (good, _) = draw(&SeededIds::new(5));
        let cut = &good[..46];
        for bad in [
            "",
            "swf_",
            cut,
            &format!("{good}A"),
            &good.replace("swf_", "sws_"),
            &format!("{cut}/"),
            &format!("{cut}%"),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
