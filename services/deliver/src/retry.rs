//! When to try again. Pure.

use chrono::TimeDelta;

/// Waits between tries, seconds: RFC 5321 4.5.4.1 asks for half an hour at least in the long run and for days of patience.
const WAITS_S: [i64; 8] = [30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600];
/// How long a mail is tried, hours.
pub(crate) const GIVE_UP_HOURS: i64 = 72;

/// The wait before the next try after so many, with up to a fifth of jitter so that not all come back at once.
pub(crate) fn wait(tries: u32, fraction: f64) -> TimeDelta {
    let at = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    let base = WAITS_S[at];
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most six hours, in seconds")]
    let jitter = (base as f64 * 0.2 * fraction.clamp(0.0, 1.0)) as i64;
    TimeDelta::seconds(base + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        assert_eq!(wait(1, 0.0), TimeDelta::seconds(30));
        assert_eq!(wait(3, 0.0), TimeDelta::seconds(600));
        assert_eq!(wait(u32::MAX, 1.0), TimeDelta::seconds(25_920));
        assert!((1..20).all(|n| wait(n, 0.0) <= wait(n + 1, 0.0)));
    }
}
