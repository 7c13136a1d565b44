//! Taking a submission: read it, keep it and say it in one transaction, then give the receipt.

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use skillwire_runtime::Traceparent;
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::{ReceivedItem, SubmissionReceived};
use skillwire_schemas::partnership::{Organization, OrganizationKind, Partnership};
use skillwire_schemas::{Envelope, EventId, NeedId, OrganizationId, PersonId, SubmissionId, SubmissionItem};
use skillwire_store::StoreError;
use skillwire_web::{Actor, Problem};

use crate::read::{self, Context, Format, JsonNeed, Reading, Unreadable};
use crate::receipt::{ItemReceipt, ItemState, Receipt};
use crate::store::submissions::{self, NewSubmission};
use crate::{Intake, NAME};

/// JSON of one event at most, bytes: far below the 1 MB that a NATS server takes.
const EVENT_BYTES_MAX: usize = 400_000;
/// Longest idempotency key, characters.
const KEY_CHARS_MAX: usize = 200;

/// What is sent, and by whom.
pub(crate) struct Sent {
    pub partnership: Partnership,
    pub employer: Organization,
    pub person: PersonId,
    pub key: String,
    pub media_type: String,
    pub file_name: Option<String>,
    pub body: Bytes,
    pub all_or_nothing: bool,
    pub trace: Traceparent,
}

/// What is to be read.
pub(crate) enum Input {
    /// A file or body.
    File(Format),
    /// The form's need; the body holds it as JSON.
    Form(Box<JsonNeed>),
    /// Items that are ready: withdrawals and confirmations.
    Items(Vec<SubmissionItem>),
}

/// A receipt, and whether it is the first time it is given.
pub(crate) struct Taken {
    pub receipt: Receipt,
    pub repeated: bool,
}

impl Intake {
    /// The employer that a submission is for: one's own, or (for staff) one of the partnership.
    pub(crate) async fn employer(&self, actor: &Actor, asked: Option<OrganizationId>) -> Result<Organization, Problem> {
        let id = asked.unwrap_or(actor.organization);
        if id != actor.organization && !actor.sees_all() {
            return Err(Problem::not_found("employer"));
        }
        let found = self.parts.env.directory.organization(actor.partnership, id).await?;
        let organization = found.ok_or_else(|| Problem::not_found("employer"))?;
        if organization.kind != OrganizationKind::Employer {
            let detail = format!(
                "{} is no employer; give `employer`, the id of the one that states the needs",
                organization.name
            );
            return Err(Problem::unprocessable(detail).code("not_an_employer"));
        }
        Ok(organization)
    }

    /// The actor's partnership.
    pub(crate) async fn partnership(&self, actor: &Actor) -> Result<Partnership, Problem> {
        let found = self.parts.env.directory.partnership(actor.partnership).await?;
        found.ok_or_else(|| Problem::not_found("partnership"))
    }

    /// Takes a submission.
    pub(crate) async fn take(&self, sent: Sent, input: Input) -> Result<Taken, Problem> {
        check_key(&sent.key)?;
        let body_hash = Sha256::digest(&sent.body).to_vec();
        if let Some(known) = self.known(&sent, &body_hash).await? {
            return Ok(known);
        }
        let received_at = self.parts.env.clock.now();
        let employer = sent.employer.id.to_string();
        let id = SubmissionId::derived(&[&sent.partnership.id.to_string(), &employer, &sent.key]);
        let (receipt, items) = match input {
            Input::Items(items) => ready(id, received_at, &sent, items),
            other => {
                let reading = self.read(other, &sent, received_at).await?;
                self.judge(id, received_at, &sent, reading)?
            }
        };
        metrics::counter!("intake_items_total", "outcome" => "rejected").increment(u64::from(receipt.rejected));
        match self.keep(&sent, &body_hash, &receipt, items).await {
            Ok(()) => {}
            // Another request with this key was faster.
            Err(e) if e.broke(submissions::ONCE) => {
                let known = self.known(&sent, &body_hash).await?;
                return known.ok_or_else(|| Problem::internal("a key is taken and not there"));
            }
            Err(e) => return Err(e.into()),
        }
        metrics::counter!("intake_submissions_total", "source" => receipt.source.as_str(), "outcome" => "taken")
            .increment(1);
        metrics::counter!("intake_items_total", "outcome" => "accepted").increment(u64::from(receipt.accepted));
        metrics::counter!("intake_bytes_total").increment(sent.body.len() as u64);
        tracing::info!(
            submission = %id, source = receipt.source.as_str(), accepted = receipt.accepted, rejected = receipt.rejected,
            trace_id = receipt.trace_id, "submission taken"
        );
        Ok(Taken { receipt, repeated: false })
    }

    /// The receipt that this key was given before.
    async fn known(&self, sent: &Sent, body_hash: &[u8]) -> Result<Option<Taken>, Problem> {
        let pool = self.parts.db.pool();
        match submissions::by_key(pool, sent.partnership.id, sent.employer.id, &sent.key).await? {
            None => Ok(None),
            Some((receipt, hash)) if hash == body_hash => {
                metrics::counter!("intake_submissions_total", "source" => receipt.source.as_str(), "outcome" => "repeated").increment(1);
                Ok(Some(Taken { receipt, repeated: true }))
            }
            Some(_) => Err(Problem::conflict(
                "this Idempotency-Key was used for something else; take a new key for a new submission",
            )
            .code("idempotency_key_reused")),
        }
    }

    /// Reads in a thread of its own: a large workbook must not hold up the others.
    async fn read(&self, input: Input, sent: &Sent, now: DateTime<Utc>) -> Result<Reading, Problem> {
        let _permit = self.readers.acquire().await.map_err(Problem::internal)?;
        let zone: chrono_tz::Tz = sent.partnership.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let context = Context {
            today: now.with_timezone(&zone).date_naive(),
            counties: sent.partnership.counties.iter().map(|c| c.county).collect(),
            limits: (*self.config).clone(),
        };
        let body = sent.body.clone();
        let read = tokio::task::spawn_blocking(move || match input {
            Input::File(format) => read::read(format, &body, &context),
            Input::Form(need) => Ok(read::read_form(&need, &context)),
            Input::Items(_) => Err(Unreadable { code: "items", message: "ready items are not read".to_owned() }),
        });
        read.await.map_err(Problem::internal)?.map_err(|e| {
            metrics::counter!("intake_submissions_total", "source" => "unreadable", "outcome" => "refused")
                .increment(1);
            Problem::unprocessable(format!("{e}. Nothing was stored.")).code(e.code)
        })
    }

    /// Makes the receipt and the accepted items, or refuses the whole.
    fn judge(
        &self,
        id: SubmissionId,
        received_at: DateTime<Utc>,
        sent: &Sent,
        reading: Reading,
    ) -> Result<(Receipt, Vec<ReceivedItem>), Problem> {
        let employer = sent.employer.id.to_string();
        let (mut lines, mut items) = (Vec::new(), Vec::new());
        for (position, item) in (1u32..).zip(reading.items) {
            let mut line = ItemReceipt {
                position,
                place: item.place,
                reference: item.reference.clone(),
                state: ItemState::Rejected,
                need: None,
                errors: Vec::new(),
                warnings: item.warnings,
            };
            match item.result {
                Err(errors) => line.errors = errors,
                Ok(draft) => {
                    let need = match &item.reference {
                        Some(reference) => NeedId::derived(&[&employer, "ref", reference]),
                        None => NeedId::derived(&[&id.to_string(), &position.to_string()]),
                    };
                    line.state = ItemState::Accepted;
                    line.need = Some(need);
                    items.push(ReceivedItem { position, item: SubmissionItem::State { need, draft } });
                }
            }
            lines.push(line);
        }
        let rejected = u32::try_from(lines.len() - items.len()).unwrap_or(u32::MAX);
        if items.is_empty() || (sent.all_or_nothing && rejected > 0) {
            metrics::counter!("intake_submissions_total", "source" => reading.source.as_str(), "outcome" => "refused")
                .increment(1);
            return Err(self.refused(&lines, items.is_empty()));
        }
        let receipt = Receipt {
            submission: id,
            received_at,
            source: reading.source,
            accepted: u32::try_from(items.len()).unwrap_or(u32::MAX),
            rejected,
            items: lines,
            notes: reading.notes,
            trace_id: sent.trace.trace_id(),
        };
        Ok((receipt, items))
    }

    fn refused(&self, lines: &[ItemReceipt], none_accepted: bool) -> Problem {
        let wrong: Vec<&ItemReceipt> = lines.iter().filter(|line| line.state == ItemState::Rejected).collect();
        let listed: Vec<&&ItemReceipt> = wrong.iter().take(self.config.errors_listed_max).collect();
        let why = if none_accepted {
            "no item could be accepted"
        } else {
            "not all items could be accepted, and all or nothing was asked for"
        };
        let first = wrong
            .iter()
            .find_map(|line| line.errors.first().map(|e| format!("{}: {}: {}", line.place, e.field, e.message)));
        let detail = format!("{why}; first: {}. Nothing was stored.", first.unwrap_or_default());
        Problem::unprocessable(detail).code("items_rejected").with("rejected", wrong.len()).with("items", listed)
    }

    /// Bytes, needs and events in one transaction.
    async fn keep(
        &self,
        sent: &Sent,
        body_hash: &[u8],
        receipt: &Receipt,
        items: Vec<ReceivedItem>,
    ) -> Result<(), StoreError> {
        let traceparent = sent.trace.to_string();
        let mut tx = self.parts.db.begin().await?;
        let new = NewSubmission {
            partnership: sent.partnership.id,
            employer: sent.employer.id,
            person: sent.person,
            media_type: &sent.media_type,
            file_name: sent.file_name.as_deref(),
            key: &sent.key,
            body_hash,
            body: &sent.body,
            traceparent: &traceparent,
            receipt,
        };
        submissions::put(&mut tx, &new).await?;
        let stated: Vec<(NeedId, Option<String>)> = items
            .iter()
            .filter_map(|received| match &received.item {
                SubmissionItem::State { need, draft } => Some((*need, draft.reference.clone())),
                SubmissionItem::Withdraw { .. } | SubmissionItem::Confirm { .. } | SubmissionItem::Reopen { .. } => {
                    None
                }
            })
            .collect();
        submissions::state_needs(&mut tx, sent.partnership.id, sent.employer.id, &stated).await?;
        for (part, items) in chunks(items)?.into_iter().enumerate() {
            let data = SubmissionReceived {
                submission: receipt.submission,
                employer: sent.employer.id,
                naics: sent.employer.naics.clone(),
                source: receipt.source,
                received_at: receipt.received_at,
                items,
            };
            let subject = receipt.submission.to_string();
            let about = About {
                partnership: sent.partnership.id,
                subject: subject.clone(),
                traceparent: traceparent.clone(),
                causation: None,
            };
            let event = EventId::derived(&[&subject, &part.to_string()]);
            tx.emit(&Envelope::new(event, NAME, receipt.received_at, about, data))?;
        }
        tx.commit().await
    }
}

/// Items that need no reading.
fn ready(
    id: SubmissionId,
    received_at: DateTime<Utc>,
    sent: &Sent,
    items: Vec<SubmissionItem>,
) -> (Receipt, Vec<ReceivedItem>) {
    let items: Vec<ReceivedItem> =
        (1u32..).zip(items).map(|(position, item)| ReceivedItem { position, item }).collect();
    let lines = items
        .iter()
        .map(|received| ItemReceipt {
            position: received.position,
            place: format!("/changes/{}", received.position - 1),
            reference: None,
            state: ItemState::Accepted,
            need: match &received.item {
                SubmissionItem::State { need, .. }
                | SubmissionItem::Withdraw { need }
                | SubmissionItem::Confirm { need, .. }
                | SubmissionItem::Reopen { need, .. } => Some(*need),
            },
            errors: Vec::new(),
            warnings: Vec::new(),
        })
        .collect();
    let receipt = Receipt {
        submission: id,
        received_at,
        source: skillwire_schemas::event::SubmissionSource::Form,
        accepted: u32::try_from(items.len()).unwrap_or(u32::MAX),
        rejected: 0,
        items: lines,
        notes: Vec::new(),
        trace_id: sent.trace.trace_id(),
    };
    (receipt, items)
}

/// Parts that fit an event, by number and by size.
fn chunks(items: Vec<ReceivedItem>) -> Result<Vec<Vec<ReceivedItem>>, serde_json::Error> {
    let (mut parts, mut part, mut bytes): (Vec<Vec<ReceivedItem>>, Vec<ReceivedItem>, usize) =
        (Vec::new(), Vec::new(), 0);
    for item in items {
        let size = serde_json::to_vec(&item)?.len();
        if !part.is_empty() && (part.len() >= SubmissionReceived::ITEMS_MAX || bytes + size > EVENT_BYTES_MAX) {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += size;
        part.push(item);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

fn check_key(key: &str) -> Result<(), Problem> {
    let fine = !key.is_empty() && key.len() <= KEY_CHARS_MAX && key.bytes().all(|b| b.is_ascii_graphic());
    if fine {
        return Ok(());
    }
    Err(Problem::bad_request(format!(
        "Idempotency-Key: send one of 1 to {KEY_CHARS_MAX} visible ASCII characters, a new one for each submission and the \
         same one when you send it again"
    ))
    .code("idempotency_key"))
}

/// The body kept for a need of the form.
pub(crate) fn form_body(need: &JsonNeed) -> Result<Bytes, Problem> {
    serde_json::to_vec(need).map(Bytes::from).map_err(Problem::internal)
}

/// Shared by pages and API: what is around a submission.
pub(crate) struct Around<'a> {
    pub intake: &'a Intake,
    pub actor: &'a Actor,
    pub employer: Option<OrganizationId>,
    pub trace: Traceparent,
}

impl Around<'_> {
    /// Puts what is sent together.
    pub(crate) async fn sent(
        &self,
        key: String,
        media_type: String,
        file_name: Option<String>,
        body: Bytes,
    ) -> Result<Sent, Problem> {
        Ok(Sent {
            partnership: self.intake.partnership(self.actor).await?,
            employer: self.intake.employer(self.actor, self.employer).await?,
            person: self.actor.person,
            key,
            media_type: media_type.chars().take(200).collect(),
            file_name: file_name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
            body,
            all_or_nothing: false,
            trace: self.trace,
        })
    }
}
