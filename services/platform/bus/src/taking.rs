//! What to do with a message that could not be taken: a pure decision.

use std::time::Duration;

use skillwire_runtime::Fault;

/// Deliveries of one message after which it is given up even though its failure looked passing. With the delays below that
/// is more than a day of trying.
const DELIVERIES_MAX: i64 = 1_500;
/// Longest wait before a message comes again.
const RETURN_AFTER_MAX: Duration = Duration::from_secs(60);

/// What happens with a message that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Comes again after so long.
    Return(Duration),
    /// Is kept as a dead letter.
    Dead(String),
}

/// Decides by the fault and by how often the message was delivered.
pub(crate) fn verdict(fault: &Fault, deliveries: i64) -> Verdict {
    match fault {
        Fault::Reject { why } => Verdict::Dead(why.clone()),
        Fault::Retry { why, .. } if deliveries >= DELIVERIES_MAX => {
            Verdict::Dead(format!("given up after {deliveries} deliveries: {why}"))
        }
        Fault::Retry { after, .. } => {
            let doublings = u32::try_from(deliveries.saturating_sub(1).clamp(0, 10)).unwrap_or_default();
            Verdict::Return(after.saturating_mul(2u32.saturating_pow(doublings)).min(RETURN_AFTER_MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passing_failure_returns_later_and_later_and_is_given_up_at_last() {
        let fault = Fault::retry("database away");
        assert_eq!(verdict(&fault, 1), Verdict::Return(Duration::from_secs(1)));
        assert_eq!(verdict(&fault, 4), Verdict::Return(Duration::from_secs(8)));
        assert_eq!(verdict(&fault, 100), Verdict::Return(RETURN_AFTER_MAX));
        assert!(matches!(verdict(&fault, DELIVERIES_MAX), Verdict::Dead(why) if why.contains("database away")));
    }

    #[test]
    fn a_lasting_failure_is_dead_at_once() {
        assert_eq!(verdict(&Fault::reject("no such county"), 1), Verdict::Dead("no such county".to_owned()));
    }
}
