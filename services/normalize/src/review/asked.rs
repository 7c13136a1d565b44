//! What somebody asks to be decided, checked.

use serde::Deserialize;
use skillwire_schemas::{Answer, Concept, ConceptKey, ConceptKind, Scope, SplitPart, TermKind};
use utoipa::ToSchema;

use super::{LOCAL, Rules, term_key};

/// Longest text, characters.
const TEXT_CHARS_MAX: usize = 300;
/// Longest note, characters.
const NOTE_CHARS_MAX: usize = 1_000;
/// Texts that one text may be split into.
const PARTS_MAX: usize = 10;
/// Broader concepts of a new one at most.
const BROADER_MAX: usize = 5;

/// A concept that the partnership makes for itself.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConcept {
    /// Its name.
    pub label: String,
    /// What it is about: skill, knowledge, technology or credential; occupation for a job.
    pub kind: ConceptKind,
    /// Ids of the partnership's own concepts that are broader, nearest first.
    #[serde(default)]
    pub broader: Vec<String>,
}

/// One of the texts that a text really is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedPart {
    /// The part's text.
    pub text: String,
    /// `scheme:id` of what it means; absent: it is read like any other text.
    #[serde(default)]
    pub concept: Option<String>,
}

/// What is to be decided.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum AskedAnswer {
    /// The text means a concept of the taxonomy, or one that the partnership has made.
    Map {
        /// `scheme:id`.
        concept: String,
    },
    /// The text means a concept that the partnership makes now. One of the same name and kind is taken.
    Create {
        /// The concept.
        concept: NewConcept,
    },
    /// The text is several.
    Split {
        /// 2 to 10.
        parts: Vec<AskedPart>,
    },
    /// The text asks for nothing.
    Ignore,
}

/// In which needs.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(tag = "within", rename_all = "snake_case")]
pub(crate) enum AskedScope {
    /// In all.
    #[default]
    Anywhere,
    /// In those of an industry's employers.
    Industry {
        /// NAICS 2022, 2 to 6 digits.
        naics: String,
    },
    /// In those whose job is this occupation.
    Occupation {
        /// `scheme:id`.
        concept: String,
    },
}

/// A question to the log: may this be decided?
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// occupation or requirement.
    pub kind: TermKind,
    /// The text.
    pub text: String,
    /// The number of the last decision about this text that was seen, 0 for none. Another one since: nothing is written.
    pub version: u32,
    /// In which needs; in all when absent.
    #[serde(default)]
    pub scope: AskedScope,
    /// What is to be decided.
    pub answer: AskedAnswer,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// Why something cannot be decided so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {why}")]
pub(crate) struct Refused {
    /// Which field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

fn refused(field: &'static str, why: impl Into<String>) -> Refused {
    Refused { field, why: why.into() }
}

/// A line of text, neither empty nor too long.
fn line(field: &'static str, text: &str) -> Result<String, Refused> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(refused(field, "is empty; give the words")),
        n if n > TEXT_CHARS_MAX => Err(refused(field, format!("has {n} characters; at most {TEXT_CHARS_MAX}"))),
        _ => Ok(text.to_owned()),
    }
}

/// Where concepts are looked up: the taxonomy.
pub(crate) type Find<'a> = &'a dyn Fn(&ConceptKey) -> Option<Concept>;

impl Asked {
    /// Checks it: gives the text, the scope, the answer and the note as they are to be written.
    pub(crate) fn check(&self, rules: &Rules, find: Find<'_>) -> Result<(String, Scope, Answer, String), Refused> {
        let text = line("text", &self.text)?;
        let note = self.note.trim();
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(refused("note", format!("is longer than {NOTE_CHARS_MAX} characters")));
        }
        let scope = self.scope(find)?;
        let answer = match &self.answer {
            AskedAnswer::Map { concept } => Answer::Map { concept: named(concept, self.kind, rules, find)? },
            AskedAnswer::Create { concept } => Answer::Map { concept: made(concept, self.kind, rules)? },
            AskedAnswer::Split { parts } => Answer::Split { parts: self.parts(&text, parts, rules, find)? },
            AskedAnswer::Ignore => Answer::Ignore,
        };
        Ok((text, scope, answer, note.to_owned()))
    }

    fn scope(&self, find: Find<'_>) -> Result<Scope, Refused> {
        match &self.scope {
            AskedScope::Anywhere => Ok(Scope::Anywhere),
            AskedScope::Industry { naics } => {
                let naics = naics.trim();
                if !(2..=6).contains(&naics.len()) || naics.bytes().any(|b| !b.is_ascii_digit()) {
                    return Err(refused("scope", format!("'{naics}' is no industry; give 2 to 6 digits (NAICS 2022)")));
                }
                Ok(Scope::Industry { naics: naics.to_owned() })
            }
            AskedScope::Occupation { .. } if self.kind == TermKind::Occupation => {
                Err(refused("scope", "a job's title has no other job around it; give an industry, or decide for all"))
            }
            AskedScope::Occupation { concept } => {
                let key = key("scope", concept)?;
                match find(&key) {
                    Some(found) if found.kind == ConceptKind::Occupation => {
                        Ok(Scope::Occupation { concept: found.key.to_string() })
                    }
                    _ => Err(refused("scope", format!("'{key}' is no occupation of the taxonomy"))),
                }
            }
        }
    }

    fn parts(&self, text: &str, parts: &[AskedPart], rules: &Rules, find: Find<'_>) -> Result<Vec<SplitPart>, Refused> {
        if self.kind == TermKind::Occupation {
            return Err(refused("answer", "a need has one job: map the title to one occupation"));
        }
        if !(2..=PARTS_MAX).contains(&parts.len()) {
            return Err(refused("parts", format!("are {}; a text is split into 2 to {PARTS_MAX}", parts.len())));
        }
        let whole = term_key(text);
        parts
            .iter()
            .map(|part| {
                let text = line("parts", &part.text)?;
                if term_key(&text) == whole {
                    return Err(refused("parts", format!("'{text}' is the text itself; give what it consists of")));
                }
                let given = part.concept.as_deref().map(str::trim).filter(|concept| !concept.is_empty());
                let concept = given.map(|concept| named(concept, self.kind, rules, find)).transpose()?;
                Ok(SplitPart { text, concept })
            })
            .collect()
    }
}

fn key(field: &'static str, text: &str) -> Result<ConceptKey, Refused> {
    text.parse().map_err(|e| refused(field, format!("{e}")))
}

fn named(text: &str, kind: TermKind, rules: &Rules, find: Find<'_>) -> Result<Concept, Refused> {
    let key = key("concept", text)?;
    let found = if key.scheme == LOCAL { rules.local_by_id(&key.id).cloned() } else { find(&key) };
    let concept = found.ok_or_else(|| refused("concept", format!("'{key}' is in no taxonomy here")))?;
    fits("concept", concept.kind, kind)?;
    Ok(concept)
}

fn fits(field: &'static str, concept: ConceptKind, kind: TermKind) -> Result<(), Refused> {
    let fits = match kind {
        TermKind::Occupation => concept == ConceptKind::Occupation,
        TermKind::Requirement => concept.is_requirement(),
    };
    if fits { Ok(()) } else { Err(refused(field, format!("is of kind {concept}, which no {kind} can be"))) }
}

fn made(new: &NewConcept, kind: TermKind, rules: &Rules) -> Result<Concept, Refused> {
    let label = line("label", &new.label)?;
    fits("kind", new.kind, kind)?;
    let broader: Vec<String> = new.broader.iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    if broader.len() > BROADER_MAX {
        return Err(refused("broader", format!("are {}; at most {BROADER_MAX}", broader.len())));
    }
    if let Some(unknown) = broader.iter().find(|id| rules.local_by_id(id).is_none()) {
        return Err(refused("broader", format!("'{unknown}' is no concept that this partnership has made")));
    }
    let same = |known: &&Concept| known.kind == new.kind && term_key(&known.label) == term_key(&label);
    if let Some(known) = rules.local().find(same) {
        return Ok(known.clone());
    }
    let slug = slug(&label);
    // The kind tells apart what has one name and is two things.
    let taken = |id: &String| rules.local_by_id(id).is_some();
    let id = std::iter::once(slug.clone())
        .chain(std::iter::once(format!("{slug}-{}", new.kind)))
        .chain((2..).map(|n| format!("{slug}-{}-{n}", new.kind)))
        .find(|id| !taken(id))
        .unwrap_or(slug);
    Ok(Concept { key: ConceptKey { scheme: LOCAL.to_owned(), id }, kind: new.kind, label, broader })
}

fn slug(label: &str) -> String {
    let dashed: String =
        label.chars().flat_map(char::to_lowercase).map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "concept".to_owned() } else { words.join("-") }
}
