//! Secrets that people and programs carry: how they look, and what is kept of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use skillwire_runtime::Ids;

/// Random bytes of a session or link secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Random bytes of the public part of a token.
const PREFIX_BYTES: usize = 6;

/// SHA-256 of a secret: what is kept of it. The secrets are random and long, so no slower hash is needed.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A new secret.
#[must_use]
pub fn secret(ids: &dyn Ids) -> String {
    let mut bytes = [0u8; SECRET_BYTES];
    ids.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An API token: `sw_<prefix>_<secret>`. The prefix finds its row and may be shown; the secret is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The public part.
    pub prefix: String,
    secret: String,
}

impl Token {
    /// A new one.
    #[must_use]
    pub fn new(ids: &dyn Ids) -> Self {
        let mut bytes = [0u8; PREFIX_BYTES];
        ids.fill(&mut bytes);
        let prefix = bytes.iter().map(|b| format!("{b:02x}")).collect();
        Self { prefix, secret: secret(ids) }
    }

    /// Reads what a program sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, secret) = text.strip_prefix("sw_")?.split_once('_')?;
        let fine =
            prefix.len() == PREFIX_BYTES * 2 && prefix.bytes().all(|b| b.is_ascii_hexdigit()) && secret.len() == 43;
        fine.then(|| Self { prefix: prefix.to_owned(), secret: secret.to_owned() })
    }

    /// What is kept of the secret.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash(&self.secret)
    }

    /// The whole token, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("sw_{}_{}", self.prefix, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    #[test]
    fn a_token_reads_back_and_rubbish_does_not() {
        let token = Token::new(&SeededIds::new(3));
        assert_eq!(Token::parse(&token.reveal()), Some(token.clone()));
        assert!(!format!("{:?}", token.hash()).contains(&token.secret));
        for bad in ["", "sw_", "sw_abc_def", "Bearer x", &token.reveal()[..20]] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }
}
