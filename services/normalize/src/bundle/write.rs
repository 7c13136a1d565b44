//! A bundle onto the disk: whole or not at all.

use std::fs;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use skillwire_schemas::ConceptKey;

use super::{Bundle, BundleError, Relation, Target};

pub(super) const MANIFEST: &str = "taxonomy.json";
pub(super) const CONCEPTS: &str = "concepts.csv";
pub(super) const NAMES: &str = "names.csv";
pub(super) const RELATIONS: &str = "relations.csv";
pub(super) const TEXTS: &str = "texts.csv";

pub(super) const CONCEPT_COLUMNS: [&str; 8] =
    ["concept", "kind", "label", "description", "status", "replaced_by", "broader", "sectors"];
pub(super) const NAME_COLUMNS: [&str; 4] = ["concept", "name", "called", "source"];
pub(super) const RELATION_COLUMNS: [&str; 3] = ["from", "relation", "to"];
pub(super) const TEXT_COLUMNS: [&str; 3] = ["concept", "sort", "text"];

impl Bundle {
    /// Writes the folder: first beside it, then in its place. A folder that is there is replaced when it is a bundle itself.
    ///
    /// # Errors
    /// When it is another folder, or cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), BundleError> {
        let name = folder.file_name().and_then(|n| n.to_str());
        let Some(name) = name else {
            return Err(BundleError::of(folder, "is no name for a folder; give one such as taxonomies/onet"));
        };
        let beside = |what: &str| folder.with_file_name(format!(".{name}.{what}"));
        let (new, old) = (beside("new"), beside("old"));
        if folder.exists() && !may_be_replaced(folder) {
            let why = "is there and is no taxonomy bundle (it holds no taxonomy.json); give a new folder";
            return Err(BundleError::of(folder, why));
        }
        let failed = |path: &Path, e: &io::Error| BundleError::of(path, format!("cannot be written ({e})"));
        for left in [&new, &old] {
            // Left by a run that was stopped.
            if left.exists() {
                fs::remove_dir_all(left).map_err(|e| failed(left, &e))?;
            }
        }
        fs::create_dir_all(&new).map_err(|e| failed(&new, &e))?;
        if let Err((file, error)) = self.write_files(&new) {
            let _ = fs::remove_dir_all(&new);
            return Err(failed(&file, &error));
        }
        let there = folder.exists();
        if there {
            fs::rename(folder, &old).map_err(|e| failed(folder, &e))?;
        }
        if let Err(error) = fs::rename(&new, folder) {
            if there {
                let _ = fs::rename(&old, folder);
            }
            return Err(failed(folder, &error));
        }
        if there {
            fs::remove_dir_all(&old).map_err(|e| failed(&old, &e))?;
        }
        Ok(())
    }

    fn write_files(&self, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
        let mut manifest = serde_json::to_string_pretty(&self.manifest).unwrap_or_default();
        manifest.push('\n');
        let path = folder.join(MANIFEST);
        fs::write(&path, manifest).map_err(|e| (path, e))?;
        let concept = |at: u32| self.concepts[at as usize].key.to_string();
        let rows = self.concepts.iter().map(|c| {
            let (key, sectors) = (c.key.to_string(), c.sectors.join(";"));
            let (replaced, broader) = (joined(&c.replaced_by), joined(&c.broader));
            let kind = c.kind.as_str().to_owned();
            let status = c.status.as_str().to_owned();
            [key, kind, c.label.clone(), c.description.clone(), status, replaced, broader, sectors]
        });
        table(folder, CONCEPTS, &CONCEPT_COLUMNS, rows)?;
        let rows = self.names.iter();
        let rows =
            rows.map(|n| [concept(n.concept), n.name.clone(), n.called.as_str().to_owned(), n.source.to_string()]);
        table(folder, NAMES, &NAME_COLUMNS, rows)?;
        let groups = self.relations.chunk_by(|a, b| (a.from, a.relation) == (b.from, b.relation));
        let rows = groups.filter_map(|group| {
            let first: &Relation = group.first()?;
            let to: Vec<String> = group.iter().map(|r| self.target_text(&r.to)).collect();
            Some([concept(first.from), first.relation.as_str().to_owned(), to.join(";")])
        });
        table(folder, RELATIONS, &RELATION_COLUMNS, rows)?;
        let rows = self.texts.iter().map(|t| [concept(t.concept), t.sort.to_string(), t.text.clone()]);
        table(folder, TEXTS, &TEXT_COLUMNS, rows)
    }

    fn target_text(&self, target: &Target) -> String {
        self.target(target).to_string()
    }
}

/// A bundle, or an empty folder.
fn may_be_replaced(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn joined(keys: &[ConceptKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

fn table<const N: usize>(
    folder: &Path,
    name: &str,
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<(), (PathBuf, io::Error)> {
    let path = folder.join(name);
    let write = || -> io::Result<()> {
        let file = BufWriter::with_capacity(1 << 16, fs::File::create(&path)?);
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(columns)?;
        for row in rows {
            writer.write_record(&row)?;
        }
        let file = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(|e| (path.clone(), e))
}
