//! Streams: a subscriber's own feed, with credentials that open it and nothing else.
//!
//! Who does what: the *feeder* (`feed.rs`) puts messages into feeds; the *gate* tells NATS who may come in (the reasons for this
//! way stand in `platform/bus`, `door.rs`); the *tender* makes the consumers that are missing, removes those that nobody may read
//! any more, and puts out who was revoked.
//!
//! When something fails: credentials are rows, so nothing of NATS' has to be kept; a consumer that was lost is made again and
//! begins with the oldest message that is kept, whose ids tell a repeat.

pub(crate) mod gate;
pub(crate) mod password;
pub(crate) mod tender;
