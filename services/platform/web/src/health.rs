//! Whether what we stand on answers.

use async_trait::async_trait;

/// Something that must answer before we are ready.
#[async_trait]
pub trait Health: Send + Sync + 'static {
    /// Its name in the answer of `/ready`.
    fn name(&self) -> &'static str;
    /// Whether it answers; why not, if it does not.
    async fn check(&self) -> Result<(), String>;
}
