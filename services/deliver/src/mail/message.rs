//! A letter -> the bytes of a mail.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::smtp::SmtpError;

/// How to stop the mails of a list (RFC 2369, RFC 8058).
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// The list's id (RFC 2919), e.g. `<subscription>.skillwire.example`.
    pub list_id: String,
    /// Where a POST ends it.
    pub url: String,
}

/// A picture within a mail.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its Content-ID, without brackets.
    pub cid: String,
    /// The bytes, PNG.
    pub png: Vec<u8>,
}

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Stable over all attempts.
    pub message_id: String,
    /// When it was written.
    pub date: DateTime<Utc>,
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, if there is one.
    pub html: Option<String>,
    /// Pictures that the HTML shows as `cid:<cid>`.
    pub pictures: Vec<Picture>,
    /// For mails of a list.
    pub unsubscribe: Option<Unsubscribe>,
}

/// Puts the mail together.
pub(super) fn compose(letter: &Letter, from: &Mailbox, to_name: &str, to: &Address) -> Result<Message, SmtpError> {
    // A name with control characters would end the header it stands in.
    let name: String = to_name.chars().filter(|c| !c.is_control()).collect();
    let subject: String = letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(Some(name).filter(|n| !n.trim().is_empty()), to.clone()))
        .date(SystemTime::from(letter.date))
        .message_id(Some(letter.message_id.clone()))
        .subject(subject);
    builder = raw(builder, "Auto-Submitted", "auto-generated");
    if let Some(list) = &letter.unsubscribe {
        builder = raw(builder, "List-Id", &format!("<{}>", list.list_id));
        builder = raw(builder, "List-Unsubscribe", &format!("<{}>", list.url));
        builder = raw(builder, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        builder = raw(builder, "Precedence", "bulk");
    }
    let composed = match &letter.html {
        Some(html) if letter.pictures.is_empty() => {
            builder.multipart(MultiPart::alternative_plain_html(letter.text.clone(), html.clone()))
        }
        Some(html) => {
            let png = ContentType::parse("image/png").map_err(|e| SmtpError::Message(e.to_string()))?;
            let shown = letter.pictures.iter().fold(
                MultiPart::related().singlepart(SinglePart::html(html.clone())),
                |related, picture| {
                    let name = format!("{}.png", picture.cid);
                    let inline = Attachment::new_inline_with_name(picture.cid.clone(), name);
                    related.singlepart(inline.body(picture.png.clone(), png.clone()))
                },
            );
            let text = SinglePart::plain(letter.text.clone());
            builder.multipart(MultiPart::alternative().singlepart(text).multipart(shown))
        }
        None => builder.body(letter.text.clone()),
    };
    composed.map_err(|e| SmtpError::Message(e.to_string()))
}

fn raw(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    match HeaderName::new_from_ascii(name.to_owned()) {
        Ok(name) => builder.raw_header(HeaderValue::new(name, value.to_owned())),
        Err(_) => builder,
    }
}
