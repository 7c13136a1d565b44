//! `skillwire extract`: running text in, the concepts that it speaks of out. Needs no database.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write, stdin, stdout};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use skillwire_intake::{Outline, file_text, outline};
use skillwire_normalize::{Candidate, Matcher, Span, months};
use skillwire_schemas::{MatchState, RequirementLevel};

use super::{Ended, offline};

/// Longest line and largest file, bytes.
const TEXT_BYTES_MAX: u64 = 10_000_000;

/// `skillwire extract`
#[derive(Debug, Args)]
pub(super) struct Extract {
    /// Folder with a taxonomy, imported or in the starter's format; may be given several times. The starter when absent.
    #[arg(long)]
    taxonomy: Vec<PathBuf>,
    /// Concepts for the whole text, and matches of a span, at most.
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// One text: a .txt or .docx file. Without it each line of standard input is a text.
    #[arg(long)]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Out<'a> {
    text: &'a str,
    spans: Vec<OutSpan<'a>>,
    required: Vec<&'a OutConcept>,
    preferred: Vec<&'a OutConcept>,
    experience: Option<OutExperience<'a>>,
    education: Option<&'a str>,
    wage: Option<OutWage<'a>>,
    ranked: Vec<OutConcept>,
}

#[derive(Serialize)]
struct OutSpan<'a> {
    start: usize,
    end: usize,
    text: &'a str,
    state: &'static str,
    matches: &'a [OutConcept],
}

#[derive(Clone, Serialize)]
struct OutConcept {
    scheme: String,
    id: String,
    label: String,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct OutExperience<'a> {
    text: &'a str,
    months: Option<u32>,
}

#[derive(Serialize)]
struct OutWage<'a> {
    min: &'a str,
    max: Option<&'a str>,
    unit: Option<&'a str>,
}

impl Extract {
    pub(super) fn run(self) -> Result<Ended> {
        let matcher = offline::matcher(&self.taxonomy)?;
        let mut output = BufWriter::new(stdout().lock());
        match &self.file {
            Some(path) => {
                let name = path.display().to_string();
                let mut bytes = Vec::new();
                let file = std::fs::File::open(path).with_context(|| format!("{name} cannot be read"))?;
                file.take(TEXT_BYTES_MAX + 1)
                    .read_to_end(&mut bytes)
                    .with_context(|| format!("{name} cannot be read"))?;
                if bytes.len() as u64 > TEXT_BYTES_MAX {
                    bail!("{name} is larger than {} MB; give a shorter text", TEXT_BYTES_MAX / 1_000_000);
                }
                let text = file_text(&name, &bytes).with_context(|| name.clone())?;
                write(&matcher, text.trim_start_matches('\u{feff}'), self.top, &mut output)?;
            }
            None => lines(&matcher, self.top, BufReader::new(stdin().lock()), &mut output)?,
        }
        output.flush()?;
        Ok(Ended::Well)
    }
}

fn lines(matcher: &Matcher, top: usize, mut input: impl BufRead, output: &mut impl Write) -> Result<()> {
    for number in 1usize.. {
        let mut line = String::new();
        let read = io::Read::take(&mut input, TEXT_BYTES_MAX)
            .read_line(&mut line)
            .with_context(|| format!("line {number} is no UTF-8"))?;
        if read == 0 {
            break;
        }
        if read as u64 == TEXT_BYTES_MAX && !line.ends_with('\n') {
            bail!("line {number} is longer than {} MB; give one text a line", TEXT_BYTES_MAX / 1_000_000);
        }
        write(matcher, line.trim_end_matches(['\n', '\r']), top, output)?;
    }
    Ok(())
}

/// One text -> one line of JSON.
fn write(matcher: &Matcher, text: &str, top: usize, output: &mut impl Write) -> Result<()> {
    let found = matcher.extract(text, top);
    let about = outline(text);
    let matches: Vec<Vec<OutConcept>> =
        found.spans.iter().map(|span| span.candidates.iter().map(|c| concept(c, true)).collect()).collect();
    let places = places(text, &found.spans);
    let spans = found.spans.iter().zip(&matches).zip(places).map(|((span, matches), text)| OutSpan {
        start: span.start,
        end: span.end,
        text,
        state: span.state.as_str(),
        matches,
    });
    let of_level = |level: RequirementLevel| -> Vec<&OutConcept> {
        let wanted = found
            .spans
            .iter()
            .zip(&matches)
            .filter(|(span, _)| span.state == MatchState::Matched && level_of(&about, span) == Some(level));
        let mut concepts: Vec<&OutConcept> = wanted.filter_map(|(_, matches)| matches.first()).collect();
        let mut seen = std::collections::HashSet::new();
        concepts.retain(|concept| seen.insert((&concept.scheme, &concept.id)));
        concepts
    };
    let experience = about.experience.as_deref();
    let out = Out {
        text,
        spans: spans.collect(),
        required: of_level(RequirementLevel::Required),
        preferred: of_level(RequirementLevel::Preferred),
        experience: experience.map(|text| OutExperience { text, months: months(text) }),
        education: about.education.as_deref(),
        wage: about.wage_min.as_deref().map(|min| OutWage {
            min,
            max: about.wage_max.as_deref(),
            unit: about.wage_unit.as_deref(),
        }),
        ranked: found.ranked.iter().map(|c| concept(c, false)).collect(),
    };
    serde_json::to_writer(&mut *output, &out)?;
    output.write_all(b"\n")?;
    Ok(())
}

fn concept(candidate: &Candidate, with_reason: bool) -> OutConcept {
    OutConcept {
        scheme: candidate.concept.key.scheme.clone(),
        id: candidate.concept.key.id.clone(),
        label: candidate.concept.label.clone(),
        score: (candidate.score * 10_000.0).round() / 10_000.0,
        reason: with_reason.then(|| candidate.reason.clone()),
    }
}

fn level_of(about: &Outline, span: &Span) -> Option<RequirementLevel> {
    about.levels.iter().find(|(from, to, _)| (*from..*to).contains(&span.start)).map(|(.., level)| *level)
}

/// The texts of the spans: characters to bytes, once through the text.
fn places<'a>(text: &'a str, spans: &[Span]) -> Vec<&'a str> {
    let mut bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
    bytes.push(text.len());
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(text.len());
    spans.iter().map(|span| &text[byte(span.start)..byte(span.end)]).collect()
}
