//! The integration tests, one binary.

#![expect(clippy::unwrap_used, clippy::panic, clippy::too_many_lines, reason = "tests: a panic is the answer")]

mod access;
mod architecture;
mod delivery;
mod pipeline;
mod replay;
mod sign_in;
