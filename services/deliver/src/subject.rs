//! The subject line of a mail: what it brings, in the order of interest, and which subscription it is for.

use crate::clean::one_line;

/// Longest subject, characters: what phones still show of it comes first.
const SUBJECT_CHARS_MAX: usize = 120;

/// How many signals of each kind a mail brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not told before.
    pub new: usize,
    /// More openings than when last told.
    pub grew: usize,
    /// Fewer.
    pub faded: usize,
    /// Over.
    pub ended: usize,
    /// Numbers kept back.
    pub kept_back: usize,
    /// Other changes.
    pub other: usize,
}

/// The subject of a mail for the subscription of that name.
#[must_use]
pub fn subject(name: &str, tally: &Tally) -> String {
    let parts = [
        (tally.new, "new"),
        (tally.grew, "grew"),
        (tally.faded, "faded"),
        (tally.ended, "ended"),
        (tally.kept_back, "kept back"),
        (tally.other, "updated"),
    ];
    let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let said = if said.is_empty() { "nothing new".to_owned() } else { said.join(", ") };
    one_line(&format!("{name}: {said}"), SUBJECT_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_there_is_and_no_more() {
        let tally = Tally { new: 3, ended: 1, ..Tally::default() };
        assert_eq!(subject("Welding in the metro", &tally), "Welding in the metro: 3 new, 1 ended");
        assert_eq!(subject("Welding", &Tally::default()), "Welding: nothing new");
    }

    #[test]
    fn a_name_with_a_line_break_stays_one_line() {
        let tally = Tally { new: 1, ..Tally::default() };
        assert_eq!(subject("A\r\nBcc: all@example.com", &tally), "A Bcc: all@example.com: 1 new");
    }
}
