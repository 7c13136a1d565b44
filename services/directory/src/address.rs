//! Mail addresses, checked once.

/// Longest address, characters (RFC 5321, 4.5.3.1.3).
const ADDRESS_CHARS_MAX: usize = 254;

/// A mail address in lower case: one @, no spaces, no control characters, a domain with a dot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

/// A text that is no mail address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a mail address: {why}; write it as name@example.org")]
pub struct AddressError {
    why: &'static str,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An address in a log is a person's data in a log.
        f.write_str("Address(..)")
    }
}

impl Address {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |why| Err(AddressError { why });
        // Before trimming: a line break must never reach a mail header.
        if text.chars().any(char::is_control) {
            return bad("it holds a line break or another control character");
        }
        let text = text.trim();
        if text.is_empty() {
            return bad("it is empty");
        }
        if text.chars().count() > ADDRESS_CHARS_MAX {
            return bad("it is longer than 254 characters");
        }
        let Some((local, domain)) = text.split_once('@') else { return bad("it has no @") };
        if domain.contains('@') {
            return bad("it has more than one @");
        }
        if local.is_empty()
            || local.len() > 64
            || local.split('.').any(str::is_empty)
            || !local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
        {
            return bad(
                "the part before the @ is empty, too long, or holds a character or a dot that does not belong there",
            );
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let fine = |label: &&str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if labels.len() < 2 || !labels.iter().all(fine) {
            return bad("the part after the @ is no domain");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_lowered() {
        assert_eq!("Dana.Ortiz+hr@Plant.Example".parse::<Address>().unwrap().as_str(), "dana.ortiz+hr@plant.example");
        for bad in [
            "",
            "dana",
            "dana@",
            "@plant.example",
            "a@b@c.example",
            "a b@c.example",
            "a@c",
            "a@-c.example",
            "a@c..example",
            "a@c.example\r\nBcc: x@y.example",
            "a\n@c.example",
            "<a@c.example>",
            ".a@c.example",
            "a.@c.example",
            "a..b@c.example",
            &format!("{}@c.example", "a".repeat(65)),
            &format!("a@{}.example", "c".repeat(64)),
            &format!("a@{}example", "c.".repeat(130)),
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }
}
