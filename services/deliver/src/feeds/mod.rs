//! Feeds: what a subscription was told, to be read from a private address by feed readers, programs and spreadsheets.
//!
//! Who does what: the *numberer* gives each feed delivery the next number of its subscription; the *hub* knows who listens in this
//! process and wakes them; the *follower* tells the hub what other processes numbered, and which addresses hold no more. What is
//! read is written by pure files: `atom.rs` (RFC 4287), `json_feed.rs` (JSON Feed 1.1), `pull.rs` (JSON), `sheet.rs` (CSV, XLSX);
//! `fresh.rs` says whether the reader has it already.
//!
//! Two senses: the *log* is every revision in order of its number; the *state* is the newest revision of each signal.
//!
//! What must never be: a number that is seen before one that is smaller, since a reader that remembers the number would miss the
//! smaller one for ever; an address that opens anything after it was replaced or revoked; a token in a log.

pub(crate) mod asked;
pub(crate) mod atom;
pub(crate) mod entry;
pub(crate) mod follower;
pub(crate) mod fresh;
pub(crate) mod hub;
pub(crate) mod json_feed;
pub(crate) mod numberer;
pub(crate) mod pull;
pub(crate) mod sheet;
pub(crate) mod token;
