//! Answers remembered for a moment, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How old an answer may be. What staff change is seen by everybody after that.
pub(crate) const AGE_MAX: Duration = Duration::from_secs(5);
/// Answers remembered at most; when there are more, all are forgotten and asked for again.
const ANSWERS_MAX: usize = 1_000;

/// Answers by key. That something is not there is never remembered.
pub(crate) struct Remembered<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    pub(crate) fn recall(&self, key: &K, now: Instant) -> Option<V> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = answers.get(key)?;
        (now.saturating_duration_since(*at) < AGE_MAX).then(|| value.clone())
    }

    pub(crate) fn remember(&self, key: K, value: &V, now: Instant) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(key, (now, value.clone()));
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use skillwire_runtime::{Clock, FixedClock};

    use super::*;

    #[test]
    fn an_answer_is_forgotten_when_it_is_old_and_memory_is_bounded() {
        let clock = FixedClock::at(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
        let remembered = Remembered::default();
        remembered.remember(0, &"a", clock.instant());
        clock.advance(AGE_MAX - Duration::from_millis(1));
        assert_eq!(remembered.recall(&0, clock.instant()), Some("a"));
        clock.advance(Duration::from_millis(1));
        assert_eq!(remembered.recall(&0, clock.instant()), None);
        for key in 0..3 * ANSWERS_MAX {
            remembered.remember(key, &"b", clock.instant());
        }
        assert!(remembered.0.lock().unwrap().len() <= ANSWERS_MAX);
    }
}
