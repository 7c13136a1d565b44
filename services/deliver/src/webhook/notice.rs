//! What the owner of a webhook is told when it was disabled. Pure.

use chrono::{DateTime, Utc};

use crate::digest::Words;

/// Why an endpoint is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It answered 410 Gone.
    Gone,
    /// No success for days.
    Failing {
        /// Since when.
        since: DateTime<Utc>,
    },
}

impl Why {
    /// In words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Gone => "it answered 410 Gone: nothing is wanted there any more".to_owned(),
            Self::Failing { since } => {
                format!("nothing was taken since {}", since.format("%Y-%m-%d %H:%M UTC"))
            }
        }
    }
}

/// The mail. The address of the webhook is not in it: it may hold a secret, and mail is read by many.
pub(crate) fn write(name: &str, host: &str, why: Why, page: &str) -> Words {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let subject: String = format!("Your webhook for {name} was switched off").chars().take(180).collect();
    let reason = why.words();
    let lines = [
        format!("The webhook of your subscription \"{name}\" ({host}) was switched off: {reason}."),
        "What came since was kept. When the receiver works again, switch the webhook on and replay what it missed:"
            .to_owned(),
        page.to_owned(),
    ];
    let text = format!("{}\n", lines.join("\n\n"));
    let escape = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head><body><p>{}</p><p>{}</p>\
         <p><a href=\"{}\">{}</a></p></body></html>",
        escape(&subject),
        escape(&lines[0]),
        escape(&lines[1]),
        escape(page),
        escape(page),
    );
    Words { subject, text, html, picture: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_told_what_why_and_what_to_do() {
        let words = write("Welding\r\nBcc: <x>", "college.example", Why::Gone, "https://wire.example/webhooks/1");
        assert!(!words.subject.contains(['\r', '\n']), "{}", words.subject);
        for needle in ["410 Gone", "college.example", "https://wire.example/webhooks/1"] {
            assert!(words.text.contains(needle), "{}", words.text);
        }
        assert!(!words.html.contains("<x>"), "{}", words.html);
    }
}
