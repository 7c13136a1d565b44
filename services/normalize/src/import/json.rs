//! JSON as people publish it: with comments, language maps and keys with and without their prefix.

use serde_json::{Map, Value};

use super::source::{Found, ImportError, Source};

/// The language of a map of languages that is taken, in this order; else the first there is.
const LANGUAGES: [&str; 3] = ["en", "en-US", "en-us"];

/// Reads a file; comments in it are taken out and noted.
pub(super) fn read(source: &mut Source<'_>, found: &Found) -> Result<Value, ImportError> {
    let text = source.text(found)?;
    let wrong = |e: &serde_json::Error| {
        let why = format!("is no JSON ({e}); export it again");
        ImportError::at(&found.shown, e.line() as u64, why)
    };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(value),
        Err(first) => {
            let (plain, comments) = without_comments(&text);
            if comments.is_empty() {
                return Err(wrong(&first));
            }
            for (line, comment) in comments {
                source.odd("comment in JSON", &found.shown, line, &comment);
            }
            serde_json::from_str(&plain).map_err(|e| wrong(&e))
        }
    }
}

/// The text without `// ...` and `/* ... */` outside of strings, and the comments with their lines. Lines stay lines.
fn without_comments(text: &str) -> (String, Vec<(u64, String)>) {
    let (mut plain, mut comments) = (String::with_capacity(text.len()), Vec::new());
    let (mut rest, mut line, mut quoted) = (text, 1u64, false);
    while let Some(c) = rest.chars().next() {
        let end = match (quoted, rest) {
            (false, r) if r.starts_with("//") => r.find('\n').or(Some(r.len())),
            (false, r) if r.starts_with("/*") => r.find("*/").map(|at| at + 2).or(Some(r.len())),
            _ => None,
        };
        if let Some(end) = end {
            comments.push((line, rest[..end].trim().to_owned()));
            let breaks = rest[..end].matches('\n').count();
            plain.push_str(&"\n".repeat(breaks));
            line += breaks as u64;
            rest = &rest[end..];
            continue;
        }
        let mut length = c.len_utf8();
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            '\n' => line += 1,
            _ => {}
        }
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    (plain, comments)
}

/// An object whose keys may have a prefix ("ceasn:competencyText", "competencyText").
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Node<'a> {
    /// The value of a key, with or without any prefix; what is null is not there.
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        let plain = |k: &str| k.rsplit_once(':').map_or(k, |(_, name)| name) == key;
        let found = self.0.get(key).or_else(|| self.0.iter().find(|(k, _)| plain(k)).map(|(_, value)| value));
        found.filter(|value| !value.is_null())
    }

    /// The first text of a key.
    pub(super) fn text(self, key: &str) -> String {
        self.texts(key).into_iter().next().unwrap_or_default()
    }

    /// All texts of a key.
    pub(super) fn texts(self, key: &str) -> Vec<String> {
        self.get(key).map(texts).unwrap_or_default()
    }

    /// What a key points at: addresses, or the ids of the objects that stand there.
    pub(super) fn links(self, key: &str) -> Vec<String> {
        self.get(key).map(links).unwrap_or_default()
    }

    /// The objects of a key.
    pub(super) fn nodes(self, key: &str) -> Vec<Node<'a>> {
        match self.get(key) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_object).map(Node).collect(),
            Some(Value::Object(node)) => vec![Node(node)],
            _ => Vec::new(),
        }
    }
}

/// Text, list of texts, `{"@value": ..}` or map of languages.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()).into_iter().collect(),
        Value::Number(number) => vec![number.to_string()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(map) => {
            let known = LANGUAGES.iter().find_map(|language| map.get(*language));
            let named = map.get("@value").or_else(|| map.get("name"));
            known.or(named).or_else(|| map.values().next()).map(texts).unwrap_or_default()
        }
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn links(value: &Value) -> Vec<String> {
    match value {
        Value::String(link) => vec![link.clone()],
        Value::Array(values) => values.iter().flat_map(links).collect(),
        Value::Object(map) => {
            let id = ["@id", "id", "uri", "targetNode"].iter().find_map(|key| Node(map).get(key));
            id.and_then(Value::as_str).map(ToOwned::to_owned).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        let text = "{ // one\n \"a\": \"http://x // \\\" /* y */\", /* two\n lines */ \"b\": 1 }";
        let (plain, comments) = without_comments(text);
        let value: Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(value, serde_json::json!({"a": "http://x // \" /* y */", "b": 1}));
        assert_eq!(comments, [(1, "// one".to_owned()), (2, "/* two\n lines */".to_owned())]);
        assert_eq!(plain.lines().count(), text.lines().count());
        assert_eq!(without_comments("\"\\").0, "\"\\", "ends within a string");
    }

    #[test]
    fn texts_come_in_many_shapes() {
        let value = serde_json::json!({"x:a": {"de": "Hallo", "en-US": "hello"}, "b": ["1", {"@value": "2"}], "c": null, "d": {"name": "n"}});
        let node = Node(value.as_object().unwrap());
        assert_eq!(node.text("a"), "hello");
        assert_eq!(node.texts("b"), ["1", "2"]);
        assert!(node.get("c").is_none());
        assert_eq!(node.text("d"), "n");
    }
}
