//! Where files come from: a file, a folder, a zip, or a folder of zips. Bounded in number, size and what a zip unpacks to.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::{Progress, decode};
use crate::bundle::BundleError;

/// What is wrong with what is to be imported.
pub type ImportError = BundleError;

/// Files of an import at most, those in zips counted.
const FILES_MAX: usize = 10_000;
/// Folders in folders at most.
const DEPTH_MAX: usize = 4;
/// One file at most, unpacked, bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// All files at most, unpacked, bytes.
const TOTAL_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// A file in a zip unpacks to this many times its packed size at most; tables of text reach about 40.
const RATIO_MAX: u64 = 250;
/// Below this size the ratio says nothing, bytes.
const RATIO_FROM_BYTES: u64 = 1024 * 1024;
/// How much of a file tells what it is, bytes.
const HEAD_BYTES: u64 = 16 * 1024;

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its name without folders.
    pub(super) name: String,
    /// Its name as people find it: with the zip it is in.
    pub(super) shown: String,
    /// Unpacked, bytes.
    pub(super) bytes: u64,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Zipped { archive: PathBuf, at: usize },
}

/// Something odd: sort, file, line, what.
pub(super) type Odd = (&'static str, String, u64, String);

/// What is to be imported.
pub(super) struct Source<'a> {
    root: PathBuf,
    files: Vec<Found>,
    archives: Vec<PathBuf>,
    oddities: Vec<Odd>,
    progress: &'a mut dyn FnMut(&Progress<'_>),
    read_bytes: u64,
}

impl<'a> Source<'a> {
    /// Looks what there is; nothing is unpacked yet.
    pub(super) fn open(path: &Path, progress: &'a mut dyn FnMut(&Progress<'_>)) -> Result<Self, ImportError> {
        let mut source = Self {
            root: path.to_path_buf(),
            files: Vec::new(),
            archives: Vec::new(),
            oddities: Vec::new(),
            progress,
            read_bytes: 0,
        };
        if path.is_dir() {
            source.walk(path, 0)?;
        } else if path.is_file() {
            source.add(path)?;
        } else {
            return Err(ImportError::of(path, "is not there; give the folder, zip or file as it was published"));
        }
        source.files.sort_by(|a, b| a.shown.cmp(&b.shown));
        let bytes = source.files.iter().map(|file| file.bytes).sum();
        (source.progress)(&Progress::Found { files: source.files.len(), bytes });
        Ok(source)
    }

    fn walk(&mut self, folder: &Path, depth: usize) -> Result<(), ImportError> {
        let unreadable = |e: std::io::Error| ImportError::of(folder, format!("cannot be read ({e})"));
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(unreadable)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                if depth < DEPTH_MAX {
                    self.walk(&path, depth + 1)?;
                }
            } else {
                self.add(&path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) -> Result<(), ImportError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) {
            return self.add_archive(path, &name);
        }
        let bytes = fs::metadata(path).map_err(|e| ImportError::of(path, format!("cannot be read ({e})")))?.len();
        let shown = name.clone();
        self.push(Found { name, shown, bytes, place: Place::File(path.to_path_buf()) })
    }

    fn add_archive(&mut self, path: &Path, zip_name: &str) -> Result<(), ImportError> {
        let mut archive = open_archive(path)?;
        self.archives.push(path.to_path_buf());
        if archive.len() > FILES_MAX {
            return Err(ImportError::of(path, format!("holds {} files; at most {FILES_MAX}", archive.len())));
        }
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).map_err(|e| ImportError::of(path, format!("is damaged ({e})")))?;
            let inside =
                entry.name().map_err(|e| ImportError::of(path, format!("is damaged ({e})")))?.replace('\\', "/");
            let name = inside.rsplit('/').next().unwrap_or_default().to_owned();
            let junk = name.is_empty() || name.starts_with('.') || inside.starts_with("__MACOSX/");
            if entry.is_dir() || junk {
                continue;
            }
            let shown = format!("{zip_name}/{inside}");
            if name.to_lowercase().ends_with(".zip") {
                self.odd("zip in a zip left out", &shown, 0, "unpack the outer zip and give the folder");
                continue;
            }
            let bytes = entry.size();
            self.push(Found { name, shown, bytes, place: Place::Zipped { archive: path.to_path_buf(), at } })?;
        }
        Ok(())
    }

    fn push(&mut self, found: Found) -> Result<(), ImportError> {
        if self.files.len() == FILES_MAX {
            let why = format!("holds more than {FILES_MAX} files; give the folder of the taxonomy alone");
            return Err(ImportError::of(&self.root, why));
        }
        self.files.push(found);
        Ok(())
    }

    /// All files, by name.
    pub(super) fn files(&self) -> &[Found] {
        &self.files
    }

    /// The file of a name, upper and lower case alike.
    pub(super) fn named(&self, name: &str) -> Option<Found> {
        self.files.iter().find(|file| file.name.eq_ignore_ascii_case(name)).cloned()
    }

    /// What the whole is called: the last parts of its path and its zips, for release numbers.
    pub(super) fn called(&self) -> Vec<String> {
        let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
        let mut names: Vec<String> = name(&self.root).into_iter().collect();
        names.extend(self.archives.iter().filter_map(|path| name(path)));
        names.extend(self.root.parent().and_then(name));
        names
    }

    /// The name of what was given, without its path.
    pub(super) fn given(&self) -> String {
        self.called().into_iter().next().unwrap_or_default()
    }

    /// The error that this is not there.
    pub(super) fn missing(&self, why: impl Into<String>) -> ImportError {
        ImportError::of(&self.root, why)
    }

    /// Notes something odd.
    pub(super) fn odd(&mut self, sort: &'static str, file: &str, line: u64, what: &str) {
        self.oddities.push((sort, file.to_owned(), line, what.to_owned()));
    }

    /// What was odd about files as such.
    pub(super) fn take_oddities(&mut self) -> Vec<Odd> {
        std::mem::take(&mut self.oddities)
    }

    /// The beginning of a file.
    pub(super) fn head(&mut self, found: &Found) -> Result<String, ImportError> {
        let bytes = read(found, HEAD_BYTES, false)?;
        Ok(decode::text(&bytes).0)
    }

    /// The text of a file.
    pub(super) fn text(&mut self, found: &Found) -> Result<String, ImportError> {
        (self.progress)(&Progress::Reading { file: &found.shown, bytes: found.bytes });
        let bytes = read(found, FILE_BYTES_MAX, true)?;
        self.read_bytes += bytes.len() as u64;
        if self.read_bytes > TOTAL_BYTES_MAX {
            let why = format!("unpacks to more than {} MB", TOTAL_BYTES_MAX >> 20);
            return Err(ImportError::of(&self.root, why));
        }
        let (text, encoding) = decode::text(&bytes);
        if let Some(encoding) = encoding {
            self.odd("file is not UTF-8", &found.shown, 0, &format!("read as {encoding}"));
        }
        Ok(text)
    }
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, ImportError> {
    let file = File::open(path).map_err(|e| ImportError::of(path, format!("cannot be read ({e})")))?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|e| ImportError::of(path, format!("is damaged or no zip ({e}); download it again")))
}

/// Reads a file up to a bound. With `whole`, more than that is an error; what a zip declares may lie, so it is counted.
fn read(found: &Found, bytes_max: u64, whole: bool) -> Result<Vec<u8>, ImportError> {
    let failed = |e: &dyn std::fmt::Display| ImportError::at(&found.shown, 0, format!("cannot be read ({e})"));
    let mut bytes = Vec::new();
    let packed = match &found.place {
        Place::File(path) => {
            let file = File::open(path).map_err(|e| failed(&e))?;
            file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
            None
        }
        Place::Zipped { archive, at } => {
            let mut archive = open_archive(archive)?;
            let entry = archive.by_index(*at).map_err(|e| failed(&e))?;
            let packed = entry.compressed_size().max(1);
            let ratio_bound = packed.saturating_mul(RATIO_MAX).max(RATIO_FROM_BYTES);
            entry.take(bytes_max.min(ratio_bound) + 1).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
            Some(packed)
        }
    };
    let length = bytes.len() as u64;
    if let Some(packed) = packed.filter(|_| whole)
        && length > RATIO_FROM_BYTES
        && length / packed >= RATIO_MAX
    {
        let why = format!("unpacks to more than {RATIO_MAX} times its size: that is no table; download it again");
        return Err(ImportError::at(&found.shown, 0, why));
    }
    if length > bytes_max {
        if whole {
            let why = format!("is larger than {} MB", FILE_BYTES_MAX >> 20);
            return Err(ImportError::at(&found.shown, 0, why));
        }
        bytes.truncate(usize::try_from(bytes_max).unwrap_or(usize::MAX));
    }
    Ok(bytes)
}
