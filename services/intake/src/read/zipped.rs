//! XLSX and DOCX are zip files: looked through before anything unpacks them.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{Context, Unreadable};

/// Opens a zip within the bounds: entries, unpacked sizes as declared and as they really are, ratio.
pub(crate) fn open<'a>(bytes: &'a [u8], context: &Context) -> Result<ZipArchive<Cursor<&'a [u8]>>, Unreadable> {
    let limits = &context.limits;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| {
        Unreadable::new("zip", "the file is damaged or no Office file; save it again as .xlsx or .docx")
    })?;
    if archive.len() > limits.zip_entries_max {
        let message = format!("the file holds {} parts; at most {}", archive.len(), limits.zip_entries_max);
        return Err(Unreadable::new("zip_entries", message));
    }
    let mut total = 0u64;
    for at in 0..archive.len() {
        let bomb = || {
            let megabytes = limits.unpacked_bytes_max / 1_048_576;
            Unreadable::new(
                "zip_bomb",
                format!("the file unpacks to far more than an Office file does; at most {megabytes} MB"),
            )
        };
        let mut part = archive.by_index(at).map_err(|_| {
            Unreadable::new("zip", "the file is damaged or locked with a password; save it again without one")
        })?;
        let packed = part.compressed_size().max(1);
        let left = limits.unpacked_bytes_max.saturating_sub(total);
        if part.size() > left {
            return Err(bomb());
        }
        // What is declared may lie: it is unpacked once, to nowhere, within the bound.
        let actual = std::io::copy(&mut part.by_ref().take(left + 1), &mut std::io::sink())
            .map_err(|_| Unreadable::new("zip", "the file is damaged; save it again"))?;
        total += actual;
        if total > limits.unpacked_bytes_max || (actual > 1_048_576 && actual / packed > limits.zip_ratio_max) {
            return Err(bomb());
        }
    }
    Ok(archive)
}

/// A part of an Office file as text.
pub(crate) fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Option<String> {
    let mut text = String::new();
    archive.by_name(name).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}
