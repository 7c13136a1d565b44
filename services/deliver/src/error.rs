//! What is wrong with the settings.

/// A setting with which no mail can be sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("deliver.{key}: {why}")]
pub struct CreateError {
    /// Which.
    pub key: &'static str,
    /// What is wrong and what would be right. Never holds a password.
    pub why: String,
}

impl CreateError {
    pub(crate) fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}
