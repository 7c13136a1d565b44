//! Bytes -> text: UTF-8 and UTF-16 by their marks, UTF-8 without one, else Windows-1252, and it is said which.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Remark, Unreadable};

/// Decodes a text file.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Vec<Remark>), Unreadable> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = std::str::from_utf8(rest).map_err(|e| {
            Unreadable::new(
                "encoding",
                format!("marked as UTF-8, but byte {} is not; save it again as UTF-8", e.valid_up_to() + 4),
            )
        })?;
        return Ok((no_nul(text)?, Vec::new()));
    }
    for (mark, encoding, name) in [(b"\xFF\xFE", UTF_16LE, "UTF-16"), (b"\xFE\xFF", UTF_16BE, "UTF-16")] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return match encoding.decode_without_bom_handling_and_without_replacement(rest) {
                Some(text) => Ok((no_nul(&text)?, vec![told(name)])),
                None => Err(Unreadable::new("encoding", "marked as UTF-16, but damaged; save it again as UTF-8")),
            };
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((no_nul(text)?, Vec::new())),
        Err(_) => {
            let (text, _, _) = WINDOWS_1252.decode(bytes);
            // Windows-1252 takes any bytes, a picture too: control characters give that away.
            if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
                return Err(Unreadable::new("encoding", "this is no text file; send text as UTF-8"));
            }
            Ok((text.into_owned(), vec![told("Windows-1252")]))
        }
    }
}

fn told(name: &str) -> Remark {
    Remark::new("", "encoding", format!("read as {name}; if letters look wrong, save the file as UTF-8"))
}

fn no_nul(text: &str) -> Result<String, Unreadable> {
    if text.contains('\0') {
        return Err(Unreadable::new("encoding", "this is no text file (it holds zero bytes); send text as UTF-8"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_and_told() {
        assert_eq!(decode("Café".as_bytes()).unwrap(), ("Café".to_owned(), vec![]));
        assert_eq!(decode(b"\xEF\xBB\xBFx").unwrap().0, "x");
        let (text, notes) = decode(b"Caf\xE9").unwrap();
        assert_eq!((text.as_str(), notes[0].code.as_str()), ("Café", "encoding"));
        assert_eq!(decode(b"\xFF\xFEC\0a\0").unwrap().0, "Ca");
        for bad in [&b"\xEF\xBB\xBF\xFF"[..], b"\x89PNG\x0D\x0A\x1A\x0A\xFF", b"a\0b"] {
            assert_eq!(decode(bad).unwrap_err().code, "encoding");
        }
    }
}
