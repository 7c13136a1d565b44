//! Phrases in, JSON lines out: the matcher without a database.

use std::io::{self, BufRead, Write};

use serde::Serialize;
use skillwire_schemas::{Concept, ConceptKey};

use crate::matcher::{Context, MatchKind, Matcher};
use crate::place::rank_place;

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

impl<'a> LineMatch<'a> {
    fn new(concept: &'a Concept, score: f64, reason: String) -> Self {
        let ConceptKey { scheme, id } = &concept.key;
        Self { scheme, id, label: &concept.label, score: (score * 10_000.0).round() / 10_000.0, reason }
    }
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
    input: impl BufRead,
    output: impl Write,
) -> Result<usize, LineError> {
    let context = Context::default();
    lines(input, output, |text, out| {
        let (state, _, hits) = matcher.rank_hits(text, kind, &context, top);
        let matches = hits.iter().map(|hit| {
            let concept = &matcher.entry(hit.entry).concept;
            LineMatch::new(concept, hit.score, hit.why.to_string())
        });
        serde_json::to_writer(out, &Line { text, state: state.as_str(), matches: matches.collect() })
    })
}

/// The same for places: counties by code and name.
///
/// # Errors
/// [`LineError`] with the line.
pub fn place_lines(top: usize, input: impl BufRead, output: impl Write) -> Result<usize, LineError> {
    lines(input, output, |text, out| {
        let ranked = rank_place(text, &[], top);
        let matches = ranked.candidates.iter().map(|one| LineMatch::new(&one.concept, one.score, one.reason.clone()));
        serde_json::to_writer(out, &Line { text, state: ranked.state.as_str(), matches: matches.collect() })
    })
}

/// Writes an answer to each line.
fn lines<W: Write>(
    mut input: impl BufRead,
    mut output: W,
    answer: impl Fn(&str, &mut W) -> serde_json::Result<()>,
) -> Result<usize, LineError> {
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
        let error = |error| LineError::Io { line: number, error };
        answer(line.trim_end_matches(['\n', '\r']), &mut output).map_err(|e| error(e.into()))?;
        output.write_all(b"\n").map_err(error)?;
    }
}
