//! A text in clauses of words, each with its place.

/// A word as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// First character of the text, counted from 0.
    pub start: usize,
    /// Behind the last.
    pub end: usize,
    /// Place in bytes.
    pub at: usize,
}

/// Words that belong together, and the text they are cut from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause<'a> {
    pub tokens: Vec<Token<'a>>,
    whole: &'a str,
}

impl<'a> Clause<'a> {
    /// The text from one word to before another.
    pub(crate) fn text(&self, from: usize, to: usize) -> &'a str {
        let last = &self.tokens[to - 1];
        &self.whole[self.tokens[from].at..last.at + last.text.len()]
    }
}

/// Whether a character may stand inside a word: `C++`, `CI/CD` comes apart, `Node.js` and `driver's` do not.
fn is_inside(c: char, before: Option<char>, after: Option<char>) -> bool {
    let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        c if c.is_alphanumeric() => true,
        '+' | '#' => joined(before) || matches!(before, Some('+')),
        '.' => joined(after) && (joined(before) || before.is_none_or(char::is_whitespace)),
        '\'' | '’' | '&' => joined(before) && joined(after),
        _ => false,
    }
}

/// Whether a character ends a clause.
fn ends(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '[' | ']' | '|' | '•' | '*' | '·' | '▪' | '\n' | '\r')
}

/// The clauses of a text.
pub(crate) fn clauses(text: &str) -> Vec<Clause<'_>> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let char_at = |at: usize| chars.get(at).map(|(_, c)| *c);
    let (mut clauses, mut tokens, mut start) = (Vec::new(), Vec::new(), None);
    for at in 0..=chars.len() {
        let c = char_at(at);
        let inside = c.is_some_and(|c| is_inside(c, at.checked_sub(1).and_then(char_at), char_at(at + 1)));
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(first)) => {
                let from = chars[first].0;
                let to = chars.get(at).map_or(text.len(), |(byte, _)| *byte);
                tokens.push(Token { text: &text[from..to], start: first, end: at, at: from });
                start = None;
            }
            _ => {}
        }
        if !inside && c.is_none_or(ends) && !tokens.is_empty() {
            clauses.push(Clause { tokens: std::mem::take(&mut tokens), whole: text });
        }
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_places_in_characters() {
        let text = "Café: C++, Node.js (driver's license) and .NET. GD&T/PLC";
        let found = clauses(text);
        let words: Vec<Vec<&str>> = found.iter().map(|c| c.tokens.iter().map(|t| t.text).collect()).collect();
        assert_eq!(
            words,
            [
                vec!["Café"],
                vec!["C++"],
                vec!["Node.js"],
                vec!["driver's", "license"],
                vec!["and", ".NET"],
                vec!["GD&T", "PLC"]
            ]
        );
        let chars: Vec<char> = text.chars().collect();
        for token in found.iter().flat_map(|c| &c.tokens) {
            assert_eq!(chars[token.start..token.end].iter().collect::<String>(), token.text);
        }
        assert_eq!(found[3].text(0, 2), "driver's license");
        assert!(clauses("").is_empty() && clauses(" .,;").is_empty());
    }
}
