//! A Maildir (one file a mail: `new` -> `cur`), as mail servers fill it. What cannot be read goes to the folder `.unreadable`
//! within it, beside a file that says why: nothing is lost.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::take::Returns;

/// Names that are looked at when mails are chosen: beyond, the order is the folder's.
const NAMES_MAX: usize = 10_000;

/// A mail that lies in `new`.
pub(super) struct Lying {
    name: String,
    pub raw: Vec<u8>,
}

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Maildir(PathBuf);

impl Maildir {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The oldest mails.
    pub(super) fn oldest(&self, limit: usize) -> std::io::Result<Vec<String>> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.join("new"))?
            .take(NAMES_MAX)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names.truncate(limit);
        Ok(names)
    }

    /// A mail; none when another process took it meanwhile.
    pub(super) fn read(&self, name: String) -> std::io::Result<Option<Lying>> {
        let file = match std::fs::File::open(self.0.join("new").join(&name)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let (mut raw, most) = (Vec::new(), u64::try_from(Returns::READ_BYTES_MAX).unwrap_or(u64::MAX));
        file.take(most).read_to_end(&mut raw)?;
        Ok(Some(Lying { name, raw }))
    }

    /// Marks a mail as seen. One that is not there any more was taken by another process.
    pub(super) fn seen(&self, mail: &Lying) -> std::io::Result<()> {
        let place = self.0.join("cur");
        std::fs::create_dir_all(&place)?;
        gone_is_fine(std::fs::rename(self.0.join("new").join(&mail.name), place.join(format!("{}:2,S", mail.name))))
    }

    /// Puts a mail aside with the reason why.
    pub(super) fn aside(&self, mail: &Lying, why: &str) -> std::io::Result<()> {
        let folder = self.0.join(".unreadable");
        for name in ["new", "cur", "tmp", "why"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        std::fs::write(folder.join("why").join(format!("{}.txt", mail.name)), format!("{why}\n"))?;
        gone_is_fine(std::fs::rename(self.0.join("new").join(&mail.name), folder.join("new").join(&mail.name)))
    }
}

fn gone_is_fine(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
