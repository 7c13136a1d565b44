//! A decision: who asks sees what others decided first, the log grows by one, the past is asked to be read again, and the
//! event says so - in one transaction that touches no need.

use chrono::{DateTime, Utc};
use skillwire_runtime::Fault;
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::DecisionMade;
use skillwire_schemas::{Answer, Decision, Envelope, EventId, PartnershipId, PersonId, Scope, TermKind};
use skillwire_store::{StoreError, Tx};

use crate::known::Log;
use crate::review::{Asked, Refused, term_key};
use crate::store::decisions::{self, Filter};
use crate::store::renormalizations;
use crate::{NAME, Normalize, again};

/// Decisions of a partnership at most: all of them are held in memory.
const DECISIONS_MAX: u32 = 100_000;
/// Of what others decided meanwhile, told at most.
const MEANWHILE_MAX: u32 = 20;

/// Who decides.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub partnership: PartnershipId,
    pub person: PersonId,
    pub traceparent: String,
}

/// Why nothing was decided; nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDecided {
    /// What was asked cannot be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Others have decided about the text since it was looked at: these, newest first.
    #[error("others have decided meanwhile")]
    Meanwhile(Vec<Decision>),
    /// There is no such decision.
    #[error("there is no decision #{0} here")]
    Unknown(u32),
    /// PostgreSQL does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The taxonomy is not there just now.
    #[error(transparent)]
    NotReady(#[from] Fault),
}

impl NotDecided {
    fn refused(field: &'static str, why: impl Into<String>) -> Self {
        Self::Refused(Refused { field, why: why.into() })
    }
}

/// What a decision is about and what it says.
struct Words {
    kind: TermKind,
    text: String,
    scope: Scope,
    answer: Answer,
    note: String,
}

impl Normalize {
    /// Decides about a text.
    pub(crate) async fn decide(&self, by: &By, asked: &Asked) -> Result<Decision, NotDecided> {
        let mut tx = self.parts.db.begin().await?;
        let log = self.log_to_decide(&mut tx, by).await?;
        let lexicon = self.live.of(tx.conn(), by.partnership).await?;
        let find = |key: &_| lexicon.matcher.concept(key).cloned();
        let (text, scope, answer, note) = asked.check(&log.rules, &find)?;
        unseen(&mut tx, by.partnership, (asked.kind, &term_key(&text)), asked.version).await?;
        let words = Words { kind: asked.kind, text, scope, answer, note };
        self.write(tx, by, &log, words).await
    }

    /// Undoes a decision: what held before it holds again.
    pub(crate) async fn undo(&self, by: &By, number: u32, version: u32, note: &str) -> Result<Decision, NotDecided> {
        let mut tx = self.parts.db.begin().await?;
        let log = self.log_to_decide(&mut tx, by).await?;
        let undone = decisions::get(tx.conn(), by.partnership, number).await?.ok_or(NotDecided::Unknown(number))?;
        unseen(&mut tx, by.partnership, (undone.kind, &undone.folded), version).await?;
        if let Some(by) = log.rules.undone_by(number) {
            return Err(NotDecided::refused("decision", format!("#{number} is undone already, by #{by}")));
        }
        let answer = Answer::Undo { decision: number };
        let note: String = note.trim().chars().take(1_000).collect();
        let words = Words { kind: undone.kind, text: undone.text, scope: undone.scope, answer, note };
        self.write(tx, by, &log, words).await
    }

    /// From here on nobody else decides in the partnership, and nobody reads.
    async fn log_to_decide(&self, tx: &mut Tx, by: &By) -> Result<std::sync::Arc<Log>, NotDecided> {
        decisions::lock_to_decide(tx.conn(), by.partnership).await?;
        Ok(self.known.log(tx.conn(), by.partnership).await?)
    }

    async fn write(&self, mut tx: Tx, by: &By, log: &Log, words: Words) -> Result<Decision, NotDecided> {
        let number = log.last() + 1;
        if number > DECISIONS_MAX {
            return Err(NotDecided::refused(
                "decision",
                format!("a partnership decides at most {DECISIONS_MAX} times"),
            ));
        }
        let now = self.parts.env.clock.now();
        let made = Decision {
            id: Decision::id(by.partnership, number),
            number,
            kind: words.kind,
            folded: term_key(&words.text),
            text: words.text,
            scope: words.scope,
            answer: words.answer,
            note: words.note,
            person: by.person,
            decided_at: now,
        };
        decisions::add(tx.conn(), by.partnership, &made).await?;
        let event = said(by, &made, now);
        let asked = renormalizations::Asked {
            partnership: by.partnership,
            number,
            kind: made.kind,
            folded: &made.folded,
            event: event.id,
            traceparent: &by.traceparent,
        };
        renormalizations::ask(tx.conn(), asked, &again::slices(), now).await?;
        tx.emit(&event)?;
        tx.commit().await?;
        self.decided.ring();
        metrics::counter!("normalize_decisions_total", "action" => made.answer.as_str()).increment(1);
        Ok(made)
    }
}

/// Whether the one who decides has seen all that others decided about the text.
async fn unseen(
    tx: &mut Tx,
    partnership: PartnershipId,
    term: (TermKind, &str),
    version: u32,
) -> Result<(), NotDecided> {
    let filter = Filter { term: Some(term), after: 0, before: None };
    let newest = decisions::list(tx.conn(), partnership, filter, MEANWHILE_MAX).await?;
    let last = newest.first().map_or(0, |decision| decision.number);
    if version > last {
        let why = format!("there is no decision #{version} about this text; the last one is #{last}");
        return Err(NotDecided::refused("version", why));
    }
    let meanwhile: Vec<Decision> = newest.into_iter().filter(|decision| decision.number > version).collect();
    if meanwhile.is_empty() { Ok(()) } else { Err(NotDecided::Meanwhile(meanwhile)) }
}

fn said(by: &By, made: &Decision, now: DateTime<Utc>) -> Envelope<DecisionMade> {
    let id = EventId::derived(&["decision", &made.id.to_string()]);
    let about = About {
        partnership: by.partnership,
        subject: made.id.to_string(),
        traceparent: by.traceparent.clone(),
        causation: None,
    };
    Envelope::new(id, NAME, now, about, DecisionMade { decision: made.clone() })
}
