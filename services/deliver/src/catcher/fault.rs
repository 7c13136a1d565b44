//! What goes wrong on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 421 at MAIL, and the connection closes.
    Busy421,
    /// 451 at RCPT.
    Later451,
    /// 550 at RCPT.
    No550,
    /// The connection falls before the content is asked for.
    CloseBeforeContent,
    /// The content is taken and kept, and the connection falls before the 250.
    CloseAfterContent,
    /// 554 after the content.
    Refuse554,
}

/// The faults of the next conversations, in order.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// Lets the next `times` conversations go wrong so.
    pub fn plan(&self, fault: Fault, times: usize) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(std::iter::repeat_n(fault, times.min(10_000)));
    }

    /// The fault of this conversation.
    pub(super) fn next(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
