//! What every service runs on: time and randomness as arguments, the loop pattern, supervision, configuration, telemetry.
//!
//! Takes a list of [`Work`]s; promises that each is stepped for ever, that a failing one backs off instead of spinning, that
//! a panicking one is started again, and that all stop when told to. Refuses to know any noun, any database and any broker.

pub mod clock;
pub mod config;
pub mod directory;
pub mod fault;
pub mod ids;
pub mod mail;
pub mod supervise;
pub mod telemetry;
pub mod trace;
pub mod work;

pub use clock::{Clock, FixedClock, SystemClock};
pub use directory::{Contact, DirectoryError, DirectoryRead};
pub use fault::Fault;
pub use ids::{Ids, SeededIds, SystemIds};
pub use mail::MailOut;
pub use supervise::supervise;
pub use trace::Traceparent;
pub use work::{Progress, Wake, Work};

use std::sync::Arc;

/// What a service is given instead of reading it from the world.
#[derive(Clone)]
pub struct Env {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn Ids>,
    /// Who is who.
    pub directory: Arc<dyn DirectoryRead>,
}

/// A started service: a name and the loops that make it run.
pub struct Service {
    /// One word, the same as its folder, PostgreSQL schema and target.
    pub name: &'static str,
    /// Its loops.
    pub works: Vec<Arc<dyn Work>>,
}
