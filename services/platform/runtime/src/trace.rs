//! One trace from a submission to the mail (W3C Trace Context, level 1).

use std::fmt;
use std::str::FromStr;

use crate::ids::Ids;

/// A `traceparent`: version 00, trace id, span id, flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    trace: u128,
    span: u64,
}

/// Text that is no `traceparent`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a traceparent: expected 00-<32 hex>-<16 hex>-<2 hex>, neither id zero")]
pub struct BadTraceparent;

impl Traceparent {
    /// A new trace.
    #[must_use]
    pub fn new(ids: &dyn Ids) -> Self {
        let (mut trace, mut span) = ([0u8; 16], [0u8; 8]);
        ids.fill(&mut trace);
        ids.fill(&mut span);
        // Zero means "no trace": odd is never zero.
        Self { trace: u128::from_be_bytes(trace) | 1, span: u64::from_be_bytes(span) | 1 }
    }

    /// The trace's id, 32 hex digits: what logs, events and mails show.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

impl FromStr for Traceparent {
    type Err = BadTraceparent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [version, trace, span, flags] = parts.as_slice() else { return Err(BadTraceparent) };
        let hex =
            |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        if *version != "00" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
            return Err(BadTraceparent);
        }
        let trace = u128::from_str_radix(trace, 16).map_err(|_| BadTraceparent)?;
        let span = u64::from_str_radix(span, 16).map_err(|_| BadTraceparent)?;
        if trace == 0 || span == 0 { Err(BadTraceparent) } else { Ok(Self { trace, span }) }
    }
}

/// The trace id of a `traceparent` text; the text itself when it is none, so that a log line always shows something.
#[must_use]
pub fn trace_id(traceparent: &str) -> String {
    traceparent.parse::<Traceparent>().map_or_else(|_| traceparent.to_owned(), |t| t.trace_id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededIds;

    #[test]
    fn a_traceparent_reads_back() {
        let new = Traceparent::new(&SeededIds::new(7));
        assert_eq!(new.to_string().parse(), Ok(new));
        for bad in [
            "",
            "00-0-0-0",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(bad.parse::<Traceparent>(), Err(BadTraceparent), "{bad}");
        }
    }
}
