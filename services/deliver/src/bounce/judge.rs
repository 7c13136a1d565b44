//! What a report says of an address. Pure.
//!
//! The codes are those of RFC 3463 and its registry. A report is believed about the address only where the code is about the
//! address: that a relay does not like us (5.7.x) says nothing of the person who waits for the mail.

use crate::state::State;

/// Soft bounces within [`SOFT_DAYS`] after which an address is left alone.
pub(crate) const SOFT_MAX: i64 = 5;
/// How far back soft bounces count, days.
pub(crate) const SOFT_DAYS: i64 = 30;

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The address takes no mail, and will not.
    Hard,
    /// Not this time: a full mailbox, a server that was away for days.
    Soft,
    /// It is still being tried.
    Delayed,
    /// Refused for what we are or what we sent.
    Policy,
    /// Its receiver called it spam (RFC 5965).
    Complaint,
    /// Its receiver wants no more mails of this subscription.
    Unsubscribed,
    /// An answer of a machine: out of office and the like.
    AutoReply,
    /// Of no delivery of ours, as far as can be told, or no report at all.
    Unrecognized,
    /// No mail that can be read.
    Unreadable,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Hard,
        Self::Soft,
        Self::Delayed,
        Self::Policy,
        Self::Complaint,
        Self::Unsubscribed,
        Self::AutoReply,
        Self::Unrecognized,
        Self::Unreadable,
    ];

    /// The word in tables and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Delayed => "delayed",
            Self::Policy => "policy",
            Self::Complaint => "complaint",
            Self::Unsubscribed => "unsubscribed",
            Self::AutoReply => "auto_reply",
            Self::Unrecognized => "unrecognized",
            Self::Unreadable => "unreadable",
        }
    }

    /// What a delivery becomes by it; none: it stays what it is.
    pub(crate) const fn turns(self, state: State) -> Option<State> {
        match (self, state) {
            // It had left, or may have left, and now it is known to have come back.
            (Self::Hard | Self::Soft | Self::Policy, State::Sent | State::Uncertain) => Some(State::Bounced),
            // A second try would come back too.
            (Self::Hard, State::Waiting) => Some(State::Bounced),
            _ => None,
        }
    }

    /// What a delivery's page says of it.
    pub(crate) fn reason(self, words: &str) -> String {
        match self {
            Self::Complaint => "its receiver marked it as spam".to_owned(),
            Self::Delayed => format!("the mail server still tries: {words}"),
            _ => format!("bounced: {words}"),
        }
    }
}

/// A delivery status (RFC 3464 2.3): what became of it for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// failed, delayed, delivered, relayed or expanded.
    pub action: String,
    /// Class, subject, detail (RFC 3463).
    pub status: Option<Code>,
    /// What the other mail server said.
    pub diagnostic: String,
}

/// An enhanced status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Code(pub u16, pub u16, pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Code {
    /// From `5.1.1`, with anything that is no digit around it.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let mut parts = word.split('.');
        let mut next = || parts.next().filter(|p| p.len() <= 3)?.parse::<u16>().ok();
        let code = Self(next()?, next()?, next()?);
        (parts.next().is_none() && matches!(code.0, 2 | 4 | 5)).then_some(code)
    }

    /// The first one in a text, not looking far.
    pub(crate) fn within(text: &str) -> Option<Self> {
        text.split([' ', '\t', '-', '(', ')', '<', '>', ';', ',', '#']).take(WORDS_MAX).find_map(Self::of)
    }
}

/// Words of a text in which a code is looked for.
const WORDS_MAX: usize = 400;
/// Words by which a server that gives no code says that it dislikes the sender or the content.
const POLICY_WORDS: [&str; 14] = [
    "spam",
    "blocked",
    "block list",
    "blocklist",
    "blacklist",
    "black list",
    "reputation",
    "policy",
    "dmarc",
    "dkim",
    "spf ",
    "virus",
    "content",
    "relay",
];

/// What a delivery status says.
pub(crate) fn status(report: &Status) -> Kind {
    match report.action.as_str() {
        "delayed" => Kind::Delayed,
        // The other words are what some servers write instead.
        "failed" | "failure" | "error" => failed(report),
        // Good news that nobody asked for.
        _ => Kind::Unrecognized,
    }
}

fn failed(report: &Status) -> Kind {
    // A relay that only knows "5.0.0" often quotes who knows more.
    let told = report.status.filter(|code| (code.1, code.2) != (0, 0)).or_else(|| Code::within(&report.diagnostic));
    match told.or(report.status) {
        Some(Code(5, 0, 0)) => plain(&report.diagnostic),
        Some(code) => by_code(code),
        None => Kind::Soft,
    }
}

fn by_code(code: Code) -> Kind {
    match code {
        Code(4, ..) => Kind::Soft,
        // 5.1.7 and 5.1.8 are about the sender's address.
        Code(_, 1, 7 | 8) | Code(_, 7, _) => Kind::Policy,
        Code(_, 1, _) | Code(_, 2, 1) | Code(_, 4, 1 | 4) => Kind::Hard,
        // The message is too large, or not as the other side wants it.
        Code(_, 2 | 3, 3 | 4) | Code(_, 5 | 6, _) => Kind::Policy,
        // Mailbox full, loops, and what else may pass.
        _ => Kind::Soft,
    }
}

/// A no without an enhanced code.
fn plain(diagnostic: &str) -> Kind {
    let text = diagnostic.to_lowercase();
    // Numbers of an address may stand before the code.
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    if POLICY_WORDS.iter().any(|word| text.contains(word)) {
        return Kind::Policy;
    }
    if numbers.any(|number| matches!(number, "550" | "551" | "553")) { Kind::Hard } else { Kind::Soft }
}

/// Whether a no to the recipient's address, said at once, is about the address.
pub(crate) fn recipient_refused(code: u16, words: &str) -> bool {
    // The enhanced code is the first word (RFC 2034 4).
    match words.split_whitespace().next().and_then(Code::of) {
        Some(enhanced @ Code(5, ..)) => code >= 500 && by_code(enhanced) == Kind::Hard && enhanced.1 == 1,
        Some(_) => false,
        None => matches!(code, 550 | 551 | 553) && plain(&format!("{code} {words}")) == Kind::Hard,
    }
}

/// What a feedback report says (RFC 5965 7.3).
pub(crate) fn feedback(kind: &str) -> Kind {
    match kind {
        "abuse" | "fraud" | "virus" | "opt-out" | "opt-out-list" | "other" => Kind::Complaint,
        // "not-spam" takes a complaint back, "auth-failure" (RFC 6591) tells us of ourselves.
        _ => Kind::Unrecognized,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(action: &str, code: &str, diagnostic: &str) -> Kind {
        status(&Status { action: action.to_owned(), status: Code::of(code), diagnostic: diagnostic.to_owned() })
    }

    #[test]
    fn reports_are_judged_by_what_they_are_about() {
        for (action, code, diagnostic, wanted) in [
            ("failed", "5.1.1", "smtp; 550 5.1.1 unknown", Kind::Hard),
            ("failed", "5.1.2", "", Kind::Hard),
            ("failed", "5.1.10", "null MX", Kind::Hard),
            ("failed", "5.2.1", "", Kind::Hard),
            ("failed", "5.4.4", "host not found", Kind::Hard),
            ("failed", "5.4.1", "Recipient address rejected: Access denied", Kind::Hard),
            ("failed", "5.2.2", "mailbox full", Kind::Soft),
            ("failed", "4.2.2", "mailbox full", Kind::Soft),
            ("failed", "4.4.7", "expired", Kind::Soft),
            ("failed", "5.4.7", "expired", Kind::Soft),
            ("failed", "5.4.6", "loop", Kind::Soft),
            ("failed", "5.7.1", "blocked", Kind::Policy),
            ("failed", "5.7.26", "unauthenticated", Kind::Policy),
            ("failed", "5.1.8", "bad sender", Kind::Policy),
            ("failed", "5.3.4", "too big", Kind::Policy),
            ("failed", "5.6.1", "media", Kind::Policy),
            ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", Kind::Hard),
            ("failed", "5.0.0", "smtp; 550-5.7.1 not from you", Kind::Policy),
            ("failed", "5.0.0", "smtp; 550 no such user here", Kind::Hard),
            ("failed", "5.0.0", "smtp; 550 rejected as spam", Kind::Policy),
            ("failed", "5.0.0", "smtp; 554 transaction failed", Kind::Soft),
            ("failed", "5.0.0", "X-Postfix; host mx.example[192.168.1.100] said: 550 unknown user", Kind::Hard),
            ("failed", "5.0.0", "X-Postfix; host mx.example[192.168.1.100] said: 552 no", Kind::Soft),
            ("failure", "5.1.1", "", Kind::Hard),
            ("failed", "", "something", Kind::Soft),
            ("delayed", "4.4.1", "", Kind::Delayed),
            ("delivered", "2.0.0", "", Kind::Unrecognized),
            ("", "5.1.1", "", Kind::Unrecognized),
        ] {
            assert_eq!(judged(action, code, diagnostic), wanted, "{action} {code} {diagnostic}");
        }
        assert_eq!(feedback("abuse"), Kind::Complaint);
        assert_eq!(feedback("not-spam"), Kind::Unrecognized);
        assert_eq!(feedback("auth-failure"), Kind::Unrecognized);
    }

    #[test]
    fn a_no_to_the_address_is_about_the_address_or_about_us() {
        for (code, words, wanted) in [
            (550, "5.1.1 unknown", true),
            (550, "5.1.10 null MX", true),
            (550, "no such mailbox", true),
            (551, "user not local", true),
            (553, "mailbox name not allowed", true),
            (550, "5.7.1 blocked", false),
            (550, "5.2.2 full", false),
            (550, "5.1.8 sender rejected", false),
            (550, "blocked, see our policy", false),
            (552, "too much", false),
            (554, "no", false),
            (450, "5.1.1 odd", false),
            (550, "4.1.1 odd", false),
        ] {
            assert_eq!(recipient_refused(code, words), wanted, "{code} {words}");
        }
    }

    #[test]
    fn only_what_has_left_comes_back() {
        for kind in [Kind::Hard, Kind::Soft, Kind::Policy] {
            assert_eq!(kind.turns(State::Sent), Some(State::Bounced));
            assert_eq!(kind.turns(State::Uncertain), Some(State::Bounced));
            for state in [State::Gathering, State::Held, State::Failed, State::Skipped, State::Bounced] {
                assert_eq!(kind.turns(state), None);
            }
        }
        assert_eq!((Kind::Hard.turns(State::Waiting), Kind::Soft.turns(State::Waiting)), (Some(State::Bounced), None));
        for kind in [Kind::Delayed, Kind::Complaint, Kind::Unsubscribed, Kind::AutoReply, Kind::Unrecognized] {
            assert_eq!(kind.turns(State::Sent), None);
        }
    }

    proptest! {
        /// Whatever is said: that we are disliked never costs somebody their mails.
        #[test]
        fn policy_is_never_the_addresss_fault(detail in 0u16..1000, text in ".{0,80}") {
            let code = format!("5.7.{detail}");
            prop_assert_eq!(judged("failed", &code, &text), Kind::Policy);
            let said = format!("{code} {text}");
            prop_assert!(!recipient_refused(550, &said));
        }

        #[test]
        fn no_text_makes_it_fall(action in ".{0,20}", code in ".{0,20}", text in ".{0,200}", number: u16) {
            judged(&action, &code, &text);
            judged("failed", &code, &text);
            recipient_refused(number, &text);
            feedback(&text);
        }
    }
}
