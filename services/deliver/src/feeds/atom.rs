//! Atom (RFC 4287), paged by RFC 5005. Pure.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::entry::{Entry, Feed, Links, moment};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

type Out = Writer<Vec<u8>>;

/// Writes the feed, newest entry first.
pub(crate) fn write(feed: &Feed, entries: &[Entry], links: &Links) -> io::Result<Vec<u8>> {
    let mut out = Writer::new(Vec::new());
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    out.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom")).write_inner_content(|out| {
        let updated = entries.iter().map(|entry| entry.signal.as_of).max().unwrap_or(feed.made_at);
        text(out, "id", &format!("urn:uuid:{}", feed.subscription))?;
        text(out, "title", &feed.name)?;
        text(out, "updated", &moment(updated))?;
        out.create_element("author").write_inner_content(|out| text(out, "name", "Skillwire"))?;
        text(out, "generator", "Skillwire")?;
        link(out, "self", MEDIA_TYPE, &links.own)?;
        link(out, "alternate", "text/html", &format!("{}/signals", links.public_url))?;
        if let Some(next) = &links.next {
            link(out, "next", MEDIA_TYPE, next)?;
        }
        entries.iter().try_for_each(|entry| one(out, entry, links))
    })?;
    Ok(out.into_inner())
}

fn one(out: &mut Out, entry: &Entry, links: &Links) -> io::Result<()> {
    let signal = &entry.signal;
    out.create_element("entry").write_inner_content(|out| {
        text(out, "id", &entry.urn())?;
        text(out, "title", &entry.title())?;
        text(out, "updated", &moment(signal.as_of))?;
        text(out, "published", &moment(entry.told_at))?;
        link(out, "alternate", "text/html", &links.signal(signal))?;
        out.create_element("category").with_attribute(("term", signal.concept.kind.as_str())).write_empty()?;
        text(out, "content", &entry.text())
    })?;
    Ok(())
}

/// An element with text: escaped, and without the characters that no XML 1.0 document may hold. Text constructs without a type
/// are plain text (RFC 4287, 3.1.1).
fn text(out: &mut Out, name: &str, words: &str) -> io::Result<()> {
    let clean: String = words.chars().filter(|c| is_xml(*c)).collect();
    out.create_element(name).write_text_content(BytesText::new(&clean))?;
    Ok(())
}

fn link(out: &mut Out, rel: &str, media_type: &str, href: &str) -> io::Result<()> {
    let bare = media_type.split(';').next().unwrap_or(media_type);
    out.create_element("link").with_attributes([("rel", rel), ("type", bare), ("href", href)]).write_empty()?;
    Ok(())
}

/// XML 1.0, 2.2.
const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::entry::tests::sample;

    #[test]
    fn words_are_escaped_and_links_lead_on() {
        let (feed, mut entry, links) = sample();
        entry.signal.concept.label = "Arc\u{1} </title> <script> & \u{FFFF}".to_owned();
        let written = String::from_utf8(write(&feed, std::slice::from_ref(&entry), &links).unwrap()).unwrap();
        assert!(written.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"), "{written}");
        assert!(written.contains("<title>Welding &lt;in&gt; &amp; "), "{written}");
        assert!(!written.contains("<script>") && !written.contains(['\u{1}', '\u{FFFF}']), "{written}");
        assert!(written.contains("swf_x/atom.xml?before=7&amp;limit=1\""), "{written}");
        for part in [&entry.urn(), &moment(entry.signal.as_of), &links.signal(&entry.signal)] {
            assert!(written.contains(part.as_str()), "{part} in {written}");
        }
    }

    #[test]
    fn an_empty_feed_is_a_feed() {
        let (feed, _, links) = sample();
        let written = String::from_utf8(write(&feed, &[], &links).unwrap()).unwrap();
        assert!(written.contains(&format!("<updated>{}</updated>", moment(feed.made_at))), "{written}");
        assert!(!written.contains("<entry>"), "{written}");
    }
}
