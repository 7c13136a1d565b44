//! Bytes -> text: UTF-8 with and without a mark, UTF-16 with one, and what is neither as Windows-1252.

use encoding_rs::{Encoding, WINDOWS_1252};

/// The text, and the encoding when it was not UTF-8.
pub(super) fn text(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let name = (encoding != encoding_rs::UTF_8).then(|| encoding.name());
        return (text.into_owned(), name);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        // Cut within a character, at the end of a head.
        Err(e) if e.error_len().is_none() => (String::from_utf8_lossy(&bytes[..e.valid_up_to()]).into_owned(), None),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), Some(WINDOWS_1252.name())),
    }
}

/// Whether a text went through the wrong encoding once: UTF-8 read as Windows-1252 leaves these.
pub(super) fn is_garbled(text: &str) -> bool {
    !text.is_ascii()
        && ["\u{fffd}", "\u{e2}\u{20ac}", "\u{c3}\u{a9}", "\u{c3}\u{a8}", "\u{c3}\u{bc}", "\u{c2}\u{a0}"]
            .iter()
            .any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        assert_eq!(text("\u{feff}Köln".as_bytes()), ("Köln".to_owned(), None));
        assert_eq!(text("Köln".as_bytes()), ("Köln".to_owned(), None));
        assert_eq!(text(b"K\xf6ln"), ("Köln".to_owned(), Some("windows-1252")));
        assert_eq!(text(b"\xff\xfeK\0\xf6\0"), ("Kö".to_owned(), Some("UTF-16LE")));
        assert!(is_garbled("the employerâ€™s") && !is_garbled("the employer’s café"));
    }
}
