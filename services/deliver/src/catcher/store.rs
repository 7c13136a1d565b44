//! Caught mails: a file each, written whole before the 250.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mailparse::MailHeaderMap;
use serde::Serialize;
use skillwire_runtime::Clock;

/// Mails kept at most; the oldest go.
const KEPT_MAX: usize = 20_000;

/// A caught mail.
#[derive(Clone, Debug, Serialize)]
pub struct Caught {
    /// Its number: 1, 2, ...
    pub id: u64,
    /// From (envelope).
    pub from: String,
    /// To (envelope).
    pub to: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// When, RFC 3339.
    pub received_at: String,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    clock: Clockless,
    list: Mutex<(u64, Vec<Caught>)>,
}

/// A clock that may be printed.
struct Clockless(Arc<dyn Clock>);

impl std::fmt::Debug for Clockless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The mailbox of everybody.
#[derive(Clone, Debug)]
pub struct Mailbox(Arc<Inner>);

impl Mailbox {
    /// Opens a folder, with what lies in it.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut list = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json")
                && let Ok(caught) = serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path)?)
            {
                list.extend(read_back(&caught));
            }
        }
        list.sort_by_key(|caught: &Caught| caught.id);
        let last = list.last().map_or(0, |caught| caught.id);
        Ok(Self(Arc::new(Inner { dir: dir.to_owned(), clock: Clockless(clock), list: Mutex::new((last, list)) })))
    }

    /// Keeps a mail.
    pub(super) fn keep(&self, from: &str, to: &str, raw: &[u8]) -> std::io::Result<()> {
        let inner = &self.0;
        let parsed = mailparse::parse_headers(raw).map(|(headers, _)| headers).unwrap_or_default();
        let header = |name: &str| parsed.get_first_value(name).unwrap_or_default();
        let mut guard = inner.list.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, list) = &mut *guard;
        let caught = Caught {
            id: *last + 1,
            from: from.to_owned(),
            to: to.to_owned(),
            message_id: header("Message-ID"),
            subject: header("Subject"),
            received_at: inner.clock.0.now().to_rfc3339(),
        };
        // Whole or not at all: written beside, then renamed.
        let place = inner.dir.join(format!("{:08}.eml", caught.id));
        let beside = inner.dir.join(format!("{:08}.part", caught.id));
        std::fs::write(&beside, raw)?;
        std::fs::rename(&beside, &place)?;
        std::fs::write(place.with_extension("json"), serde_json::to_vec(&caught)?)?;
        *last = caught.id;
        list.push(caught);
        if list.len() > KEPT_MAX {
            let old = list.remove(0);
            for extension in ["eml", "json"] {
                let _ = std::fs::remove_file(inner.dir.join(format!("{:08}.{extension}", old.id)));
            }
        }
        Ok(())
    }

    /// What was caught, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Caught> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// A mail as it came.
    #[must_use]
    pub fn raw(&self, id: u64) -> Option<Vec<u8>> {
        std::fs::read(self.0.dir.join(format!("{id:08}.eml"))).ok()
    }
}

fn read_back(value: &serde_json::Value) -> Option<Caught> {
    let text = |key: &str| value[key].as_str().map(ToOwned::to_owned);
    Some(Caught {
        id: value["id"].as_u64()?,
        from: text("from")?,
        to: text("to")?,
        message_id: text("message_id")?,
        subject: text("subject")?,
        received_at: text("received_at")?,
    })
}
