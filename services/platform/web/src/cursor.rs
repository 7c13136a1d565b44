//! Where a page of a list ends: opaque to the one who asks for the next.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Longest cursor, characters.
const CURSOR_CHARS_MAX: usize = 1_000;

/// Reads and writes cursors.
#[derive(Clone, Copy, Debug)]
pub struct Cursor;

impl Cursor {
    /// Writes one.
    #[must_use]
    pub fn encode(position: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
    }

    /// Reads one.
    ///
    /// # Errors
    /// 400 when it is none of ours.
    pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        let bad =
            || Problem::bad_request("cursor: not one of ours; take it from `next` of the page before").code("cursor");
        if text.len() > CURSOR_CHARS_MAX {
            return Err(bad());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        serde_json::from_slice(&bytes).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_rubbish_is_refused() {
        let text = Cursor::encode(&(7, "x"));
        assert_eq!(Cursor::decode::<(i32, String)>(&text).unwrap(), (7, "x".to_owned()));
        for bad in ["", "%%%", "AAAA", &"A".repeat(2_000)] {
            assert!(Cursor::decode::<(i32, String)>(bad).is_err(), "{bad}");
        }
    }
}
