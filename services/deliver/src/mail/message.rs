//! A letter -> the bytes of a mail.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, SinglePart, header};
use lettre::{Address, Message};

use super::failure::SmtpError;

/// How to stop the mails of a list (RFC 2369, RFC 8058).
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// The list's id (RFC 2919), e.g. `<subscription>.skillwire.example`.
    pub list_id: String,
    /// Where a POST ends it.
    pub url: String,
    /// The address to which a mail ends it, where mails come back to us.
    pub address: Option<String>,
}

/// A picture that the HTML part shows as `cid:<cid>`.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its name within the mail: letters, digits, dots, hyphens.
    pub cid: String,
    /// What it shows, for who does not see it; the HTML part has it as alt text too.
    pub alt: String,
    /// PNG.
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
    /// What the HTML part shows.
    pub pictures: Vec<Picture>,
    /// Where it comes back to when it cannot be delivered; the sender when absent.
    pub return_path: Option<String>,
    /// For mails of a list.
    pub unsubscribe: Option<Unsubscribe>,
}

/// Puts the mail together: the same letter gives the same bytes.
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
        let mail = list.address.as_ref().map(|a| format!(", <mailto:{a}?subject=unsubscribe>")).unwrap_or_default();
        builder = raw(builder, "List-Unsubscribe", &format!("<{}>{mail}", list.url));
        builder = raw(builder, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        builder = raw(builder, "Precedence", "bulk");
    }
    builder = builder.header(header::MIME_VERSION_1_0);
    let composed = match &letter.html {
        Some(html) => multipart(builder, &parts(letter, html)),
        None => builder.header(ContentType::TEXT_PLAIN).body(letter.text.clone()),
    };
    composed.map_err(|e| SmtpError::Message(e.to_string()))
}

/// Text beside HTML; the HTML with its pictures, if it has some.
fn parts(letter: &Letter, html: &str) -> MultiPart {
    let alternative = MultiPart::alternative().boundary(boundary(letter, "a"));
    let (text, html) = (SinglePart::plain(letter.text.clone()), SinglePart::html(html.to_owned()));
    if letter.pictures.is_empty() {
        return alternative.singlepart(text).singlepart(html);
    }
    let mut related = MultiPart::related().boundary(boundary(letter, "r")).singlepart(html);
    for picture in &letter.pictures {
        related = related.singlepart(shown(picture));
    }
    alternative.singlepart(text).multipart(related)
}

fn shown(picture: &Picture) -> SinglePart {
    let cid: String =
        picture.cid.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')).collect();
    let alt: String = picture.alt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let png = ContentType::parse("image/png").unwrap_or(ContentType::TEXT_PLAIN);
    SinglePart::builder()
        .header(png)
        .header(ContentId::from(format!("<{cid}>")))
        .header(ContentDisposition::inline_with_name(&format!("{cid}.png")))
        .header(Description(alt))
        .body(Body::new(picture.png.clone()))
}

/// A boundary that no line of the parts is: the id belongs to this mail alone, and none of our texts writes it so.
fn boundary(letter: &Letter, part: &str) -> String {
    let id: String = letter.message_id.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    format!("=_{part}{id}")
}

/// Puts the parts in as one body whose Content-Type stands in the mail's own headers: only what stands there can be signed.
fn multipart(builder: MessageBuilder, parts: &MultiPart) -> Result<Message, lettre::error::Error> {
    let formatted = parts.formatted();
    let head = formatted.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let body = formatted.get(head..).unwrap_or_default().to_vec();
    let kind = parts.headers().get::<ContentType>().unwrap_or(ContentType::TEXT_PLAIN);
    let body = Body::dangerous_pre_encoded(body, ContentTransferEncoding::SevenBit);
    builder.header(kind).body(body)
}

fn raw(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// Content-Description (RFC 2045 8).
#[derive(Clone, Debug)]
struct Description(String);

impl header::Header for Description {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Description")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailparse::MailHeaderMap;

    fn letter() -> Letter {
        Letter {
            message_id: "<01a2124a-f8bb-7000-8000-000000000001@wire.example>".to_owned(),
            date: DateTime::from_timestamp(1_795_604_362, 0).unwrap(),
            subject: "Weld\r\nBcc: x@y.example".to_owned(),
            text: "13 openings – now\n.\nend".to_owned(),
            html: Some("<p>13 openings</p><img src=\"cid:chart-1\" alt=\"Chart\">".to_owned()),
            pictures: Vec::new(),
            return_path: None,
            unsubscribe: Some(Unsubscribe {
                list_id: "01a2124a.wire.example".to_owned(),
                url: format!("https://wire.example/unsubscribe/{}", "x".repeat(80)),
                address: Some(format!("bounces+u{}@wire.example", "a".repeat(43))),
            }),
        }
    }

    fn bytes(letter: &Letter) -> Vec<u8> {
        let from = "Skillwire <wire@wire.example>".parse().unwrap();
        compose(letter, &from, "Jo \r\nBcc: x@y.example", &"jo@college.example".parse().unwrap()).unwrap().formatted()
    }

    #[test]
    fn a_mail_of_a_list_says_how_to_stop_it_in_two_ways() {
        let raw = bytes(&letter());
        let mail = mailparse::parse_mail(&raw).unwrap();
        let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
        let url = format!("https://wire.example/unsubscribe/{}", "x".repeat(80));
        let address = format!("mailto:bounces+u{}@wire.example?subject=unsubscribe", "a".repeat(43));
        assert_eq!(header("List-Unsubscribe"), format!("<{url}>, <{address}>"));
        assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(header("List-Id"), "<01a2124a.wire.example>");
        assert_eq!(header("MIME-Version"), "1.0");
        assert!(mail.headers.get_first_value("Bcc").is_none());
        let text = String::from_utf8(raw.clone()).unwrap();
        let headers = text.split_once("List-Id").unwrap().1.split_once("\r\n\r\n").unwrap().0;
        assert!(!headers.contains("=?"), "nothing is encoded that need not be: {text}");
    }

    #[test]
    fn the_same_letter_gives_the_same_bytes_and_its_parts_read_back() {
        let mut letter = letter();
        assert_eq!(bytes(&letter), bytes(&letter));
        let raw = bytes(&letter);
        let plain = mailparse::parse_mail(&raw).unwrap();
        let kinds = |mail: &mailparse::ParsedMail<'_>| {
            mail.subparts.iter().map(|part| part.ctype.mimetype.clone()).collect::<Vec<_>>()
        };
        assert_eq!(plain.ctype.mimetype, "multipart/alternative");
        assert_eq!(kinds(&plain), ["text/plain", "text/html"]);
        assert_eq!(plain.subparts[0].get_body().unwrap().replace("\r\n", "\n").trim_end(), letter.text);

        let png = vec![0x89, b'P', b'N', b'G', 0, 255];
        letter.pictures = vec![Picture { cid: "chart-1".to_owned(), alt: "Öffnungen".to_owned(), png: png.clone() }];
        let raw = bytes(&letter);
        let mail = mailparse::parse_mail(&raw).unwrap();
        assert_eq!(kinds(&mail), ["text/plain", "multipart/related"]);
        let related = &mail.subparts[1];
        assert_eq!(kinds(related), ["text/html", "image/png"]);
        let picture = &related.subparts[1];
        assert_eq!(picture.headers.get_first_value("Content-ID").unwrap(), "<chart-1>");
        assert_eq!(picture.headers.get_first_value("Content-Description").unwrap(), "Öffnungen");
        assert_eq!(picture.get_body_raw().unwrap(), png);

        letter.html = None;
        let raw = bytes(&letter);
        assert_eq!(mailparse::parse_mail(&raw).unwrap().ctype.mimetype, "text/plain");
    }
}
