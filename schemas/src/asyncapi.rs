//! The AsyncAPI 3.0 document: who may hear what on which subject.

use serde_json::{Map, Value, json};

use crate::envelope::{Envelope, Payload};
use crate::event::SignalPublished;

/// The feed's subject, one for every subscription.
pub const FEED_ADDRESS: &str = "feed.{subscription}.signal";

fn add<P: Payload>(
    channels: &mut Map<String, Value>,
    operations: &mut Map<String, Value>,
    messages: &mut Map<String, Value>,
) {
    let name = format!("{}.v{}", P::NAME, P::VERSION);
    let id = name.replace('.', "-");
    messages.insert(
        id.clone(),
        json!({
            "name": P::event_type(),
            "contentType": "application/cloudevents+json",
            "payload": { "$ref": format!("event/{}/v{}.json", P::NAME, P::VERSION) },
            "examples": [{ "payload": serde_json::to_value(Envelope::<P>::sample()).unwrap_or_default() }],
        }),
    );
    channels.insert(
        id.clone(),
        json!({
            "address": format!("skillwire.{name}.{{partnership}}"),
            "description": "Inside the house; no subscriber may hear it.",
            "parameters": { "partnership": { "description": "The partnership's id." } },
            "messages": { &id: { "$ref": format!("#/components/messages/{id}") } },
        }),
    );
    operations
        .insert(format!("send-{id}"), json!({ "action": "send", "channel": { "$ref": format!("#/channels/{id}") } }));
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    macro_rules! each {
        ($event:ty) => {
            add::<$event>(&mut channels, &mut operations, &mut messages);
        };
    }
    crate::for_each_event!(each);
    let signal = format!("{}.v{}", SignalPublished::NAME, SignalPublished::VERSION).replace('.', "-");
    channels.insert(
        "feed".to_owned(),
        json!({
            "address": FEED_ADDRESS,
            "description": "A subscriber's own feed: every signal revision that the subscription wants, each with its stable \
                            Nats-Msg-Id. A message may come twice; the id tells.",
            "parameters": { "subscription": { "description": "The subscription's id." } },
            "messages": { "signal": { "$ref": format!("#/components/messages/{signal}") } },
        }),
    );
    operations
        .insert("receive-feed".to_owned(), json!({ "action": "receive", "channel": { "$ref": "#/channels/feed" } }));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Skillwire",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The wire service for workforce demand: CloudEvents 1.0 over NATS JetStream.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}
