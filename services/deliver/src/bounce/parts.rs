//! A mail -> headers and parts, with every cost bounded. Pure.
//!
//! mailparse reads headers and undoes encodings. Its own walk through parts goes as deep as a mail says, by recursion; what
//! strangers send is walked here instead, so deep and no deeper.

use mailparse::{MailHeader, MailHeaderMap, ParsedContentType, parse_content_type};

/// How deep parts are looked for: a report, in what a mailing list put around it.
const DEPTH_MAX: usize = 3;
/// Parts of one mail that are looked at.
const PARTS_MAX: usize = 16;
/// Headers of one part that are looked at, and their bytes.
const HEADERS_MAX: usize = 200;
const HEADER_BYTES_MAX: usize = 65_536;
/// Longest boundary (RFC 2046 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;
/// Bytes of a part that are decoded.
const BODY_BYTES_MAX: usize = 262_144;

/// Headers and the rest.
pub(super) struct Part<'a> {
    headers: Vec<MailHeader<'a>>,
    /// Its type, in lower case.
    pub kind: ParsedContentType,
    body: &'a [u8],
}

impl<'a> Part<'a> {
    /// Reads the headers.
    pub(super) fn of(raw: &'a [u8]) -> Option<Self> {
        let head = raw.get(..raw.len().min(HEADER_BYTES_MAX)).unwrap_or_default();
        let (mut headers, at) = mailparse::parse_headers(head).ok()?;
        headers.truncate(HEADERS_MAX);
        let mut kind = headers.get_first_value("Content-Type").map(|v| parse_content_type(&v)).unwrap_or_default();
        kind.mimetype.make_ascii_lowercase();
        let body = raw.get(at..).unwrap_or_default();
        Some(Self { headers, kind, body })
    }

    /// The values of a header, in order.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.headers.get_all_values(name)
    }

    /// The first value of a header, in lower case and without spaces around it.
    pub(super) fn first(&self, name: &str) -> String {
        self.headers.get_first_value(name).unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether it has headers at all.
    pub(super) fn is_mail(&self) -> bool {
        ["From", "To", "Received", "Subject", "Date"].iter().any(|name| self.headers.get_first_value(name).is_some())
    }

    /// Its text, encodings undone, cut where it gets long.
    pub(super) fn text(&self) -> Vec<u8> {
        let body = self.body.get(..self.body.len().min(BODY_BYTES_MAX)).unwrap_or_default();
        let encoding: String = self.first("Content-Transfer-Encoding").chars().filter(char::is_ascii_graphic).collect();
        // Only the encoding is handed on: without a type of several parts there is nothing to walk into.
        let alone = [b"Content-Transfer-Encoding: ", encoding.as_bytes(), b"\r\n\r\n", body].concat();
        let decoded = mailparse::parse_mail(&alone).ok().and_then(|part| part.get_body_raw().ok());
        decoded.unwrap_or_else(|| body.to_vec())
    }

    /// The parts within, those of parts included; itself when it has none.
    pub(super) fn leaves(self) -> Vec<Part<'a>> {
        let (mut leaves, mut open, mut seen) = (Vec::new(), vec![(self, 0usize)], 0usize);
        while let Some((part, depth)) = open.pop() {
            let boundary = part.kind.params.get("boundary").filter(|b| !b.is_empty() && b.len() <= BOUNDARY_BYTES_MAX);
            let inner = match boundary {
                Some(boundary) if part.kind.mimetype.starts_with("multipart/") && depth < DEPTH_MAX => {
                    split(part.body, boundary)
                }
                _ => {
                    leaves.push(part);
                    continue;
                }
            };
            for raw in inner {
                seen += 1;
                if seen > PARTS_MAX {
                    break;
                }
                open.extend(Part::of(raw).map(|part| (part, depth + 1)));
            }
        }
        // Taken from a stack: the last came first.
        leaves.reverse();
        leaves
    }
}

/// What stands between the lines `--boundary`.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let line = [b"--", boundary.as_bytes()].concat();
    let (mut parts, mut begin, mut at) = (Vec::new(), None::<usize>, 0usize);
    while at < body.len() && parts.len() <= PARTS_MAX {
        let rest = body.get(at..).unwrap_or_default();
        let length = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1);
        if let Some(after) = rest.get(..length).and_then(|l| l.strip_prefix(&line[..])) {
            let ends = after.starts_with(b"--");
            // A longer boundary that begins the same is another one.
            if ends || after.iter().all(u8::is_ascii_whitespace) {
                parts.extend(begin.and_then(|from| body.get(from..at)));
                begin = Some(at + length);
                if ends {
                    return parts;
                }
            }
        }
        at += length;
    }
    // Cut off on its way: what is there is taken.
    parts.extend(begin.and_then(|from| body.get(from..)));
    parts
}
