//! The little of HTML and XML that is read here: texts between tags, entities.

/// Text without tags: block ends become line breaks, entities become letters.
pub(crate) fn strip(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find('>') else { break };
        let tag: String =
            rest[1..end].trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if matches!(
            tag.to_ascii_lowercase().as_str(),
            "p" | "br" | "li" | "div" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "tr"
        ) {
            out.push('\n');
        }
        rest = &rest[end + 1..];
    }
    if !rest.starts_with('<') {
        out.push_str(rest);
    }
    entities(&out)
}

/// Replaces the entities that matter.
pub(crate) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(at, _)| at);
        match end.and_then(|end| entity(&rest[1..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "bull" => Some('•'),
        "rsquo" => Some('’'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || *c == '\n')
        }
    }
}

/// The contents of the `application/ld+json` scripts of a page.
pub(crate) fn json_ld(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = find_ignore_case(rest, "<script") {
        rest = &rest[at..];
        let Some(open_end) = rest.find('>') else { break };
        let is_ld = find_ignore_case(&rest[..open_end], "application/ld+json").is_some();
        let body = &rest[open_end + 1..];
        let Some(close) = find_ignore_case(body, "</script") else { break };
        if is_ld {
            found.push(body[..close].trim());
        }
        rest = &body[close..];
    }
    found
}

fn find_ignore_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|w| w.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_entities_become_letters() {
        assert_eq!(strip("<p>Weld &amp; cut</p><ul><li>MIG</li></ul>").trim(), "Weld & cut\n\n\nMIG");
        assert_eq!(strip("a < b"), "a ");
        assert_eq!(entities("&#x41;&#66; &unknown; &"), "AB &unknown; &");
    }

    #[test]
    fn scripts_are_found_in_a_page() {
        let page = "<html><SCRIPT type=\"application/ld+json\">{\"a\":1}</script><script>x</script></html>";
        assert_eq!(json_ld(page), ["{\"a\":1}"]);
        assert!(json_ld("<script type='application/ld+json'>{").is_empty());
    }
}
