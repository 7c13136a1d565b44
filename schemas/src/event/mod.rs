//! What happens in the house, in order: one file each.

mod decision_made;
mod delivery_requested;
mod need_normalized;
mod needs_renormalized;
mod signal_published;
mod submission_received;
mod subscription_changed;

pub use decision_made::DecisionMade;
pub use delivery_requested::DeliveryRequested;
pub use need_normalized::NeedNormalized;
pub use needs_renormalized::NeedsRenormalized;
pub use signal_published::SignalPublished;
pub use submission_received::{ReceivedItem, SubmissionReceived, SubmissionSource};
pub use subscription_changed::SubscriptionChanged;

/// Calls a macro once for every event type; what is not listed here is not in the contract.
#[macro_export]
macro_rules! for_each_event {
    ($call:ident) => {
        $call!($crate::event::SubmissionReceived);
        $call!($crate::event::DecisionMade);
        $call!($crate::event::NeedNormalized);
        $call!($crate::event::NeedsRenormalized);
        $call!($crate::event::SignalPublished);
        $call!($crate::event::DeliveryRequested);
        $call!($crate::event::SubscriptionChanged);
    };
}
