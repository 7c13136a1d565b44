//! Mail over SMTP. The only place that names lettre.

mod message;
mod smtp;

pub use message::{Letter, Picture, Unsubscribe};
pub use smtp::{Conversation, Failure, Post, Smtp, SmtpError};
