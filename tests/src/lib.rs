//! The world of a test: its own PostgreSQL database, its own nats-server, a mail catcher with faults, an HTTP server, a clock
//! that stands still. Nothing runs by itself: a test steps the pipeline by hand.

#![expect(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "tests: a panic is the answer")]

pub mod nats;
pub mod proxy;
pub mod sink;
pub mod world;

pub use world::{Answer, World};
