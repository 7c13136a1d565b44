//! Phrases in, JSON lines out: the matcher without a database.

use std::io::{self, BufRead, Write};

use serde::Serialize;

use crate::matcher::{Context, MatchKind, Matcher};

/// Longest line, bytes.
const LINE_BYTES_MAX: u64 = 100_000;

/// Reading or writing failed.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The other side is gone, or a line is not UTF-8.
    #[error("line {line}: {error}")]
    Io {
        /// Counted from 1.
        line: usize,
        /// What failed.
        error: io::Error,
    },
    /// A line without end.
    #[error("line {0} is longer than {LINE_BYTES_MAX} bytes; give one phrase a line")]
    Long(usize),
}

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    state: &'static str,
    matches: Vec<LineMatch<'a>>,
}

#[derive(Serialize)]
struct LineMatch<'a> {
    scheme: &'a str,
    id: &'a str,
    label: &'a str,
    score: f64,
    reason: String,
}

/// One phrase a line in, one JSON object a line out:
/// `{"text","state","matches":[{"scheme","id","label","score","reason"}]}`, best first, at most `top` whatever the state.
///
/// # Errors
/// [`LineError`] with the line.
pub fn normalize_lines(
    matcher: &Matcher,
    kind: MatchKind,
    top: usize,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<usize, LineError> {
    let context = Context::default();
    let mut number = 0;
    loop {
        let mut line = String::new();
        let io = |error| LineError::Io { line: number + 1, error };
        let read = io::Read::take(&mut input, LINE_BYTES_MAX).read_line(&mut line).map_err(io)?;
        if read == 0 {
            output.flush().map_err(io)?;
            return Ok(number);
        }
        if read as u64 == LINE_BYTES_MAX && !line.ends_with('\n') {
            return Err(LineError::Long(number + 1));
        }
        number += 1;
        let text = line.trim_end_matches(['\n', '\r']);
        let (state, _, hits) = matcher.rank_hits(text, kind, &context, top);
        let matches = hits
            .iter()
            .map(|hit| {
                let concept = &matcher.entry(hit.entry).concept;
                LineMatch {
                    scheme: &concept.key.scheme,
                    id: &concept.key.id,
                    label: &concept.label,
                    score: (hit.score * 10_000.0).round() / 10_000.0,
                    reason: hit.why.to_string(),
                }
            })
            .collect();
        let line = Line { text, state: state.as_str(), matches };
        let error = |error| LineError::Io { line: number, error };
        serde_json::to_writer(&mut output, &line).map_err(|e| error(e.into()))?;
        output.write_all(b"\n").map_err(error)?;
    }
}
