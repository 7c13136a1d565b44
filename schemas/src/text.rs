//! Enumerations spelt the same everywhere: one word per value, for the wire, the database and addresses.

/// A word that names no value of an enumeration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{given}' is no {what}; it is one of: {allowed}")]
pub struct UnknownWord {
    /// What kind of word was wanted.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The words that would be right.
    pub allowed: String,
}

/// Gives an enumeration with `as_str` its list of values, its `Display` and its `FromStr`.
macro_rules! words {
    ($type:ty, $what:literal, [$($value:ident),+ $(,)?]) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::text::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $(if text == <$type>::$value.as_str() { return Ok(<$type>::$value); })+
                Err($crate::text::UnknownWord {
                    what: $what,
                    given: text.chars().take(80).collect(),
                    allowed: [$(<$type>::$value.as_str()),+].join(", "),
                })
            }
        }
    };
}
