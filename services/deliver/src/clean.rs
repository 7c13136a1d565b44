//! Text from people on its way into a header.

/// One line of printable text, at most `chars_max` long. What could begin a new header line (CR, LF and every other control
/// character) becomes a space; characters that turn the reading direction go.
#[must_use]
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_control() || c.is_whitespace() || is_invisible(c)).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count + 1 >= chars_max {
                out.push('…');
                return out;
            }
            out.push(c);
            count += 1;
        }
    }
    out
}

/// Line and paragraph separators, direction marks, zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_name_begins_a_header() {
        assert_eq!(one_line("Ann\r\nBcc: all@example.com", 80), "Ann Bcc: all@example.com");
        assert_eq!(one_line("  a\tb\u{2028}c\0d\u{202e}e ", 80), "a b c d e");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("", 4), "");
    }

    proptest! {
        #[test]
        fn whatever_comes_it_is_one_bounded_line(text in any::<String>(), max in 1usize..100) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
