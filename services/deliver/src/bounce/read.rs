//! A mail that came back -> what it is about and what it says. Pure, and bounded in everything: strangers write it.

use super::judge::{Code, Status};
use super::parts::Part;
use super::verp::{Named, Verp};

/// Largest mail that is read, bytes: reports quote what was sent, pictures included.
pub(crate) const MAIL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Fields of a delivery status that are read, and groups of them (one for each recipient).
const FIELDS_MAX: usize = 200;
/// Longest value of a field, bytes.
const VALUE_BYTES_MAX: usize = 2_048;
/// Bytes of a report for people that are searched for a code.
const WORDS_BYTES_MAX: usize = 16_384;
/// Values of one header that are searched for an address of ours.
const VALUES_MAX: usize = 16;

/// The headers in which the address stands to which a mail was sent.
const RECIPIENTS: [&str; 5] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"];

/// What a mail is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// What the address of ours names that was found, if one was.
    pub named: Option<Named>,
    pub says: Says,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// A delivery status notification (RFC 3464).
    Status(Status),
    /// A feedback report (RFC 5965) of that type.
    Feedback(String),
    /// A machine answers.
    AutoReply,
    /// Anything else.
    Words,
}

/// It cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is larger than {MAIL_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it has no headers of a mail")]
    NoMail,
}

/// Reads a mail. `recipient`: to whom it was sent, where the mail server tells.
pub(crate) fn read(raw: &[u8], recipient: Option<&str>, verp: &Verp) -> Result<Read, Unreadable> {
    if raw.len() > MAIL_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mail = Part::of(raw).filter(Part::is_mail).ok_or(Unreadable::NoMail)?;
    let mut named = recipient.and_then(|address| verp.find(address));
    for name in RECIPIENTS {
        named = named.or_else(|| mail.all(name).iter().take(VALUES_MAX).find_map(|value| verp.find(value)));
    }
    let answers = is_auto_reply(&mail, named);
    let (is_daemon, subject) = (is_daemon(&mail), mail.first("Subject"));
    let (mut says, mut words) = (None, Vec::new());
    for part in mail.leaves() {
        match part.kind.mimetype.as_str() {
            "message/delivery-status" | "message/global-delivery-status" => {
                says = says.or_else(|| delivery_status(&part.text()).map(Says::Status));
            }
            "message/feedback-report" => {
                let fields = fields(&part.text());
                let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
                says = says.or_else(|| value("feedback-type").map(|kind| Says::Feedback(kind.to_ascii_lowercase())));
                named = named.or_else(|| value("original-mail-from").and_then(|from| verp.find(&from)));
            }
            // What was sent, as it came to whoever reports: where it was to come back to stands in it.
            "message/rfc822" | "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => {
                let text = part.text();
                let path = Part::of(&text).map(|sent| sent.all("Return-Path")).unwrap_or_default();
                named = named.or_else(|| path.iter().take(VALUES_MAX).find_map(|value| verp.find(value)));
            }
            "text/plain" if words.is_empty() => words = part.text(),
            _ => {}
        }
    }
    let says = says.unwrap_or_else(|| match named {
        Some(Named::Delivery(_)) if is_daemon => Says::Status(for_people(&subject, &words)),
        _ if answers => Says::AutoReply,
        _ => Says::Words,
    });
    Ok(Read { named, says })
}

/// RFC 3834 2, and what older machines write.
fn is_auto_reply(mail: &Part<'_>, named: Option<Named>) -> bool {
    // People have an address to answer to: what has none was not written by who wants no more mails.
    let nobody = matches!(named, Some(Named::Subscription(_))) && mail.first("Return-Path") == "<>";
    let submitted = mail.first("Auto-Submitted");
    nobody
        || (!submitted.is_empty() && submitted != "no")
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"].iter().any(|name| !mail.first(name).is_empty())
        || matches!(mail.first("Precedence").as_str(), "bulk" | "junk" | "auto_reply" | "list")
}

/// Whether a mail server wrote it.
fn is_daemon(mail: &Part<'_>) -> bool {
    let from = mail.first("From");
    from.contains("mailer-daemon@") || from.contains("postmaster@")
}

/// A report that only people are meant to read (qmail, old Exim): its code if there is one, and nothing else of its text, in which
/// names may stand.
fn for_people(subject: &str, words: &[u8]) -> Status {
    let waits = ["delay", "warning"].iter().any(|word| subject.contains(word));
    let text = String::from_utf8_lossy(words.get(..words.len().min(WORDS_BYTES_MAX)).unwrap_or_default());
    Status {
        action: if waits { "delayed" } else { "failed" }.to_owned(),
        status: Code::within(&text),
        diagnostic: "from a report in plain words".to_owned(),
    }
}

/// The worst that a status says of a recipient; a mail of ours has one, which an alias may make several.
fn delivery_status(text: &[u8]) -> Option<Status> {
    let mut worst: Option<Status> = None;
    for (key, value) in fields(text) {
        // A recipient's group begins with the recipient (RFC 3464 2.3): what came before is of another.
        if key == "final-recipient" || (key == "action" && worst.as_ref().is_some_and(|s| !s.action.is_empty())) {
            if worst.as_ref().is_some_and(|status| status.action == "failed") {
                break;
            }
            worst = Some(Status::default());
        }
        let status = worst.get_or_insert_default();
        match key.as_str() {
            "action" => status.action = value.split_whitespace().next().unwrap_or_default().to_ascii_lowercase(),
            "status" => status.status = value.split_whitespace().next().and_then(Code::of),
            "diagnostic-code" => status.diagnostic = value,
            _ => {}
        }
    }
    worst.filter(|status| !status.action.is_empty())
}

/// Fields in the form of headers (RFC 3464 2.1), names in lower case, folded ones made whole.
fn fields(text: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        if fields.len() >= FIELDS_MAX {
            break;
        }
        let short = line.get(..line.len().min(VALUE_BYTES_MAX)).unwrap_or_default();
        let line = String::from_utf8_lossy(short);
        let more = line.starts_with([' ', '\t']);
        match (more, fields.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) if value.len() < VALUE_BYTES_MAX => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (false, _, Some((name, value))) => {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => {}
        }
    }
    fields
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
