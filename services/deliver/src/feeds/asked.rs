//! What a reader asks of a feed: a format, a sense and a page. Pure.

use serde::Deserialize;
use skillwire_schemas::SignalId;
use skillwire_web::{Cursor, Problem};

/// Entries of a page, unless the reader asks for another number, and at most.
const PAGE_ENTRIES: i64 = 100;
const PAGE_ENTRIES_MAX: i64 = 1_000;
/// Rows of a sheet, likewise.
const SHEET_ROWS_MAX: i64 = 20_000;

/// The ways in which a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Atom,
    JsonFeed,
    Pull,
    Csv,
    Xlsx,
}

impl Format {
    /// The end of its address.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Atom => "atom.xml",
            Self::JsonFeed => "feed.json",
            Self::Pull => "signals.json",
            Self::Csv => "signals.csv",
            Self::Xlsx => "signals.xlsx",
        }
    }
}

/// The query, as it is sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReadQuery {
    pub after: Option<String>,
    pub before: Option<String>,
    pub limit: Option<String>,
    pub view: Option<String>,
    pub cursor: Option<String>,
}

/// Which entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// The log, newest first, before this number.
    Newest(i64),
    /// The log, oldest first, behind this number.
    Log(i64),
    /// The state, behind this signal.
    State(Option<SignalId>),
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub format: Format,
    pub view: View,
    pub limit: i64,
}

impl Asked {
    /// Reads the query of a format; `last` is the feed's last number.
    pub(crate) fn read(format: Format, query: &ReadQuery, last: i64) -> Result<Self, Problem> {
        let state = || -> Result<View, Problem> {
            let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
            Ok(View::State(cursor.map(Cursor::decode::<SignalId>).transpose()?))
        };
        let view = match (format, query.view.as_deref()) {
            (Format::Csv | Format::Xlsx, _) | (Format::Pull, Some("state")) => state()?,
            (Format::Atom | Format::JsonFeed, _) => View::Newest(before(query.before.as_deref())?),
            (Format::Pull, None | Some("" | "log")) => View::Log(after(query.after.as_deref(), last)?.unwrap_or(0)),
            (Format::Pull, Some(other)) => {
                return Err(
                    Problem::bad_request(format!("view: there is no '{other}'; give log or state")).code("view")
                );
            }
        };
        let (usual, most) = match format {
            Format::Csv | Format::Xlsx => (SHEET_ROWS_MAX, SHEET_ROWS_MAX),
            _ => (PAGE_ENTRIES, PAGE_ENTRIES_MAX),
        };
        let limit = match query.limit.as_deref().filter(|limit| !limit.is_empty()) {
            None => usual,
            Some(text) => text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
                Problem::bad_request(format!("limit: '{text}' is no number from 1 to {most}")).code("limit")
            })?,
        };
        Ok(Self { format, view, limit })
    }

    /// The address of the page that follows, behind the format's own; none when nothing can follow. `entry` is the last of this
    /// page: its number and its signal.
    pub(crate) fn next(&self, entry: Option<(i64, SignalId)>, more: bool) -> Option<String> {
        let limit = self.limit;
        match (self.view, entry) {
            // A log goes on for ever: whoever pulls asks this address next time.
            (View::Log(after), entry) => {
                let from = entry.map_or(after, |(number, _)| number);
                Some(format!("?after={from}&limit={limit}"))
            }
            (View::Newest(_), Some((number, _))) if more => Some(format!("?before={number}&limit={limit}")),
            (View::State(_), Some((_, signal))) if more => {
                let view = if self.format == Format::Pull { "view=state&" } else { "" };
                Some(format!("?{view}cursor={}&limit={limit}", Cursor::encode(&signal)))
            }
            (View::Newest(_) | View::State(_), _) => None,
        }
    }
}

fn before(given: Option<&str>) -> Result<i64, Problem> {
    match given.filter(|text| !text.is_empty()) {
        None => Ok(i64::MAX),
        Some(text) => text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
            let wrong =
                format!("before: '{text}' is no number of an entry; take it from the `next` link of the page before");
            Problem::bad_request(wrong).code("before")
        }),
    }
}

/// The number that a reader has read up to. One beyond the end is of another feed, or of one that was set back: to wait for it
/// would be to wait in silence.
pub(crate) fn after(given: Option<&str>, last: i64) -> Result<Option<i64>, Problem> {
    let Some(text) = given.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let number: i64 = text.parse().ok().filter(|number| *number >= 0).ok_or_else(|| {
        let wrong =
            format!("after: '{}' is no number of an entry; give the last one you have, or 0 for all", short(text));
        Problem::bad_request(wrong).code("after")
    })?;
    if number > last {
        let wrong =
            format!("after: {number} is beyond the last entry of this feed, {last}; give 0 to read it all again");
        return Err(Problem::bad_request(wrong).code("after"));
    }
    Ok(Some(number))
}

/// So much of what was given as is good to see again.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(change: impl FnOnce(&mut ReadQuery)) -> ReadQuery {
        let mut query = ReadQuery::default();
        change(&mut query);
        query
    }

    #[test]
    fn each_format_has_its_sense_and_its_bounds() {
        let read = |format| Asked::read(format, &ReadQuery::default(), 9).unwrap();
        assert_eq!(read(Format::Atom).view, View::Newest(i64::MAX));
        assert_eq!(read(Format::Pull).view, View::Log(0));
        assert_eq!(read(Format::Csv).view, View::State(None));
        assert_eq!((read(Format::Atom).limit, read(Format::Xlsx).limit), (100, 20_000));
        let state = query(|q| q.view = Some("state".to_owned()));
        assert_eq!(Asked::read(Format::Pull, &state, 9).unwrap().view, View::State(None));
    }

    #[test]
    fn rubbish_is_named_with_what_would_be_right() {
        let code = |format, change: fn(&mut ReadQuery)| {
            Asked::read(format, &query(change), 9).map_err(|problem| problem.word()).unwrap_err()
        };
        assert_eq!(code(Format::Pull, |q| q.after = Some("x".to_owned())), "after");
        assert_eq!(code(Format::Pull, |q| q.after = Some("-1".to_owned())), "after");
        assert_eq!(code(Format::Pull, |q| q.after = Some("10".to_owned())), "after");
        assert_eq!(code(Format::Pull, |q| q.after = Some("99999999999999999999".to_owned())), "after");
        assert_eq!(code(Format::Pull, |q| q.view = Some("all".to_owned())), "view");
        assert_eq!(code(Format::Pull, |q| q.limit = Some("0".to_owned())), "limit");
        assert_eq!(code(Format::Atom, |q| q.limit = Some("1001".to_owned())), "limit");
        assert_eq!(code(Format::Atom, |q| q.before = Some("0".to_owned())), "before");
        assert_eq!(code(Format::Csv, |q| q.cursor = Some("%%".to_owned())), "cursor");
        assert_eq!(after(Some("9"), 9).unwrap(), Some(9));
        assert_eq!(after(None, 9).unwrap(), None);
    }

    #[test]
    fn a_log_always_goes_on_and_the_others_end() {
        let signal = SignalId::derived(&["x"]);
        let asked = |format, view| Asked { format, view, limit: 5 };
        let log = asked(Format::Pull, View::Log(3));
        assert_eq!(log.next(None, false).as_deref(), Some("?after=3&limit=5"));
        assert_eq!(log.next(Some((8, signal)), true).as_deref(), Some("?after=8&limit=5"));
        let newest = asked(Format::Atom, View::Newest(i64::MAX));
        assert_eq!(newest.next(Some((8, signal)), true).as_deref(), Some("?before=8&limit=5"));
        assert_eq!(newest.next(Some((8, signal)), false), None);
        let next = asked(Format::Pull, View::State(None)).next(Some((8, signal)), true).unwrap();
        let cursor = next.strip_prefix("?view=state&cursor=").unwrap().strip_suffix("&limit=5").unwrap();
        assert_eq!(Cursor::decode::<SignalId>(cursor).unwrap(), signal);
    }
}
