//! JSON Feed 1.1 (jsonfeed.org/version/1.1). Pure.

use serde_json::{Map, Value, json};

use super::entry::{Entry, Feed, Links, moment};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/feed+json; charset=utf-8";

/// Writes the feed, newest entry first.
pub(crate) fn write(feed: &Feed, entries: &[Entry], links: &Links) -> Value {
    let mut all = Map::new();
    all.insert("version".to_owned(), "https://jsonfeed.org/version/1.1".into());
    all.insert("title".to_owned(), feed.name.clone().into());
    all.insert("home_page_url".to_owned(), format!("{}/signals", links.public_url).into());
    all.insert("feed_url".to_owned(), links.own.clone().into());
    if let Some(next) = &links.next {
        all.insert("next_url".to_owned(), next.clone().into());
    }
    all.insert("authors".to_owned(), json!([{ "name": "Skillwire" }]));
    all.insert("items".to_owned(), entries.iter().map(|entry| item(entry, links)).collect());
    Value::Object(all)
}

fn item(entry: &Entry, links: &Links) -> Value {
    let signal = &entry.signal;
    json!({
        "id": entry.urn(),
        "url": links.signal(signal),
        "title": entry.title(),
        "content_text": entry.text(),
        "date_published": moment(entry.told_at),
        "date_modified": moment(signal.as_of),
        "tags": [signal.concept.kind.as_str(), signal.region.level.as_str(), signal.horizon.as_str()],
        // An extension, as the standard wants them named; readers that do not know it pass over it.
        "_skillwire": { "about": format!("{}/docs", links.public_url), "number": entry.number, "signal": signal },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::entry::tests::sample;

    #[test]
    fn a_feed_has_what_the_standard_requires() {
        let (feed, entry, links) = sample();
        let written = write(&feed, std::slice::from_ref(&entry), &links);
        assert_eq!(written["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(written["title"], feed.name);
        assert_eq!(written["next_url"], *links.next.as_ref().unwrap());
        let item = &written["items"][0];
        assert_eq!(item["id"], entry.urn());
        assert_eq!(item["_skillwire"]["number"], 7);
        assert!(item["content_text"].as_str().unwrap().contains("13 openings"), "{item}");
        assert!(write(&feed, &[], &Links { next: None, ..links })["next_url"].is_null());
    }
}
