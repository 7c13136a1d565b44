//! The house put together: settings, targets, wiring. The one crate, with the tests, that sees all services.

#![expect(
    clippy::missing_errors_doc,
    reason = "anyhow: every error of the binary is a text for the person at the console"
)]

pub mod cli;
pub mod contract;
pub mod dead_letters;
pub mod health;
pub mod house;
pub mod mail_dns;
pub mod settings;
pub mod targets;
