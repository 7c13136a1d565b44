//! `normalize` has read many needs anew for one reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NeedNormalized;
use crate::envelope::Payload;
use crate::need::Need;

/// `normalize` has read many needs anew for one reason, a decision of the staff. Each of them is what [`NeedNormalized`] would
/// say of it; its version (`stated_at`, `normalization`) tells which of two statements of a need holds, in whichever of the
/// two events they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct NeedsRenormalized {
    /// The needs as they now stand; each once.
    pub needs: Vec<Need>,
    /// Why they were read anew, e.g. `staff decision #12`.
    pub cause: String,
}

impl Payload for NeedsRenormalized {
    const NAME: &'static str = "needs.renormalized";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        Self { needs: vec![NeedNormalized::sample().need], cause: "staff decision #12".to_owned() }
    }
}
