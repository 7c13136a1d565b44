//! The integration tests, one binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests: a panic is the answer")]

mod access;
mod architecture;
mod browser;
mod delivery;
mod pipeline;
mod replay;
mod sign_in;
mod streams;
mod webhooks;
