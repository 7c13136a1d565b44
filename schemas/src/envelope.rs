//! CloudEvents 1.0 in JSON: the one form in which anything travels.
//!
//! Source: CloudEvents 1.0.2, JSON event format; `traceparent` by the distributed-tracing extension (W3C Trace Context).

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, PartnershipId};

/// A thing that can travel. A payload never changes its meaning: a new version is a new type.
pub trait Payload: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `<noun>.<verb>`, e.g. `need.normalized`.
    const NAME: &'static str;
    /// 1, 2, ...
    const VERSION: u32;

    /// One value of every field, for the samples that later versions must still read.
    fn sample() -> Self;

    /// The subject an event of this type travels on.
    #[must_use]
    fn subject(partnership: PartnershipId) -> String {
        format!("skillwire.{}.v{}.{partnership}", Self::NAME, Self::VERSION)
    }

    /// The subject filter that takes this type of every partnership.
    #[must_use]
    fn subject_filter() -> String {
        format!("skillwire.{}.v{}.*", Self::NAME, Self::VERSION)
    }

    /// The CloudEvents `type`.
    #[must_use]
    fn event_type() -> String {
        format!("skillwire.{}.v{}", Self::NAME, Self::VERSION)
    }

    /// The CloudEvents `dataschema`: where in `schemas/` the payload's JSON Schema lies.
    #[must_use]
    fn dataschema() -> String {
        format!("/schemas/event/{}/v{}.json", Self::NAME, Self::VERSION)
    }
}

/// The one value `specversion` may have.
const SPEC_VERSION: &str = "1.0";

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope<P> {
    /// CloudEvents version.
    pub specversion: Cow<'static, str>,
    /// The event's id. A repeated delivery has the same.
    pub id: EventId,
    /// The service that says it, e.g. `/skillwire/intake`.
    pub source: String,
    /// `skillwire.<noun>.<verb>.v<N>`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it was said.
    pub time: DateTime<Utc>,
    /// The noun's id.
    pub subject: String,
    /// Always `application/json`.
    pub datacontenttype: Cow<'static, str>,
    /// Where the payload's JSON Schema lies.
    pub dataschema: String,
    /// W3C trace context: one trace runs from a submission to the mail.
    pub traceparent: String,
    /// The event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// Whose.
    pub partnership: PartnershipId,
    /// What happened.
    pub data: P,
}

/// What an event is about, besides its payload.
#[derive(Clone, Debug)]
pub struct About {
    /// Whose.
    pub partnership: PartnershipId,
    /// The noun's id.
    pub subject: String,
    /// W3C trace context.
    pub traceparent: String,
    /// The event that led to it.
    pub causation: Option<EventId>,
}

impl<P: Payload> Envelope<P> {
    /// Wraps a payload.
    #[must_use]
    pub fn new(id: EventId, service: &str, time: DateTime<Utc>, about: About, data: P) -> Self {
        Self {
            specversion: Cow::Borrowed(SPEC_VERSION),
            id,
            source: format!("/skillwire/{service}"),
            event_type: P::event_type(),
            time,
            subject: about.subject,
            datacontenttype: Cow::Borrowed("application/json"),
            dataschema: P::dataschema(),
            traceparent: about.traceparent,
            causation: about.causation,
            partnership: about.partnership,
            data,
        }
    }

    /// Wraps a payload that follows from another event: same partnership, same trace, and an id that is always the same for
    /// the same cause and `what`, so that doing the work twice says it once.
    #[must_use]
    pub fn following<C>(cause: &Envelope<C>, service: &str, time: DateTime<Utc>, what: &str, data: P) -> Self {
        let id = EventId::derived(&[&cause.id.to_string(), &P::event_type(), what]);
        let about = About {
            partnership: cause.partnership,
            subject: what.to_owned(),
            traceparent: cause.traceparent.clone(),
            causation: Some(cause.id),
        };
        Self::new(id, service, time, about, data)
    }

    /// The subject it travels on.
    #[must_use]
    pub fn bus_subject(&self) -> String {
        P::subject(self.partnership)
    }

    /// Reads an event and checks that it is what it should be.
    ///
    /// # Errors
    /// [`EnvelopeError`] when the bytes are no such event.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let event: Self = serde_json::from_slice(bytes)?;
        if event.event_type != P::event_type() {
            return Err(EnvelopeError::OtherType { found: event.event_type, wanted: P::event_type() });
        }
        Ok(event)
    }

    /// The sample kept beside the schema.
    #[must_use]
    pub fn sample() -> Self {
        let partnership = PartnershipId::derived(&["sample"]);
        let about = About {
            partnership,
            subject: "sample".to_owned(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            causation: Some(EventId::derived(&["sample", "cause"])),
        };
        Self::new(EventId::derived(&["sample", P::NAME]), "sample", crate::ids::sample_time(), about, P::sample())
    }

    /// The JSON Schema of the whole event.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        let mut schema = SchemaGenerator::default().into_root_schema_for::<Self>();
        schema.insert("title".to_owned(), P::event_type().into());
        schema
    }
}

/// Bytes that are not the event they should be.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the JSON of such an event.
    #[error("not a readable event: {0}")]
    Json(#[from] serde_json::Error),
    /// Another event.
    #[error("an event of type {found} where {wanted} belongs")]
    OtherType {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
}
