//! The HTTP side that every service shares: who asks, who may, what is wrong, what a page looks like.
//!
//! Takes routes that say who may call them; gives one router with the guard before each, limits, security headers, health,
//! metrics, `/docs` and the layout. Promises that no handler runs for somebody who may not, and that no form of a signed-in
//! person is taken without proof that our page sent it. Refuses to know any service and who anybody is: `directory` answers
//! through [`Actors`].
//!
//! Metrics: `http_requests_total{method,route,status}`, `http_request_seconds{route}`, `http_refused_total{reason}`.

mod actor;
mod around;
mod caller;
pub mod chart;
mod config;
mod cookie;
mod csrf;
mod cursor;
mod docs;
mod form;
mod health;
mod limits;
mod open;
mod outbound;
mod page;
mod permission;
mod problem;
mod routes;
mod sealed;
mod secret;
mod sheet;
mod shell;
#[cfg(test)]
mod tests;
mod trace;

pub use actor::{Actor, ActorError, Actors, MaybeActor, TokenAnswer, Via};
pub use caller::Caller;
pub use config::HttpConfig;
pub use cookie::{cookie, session_cookie_name, set_cookie};
pub use csrf::OwnPage;
pub use cursor::Cursor;
pub use form::{Form, Json, Upload, UploadedFile};
pub use health::Health;
pub use outbound::{Outbound, OutboundConfig, OutboundError};
pub use page::{Page, page};
pub use permission::{Permission, allowed};
pub use problem::Problem;
pub use routes::{RouteSpec, Routes, Who};
pub use sealed::SealError;
pub use secret::{SHORT_TAG_BYTES, Secret, SecretError};
pub use sheet::{csv_cell, csv_row};
pub use shell::{MetricsText, Shell, serve, shell};
pub use trace::Trace;
