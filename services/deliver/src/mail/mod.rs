//! Mail over SMTP. The only place that names lettre.

pub mod dkim;
mod failure;
mod message;
mod pool;
mod post;
mod smtp;

pub use failure::{Failure, SmtpError, scrub};
pub use message::{Letter, Picture, Unsubscribe};
pub use post::Post;
pub use smtp::{Conversation, Smtp};
