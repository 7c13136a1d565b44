//! Webhooks: signals posted to a subscriber's own address, by Standard Webhooks 1.0.0.
//!
//! Who does what: the *listener* (`subscribed.rs`) keeps from each changed subscription where it posts to; the *pusher* claims
//! due deliveries, writes an attempt for each, and posts them, many at once and few for one endpoint; [`call`] is the only place
//! that opens a connection, and asks the guard for every address it uses.
//!
//! When something fails: 2xx is a yes and nothing else is. Anything else is tried again by the [`schedule`], with the same id,
//! so that the receiver can tell a repeat; an answer that did not come after the content left is counted as uncertain.
//! An endpoint that fails again and again is left alone for a while ([`breaker`]); one that fails for five days, or says 410, is
//! disabled, and its owner told by mail. Nothing leaves before its receiver has fetched the secret that proves us.

pub(crate) mod body;
pub(crate) mod breaker;
pub(crate) mod call;
#[cfg(test)]
mod call_tests;
pub(crate) mod notice;
pub(crate) mod pusher;
pub(crate) mod schedule;
pub(crate) mod sign;
