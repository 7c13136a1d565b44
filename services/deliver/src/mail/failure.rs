//! What went wrong in a conversation, and what that means for the mail. Pure.

use crate::bounce::judge;
use crate::state::Outcome;

/// Longest part of the server's answer that is kept, characters.
const REPLY_CHARS_MAX: usize = 200;

/// The mail settings or a letter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The setting, and what would be right.
    #[error("{0}")]
    Settings(String),
    /// The letter cannot be written.
    #[error("the mail cannot be written: {0}")]
    Message(String),
}

/// Why a mail did not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `temporary`, `permanent` or `uncertain`.
    pub outcome: &'static str,
    /// The server's answer or the error, without addresses.
    pub reply: String,
    /// The server said that this address will never take mail.
    pub address_refused: bool,
}

impl Failure {
    pub(crate) fn kind(&self) -> Outcome {
        Outcome::of(self.outcome).unwrap_or(Outcome::Temporary)
    }

    pub(super) fn new(outcome: Outcome, reply: impl std::fmt::Display) -> Self {
        Self { outcome: outcome.as_str(), reply: scrub(&reply.to_string()), address_refused: false }
    }
}

/// Words of a mail server without addresses, which they like to repeat, on one line and not too long.
#[must_use]
pub fn scrub(text: &str) -> String {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word }).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(REPLY_CHARS_MAX).collect()
}

/// What went wrong in one step of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server said no: its code, and its words.
    No { code: u16, words: String },
    /// The connection fell, nothing was said in time, or what was said is no SMTP.
    Lost(String),
}

impl Trouble {
    pub(super) fn of(error: &lettre::transport::smtp::Error) -> Self {
        let source = std::error::Error::source(error).map(ToString::to_string);
        match error.status() {
            Some(code) => Self::No { code: code.into(), words: source.unwrap_or_default() },
            None => Self::Lost(error.to_string()),
        }
    }

    /// Whether the connection is of no more use: it is gone, or the server is closing it (RFC 5321 3.8).
    pub(super) const fn ends_the_connection(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::No { code: 421, .. })
    }

    /// What it means before the content has left: only a clear no is lasting.
    pub(super) fn before_content(&self) -> Failure {
        match self {
            Self::No { code, .. } if *code >= 500 => Failure::new(Outcome::Permanent, self),
            _ => Failure::new(Outcome::Temporary, self),
        }
    }

    /// What it means as the answer to the recipient's address.
    pub(super) fn of_recipient(&self) -> Failure {
        let refused = matches!(self, Self::No { code, words } if judge::recipient_refused(*code, words));
        Failure { address_refused: refused, ..self.before_content() }
    }

    /// What it means after the content has left: without an answer nobody knows.
    pub(super) fn of_content(&self) -> Failure {
        match self {
            Self::No { .. } => self.before_content(),
            Self::Lost(_) => Failure::new(Outcome::Uncertain, self),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::No { code, words } => write!(f, "{code} {words}"),
            Self::Lost(words) => f.write_str(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(code: u16, words: &str) -> Trouble {
        Trouble::No { code, words: words.to_owned() }
    }

    #[test]
    fn a_no_before_the_content_and_silence_after_it_are_different_things() {
        let lost = Trouble::Lost("connection reset".to_owned());
        assert_eq!(lost.before_content().kind(), Outcome::Temporary);
        assert_eq!(lost.of_content().kind(), Outcome::Uncertain);
        for (code, outcome) in [(421, Outcome::Temporary), (451, Outcome::Temporary), (554, Outcome::Permanent)] {
            assert_eq!(no(code, "x").before_content().kind(), outcome, "{code}");
            assert_eq!(no(code, "x").of_content().kind(), outcome, "{code}");
        }
        assert!(lost.ends_the_connection() && no(421, "").ends_the_connection() && !no(451, "").ends_the_connection());
    }

    #[test]
    fn only_the_answer_to_the_address_says_something_about_the_address() {
        let unknown = no(550, "5.1.1 <a@b.example> unknown");
        assert!(unknown.of_recipient().address_refused);
        assert!(!unknown.before_content().address_refused && !unknown.of_content().address_refused);
        assert_eq!(unknown.of_recipient().reply, "550 5.1.1 <address> unknown");
        assert!(!no(550, "5.7.1 blocked").of_recipient().address_refused);
        assert!(!no(451, "5.1.1 odd").of_recipient().address_refused);
    }

    #[test]
    fn what_is_kept_of_an_answer_is_one_short_line_without_addresses() {
        let kept = scrub(&format!("no\r\nx@y.example \u{7}{}", "long ".repeat(100)));
        assert!(kept.starts_with("no <address> long") && !kept.contains(['@', '\r', '\n', '\u{7}']), "{kept}");
        assert!(kept.chars().count() <= REPLY_CHARS_MAX);
    }
}
