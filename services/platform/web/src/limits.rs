//! How often somebody may ask: a fixed window a minute in bounded memory. What a caller is, the shell decides.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Callers remembered at most. When there are more, the others share one count until the window ends: whoever brings many
/// addresses must not wash away what was counted.
const CALLERS_MAX: usize = 100_000;
/// The window, seconds.
const WINDOW_S: i64 = 60;
/// Who shares the count of those that found no place.
const OTHERS: &str = "";

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limits {
    max: u32,
    callers_max: usize,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    started_s: i64,
    counts: HashMap<String, u32>,
}

impl Limits {
    pub(crate) fn new(max: u32) -> Self {
        Self { max, callers_max: CALLERS_MAX, window: Mutex::default() }
    }

    /// Counts a request at that second; when it is one too many, tells after how many seconds to come again.
    pub(crate) fn take(&self, caller: &str, now_s: i64) -> Result<(), u64> {
        let mut window = self.window(now_s);
        let full = window.counts.len() >= self.callers_max && !window.counts.contains_key(caller);
        let count = window.counts.entry(if full { OTHERS } else { caller }.to_owned()).or_default();
        *count = count.saturating_add(1);
        if *count > self.max { Err(window.rest_s(now_s)) } else { Ok(()) }
    }

    /// Whether the caller may still ask; counts nothing.
    pub(crate) fn look(&self, caller: &str, now_s: i64) -> Result<(), u64> {
        let window = self.window(now_s);
        if window.counts.get(caller).is_some_and(|count| *count >= self.max) {
            Err(window.rest_s(now_s))
        } else {
            Ok(())
        }
    }

    fn window(&self, now_s: i64) -> std::sync::MutexGuard<'_, Window> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins anew too, or nobody would be let in until it caught up.
        if !(0..WINDOW_S).contains(&(now_s - window.started_s)) {
            *window = Window { started_s: now_s, counts: HashMap::new() };
        }
        window
    }
}

impl Window {
    fn rest_s(&self, now_s: i64) -> u64 {
        u64::try_from(WINDOW_S - (now_s - self.started_s)).unwrap_or(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_waits_for_the_next_window() {
        let limits = Limits::new(2);
        assert!(limits.take("a", 100).is_ok() && limits.take("a", 110).is_ok());
        assert_eq!(limits.take("a", 130), Err(30));
        assert!(limits.take("b", 130).is_ok());
        assert!(limits.take("a", 160).is_ok());
        assert!(limits.take("a", 20).is_ok(), "a clock that was set back locks nobody out");
    }

    #[test]
    fn looking_counts_nothing() {
        let limits = Limits::new(1);
        assert!(limits.look("a", 100).is_ok() && limits.look("a", 100).is_ok());
        assert!(limits.take("a", 100).is_ok());
        assert_eq!(limits.look("a", 100), Err(60));
    }

    #[test]
    fn a_full_table_forgets_nobody_and_holds_newcomers_together() {
        let limits = Limits { callers_max: 2, ..Limits::new(1) };
        assert!(limits.take("a", 100).is_ok() && limits.take("b", 100).is_ok());
        assert!(limits.take("c", 100).is_ok(), "the first of the others");
        assert!(limits.take("d", 100).is_err(), "the others share one count");
        assert!(limits.take("a", 100).is_err(), "what was counted stays counted");
    }
}
