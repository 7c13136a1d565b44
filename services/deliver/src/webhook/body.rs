//! What a webhook says: the CloudEvents JSON of the stream, with the members that Standard Webhooks asks for (`type`, `timestamp`,
//! `data`). Pure.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{DeliveryId, Envelope, EventId, Signal, SubscriptionId};

use crate::NAME;

/// Standard Webhooks 1.0.0 asks for bodies below 20 kB, so that receivers need not expect more.
pub(crate) const BODY_BYTES_MAX: usize = 20_000;
/// The type of an event whose signal is too large to be sent: it says where the signal is instead.
pub(crate) const TYPE_BY_REFERENCE: &str = "skillwire.signal.referred.v1";
/// The type of a test.
pub(crate) const TYPE_TEST: &str = "skillwire.webhook.test.v1";

/// A signal as it is posted. One that would be too large (a region of very many counties) is not cut, since half a signal is a
/// wrong one: the body then says where it is, and whoever has a token fetches it there.
pub(crate) fn signal(
    id: DeliveryId,
    signal: &Signal,
    traceparent: &str,
    said_at: DateTime<Utc>,
    public_url: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let about = About {
        partnership: signal.partnership,
        subject: signal.id.to_string(),
        traceparent: traceparent.to_owned(),
        causation: None,
    };
    let data = SignalPublished { signal: signal.clone() };
    let mut event = serde_json::to_value(Envelope::new(EventId(id.0), NAME, said_at, about, data))?;
    event["timestamp"] = rfc3339(said_at).into();
    let body = serde_json::to_vec(&event)?;
    if body.len() < BODY_BYTES_MAX {
        return Ok(body);
    }
    event["type"] = TYPE_BY_REFERENCE.into();
    event["data"] = json!({
        "signal": signal.id,
        "revision": signal.revision,
        "url": format!("{public_url}/api/v1/signals/{}", signal.id),
    });
    if let Some(members) = event.as_object_mut() {
        members.remove("dataschema");
    }
    serde_json::to_vec(&event)
}

/// A test, asked for by its receiver.
pub(crate) fn test(id: DeliveryId, subscription: SubscriptionId, name: &str, now: DateTime<Utc>) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/skillwire/{NAME}"),
        "type": TYPE_TEST,
        "time": rfc3339(now),
        "timestamp": rfc3339(now),
        "subject": subscription,
        "data": {"subscription": subscription, "name": name, "says": "This is a test. If you read it, your webhook works."},
    })
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::Payload;

    const URL: &str = "https://wire.example";

    fn body(of: &Signal) -> Vec<u8> {
        signal(DeliveryId::derived(&["d"]), of, "00-a-b-01", skillwire_schemas::ids::sample_time(), URL).unwrap()
    }

    #[test]
    fn a_signal_is_the_cloudevent_of_the_stream_with_the_members_of_the_standard() {
        let sample = SignalPublished::sample().signal;
        let body = body(&sample);
        let event = Envelope::<SignalPublished>::from_json(&body).unwrap();
        assert_eq!((event.id.0, &event.data.signal), (DeliveryId::derived(&["d"]).0, &sample));
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["timestamp"], value["time"]);
        assert_eq!(value["type"], "skillwire.signal.published.v1");
    }

    #[test]
    fn a_signal_that_is_too_large_is_referred_to_and_not_cut() {
        let mut sample = SignalPublished::sample().signal;
        sample.concept.broader = (0..3_000).map(|n| format!("concept-{n}")).collect();
        let body = body(&sample);
        assert!(body.len() < BODY_BYTES_MAX);
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["type"], TYPE_BY_REFERENCE);
        assert_eq!(value["data"]["url"], format!("{URL}/api/v1/signals/{}", sample.id));
        // The largest that goes whole is below the limit too.
        sample.concept.broader.truncate(1_000);
        assert!(super::tests::body(&sample).len() < BODY_BYTES_MAX);
    }
}
