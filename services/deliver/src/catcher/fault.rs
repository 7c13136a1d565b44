//! What goes wrong on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How late the answer of [`Fault::SlowYes`] is.
pub(super) const SLOW: Duration = Duration::from_millis(1_500);

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// None: this one goes well, and the next in the queue not.
    None,
    /// 421 instead of a greeting, and the connection closes.
    Greeting421,
    /// 421 at MAIL, and the connection closes.
    Busy421,
    /// 421 at RCPT, and the connection closes.
    Recipient421,
    /// 421 at DATA, and the connection closes.
    Data421,
    /// 451 at RCPT.
    Later451,
    /// 550 at RCPT.
    No550,
    /// 550 5.1.1 at RCPT.
    Unknown511,
    /// 550 5.7.1 at RCPT.
    Policy571,
    /// 451 at DATA.
    LaterAtData451,
    /// No answer at MAIL.
    Hang,
    /// No answer at DATA.
    HangAtData,
    /// The connection falls before the content is asked for.
    CloseBeforeContent,
    /// The connection falls within the content.
    CloseWithinContent,
    /// The content is taken and kept, and the connection falls before the 250.
    CloseAfterContent,
    /// The content is taken and kept, and nothing is ever said.
    HangAfterContent,
    /// The content is taken and kept, and the 250 comes late.
    SlowYes,
    /// 451 after the content.
    LaterAfterContent451,
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

    /// Whether this connection is greeted with a fault.
    pub(super) fn at_greeting(&self) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front_if(|fault| *fault == Fault::Greeting421).is_some()
    }
}
