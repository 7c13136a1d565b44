//! The integration tests, one binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests: a panic is the answer")]

mod access;
mod alerts;
mod architecture;
mod attacker;
mod bounces;
mod browser;
mod commands;
mod counting;
mod delivery;
mod digests;
mod feed_addresses;
mod feeds;
mod mail;
mod operations;
mod pause;
mod pipeline;
mod replay;
mod review;
mod review_again;
mod sign_in;
mod staff;
mod streams;
mod taxonomies;
mod webhooks;
