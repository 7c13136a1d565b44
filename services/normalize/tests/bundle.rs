//! The folder of a taxonomy: what is written is read again, and what is wrong in it is said.

#![expect(clippy::unwrap_used, reason = "a test says what broke by breaking")]

use std::fs;
use std::path::Path;

use skillwire_normalize::bundle::{Bundle, NameCalled, Status};
use skillwire_normalize::import::{Format, ImportOptions, import};

/// A small O*NET, so that the bundle has something of everything.
fn small(folder: &Path) -> Bundle {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write(
        "Occupation Data.txt",
        "O*NET-SOC Code\tTitle\tDescription\n51-4121.00\tWelders, Cutters\tJoin \"metal\", all of it.\n51-4121.06\tWelders\tJoin.\n",
    );
    write(
        "Alternate Titles.txt",
        "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n51-4121.06\tTIG Welder (Tungsten Inert Gas Welder)\tTIG Welder\t08\n",
    );
    import(Format::Onet, folder, &ImportOptions::default(), &mut |_| ()).unwrap()
}

#[test]
fn what_is_written_is_read_again_and_written_the_same() {
    let (input, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bundle = small(input.path());
    assert_eq!(bundle.concepts[1].broader, [bundle.concepts[0].key.clone()]);
    let names: Vec<(&str, NameCalled)> = bundle.names_of(1).iter().map(|n| (n.name.as_str(), n.called)).collect();
    let alias = NameCalled::Alias;
    assert_eq!(
        names,
        [
            ("TIG Welder (Tungsten Inert Gas Welder)", alias),
            ("TIG Welder", alias),
            ("Tungsten Inert Gas Welder", alias)
        ]
    );
    assert!(bundle.names_of(0).is_empty());
    let (first, second) = (output.path().join("a"), output.path().join("b"));
    bundle.write(&first).unwrap();
    let read = Bundle::read(&first).unwrap();
    assert_eq!(read, bundle);
    read.write(&second).unwrap();
    for file in fs::read_dir(&first).unwrap().map(Result::unwrap) {
        assert_eq!(fs::read(file.path()).unwrap(), fs::read(second.join(file.file_name())).unwrap(), "{file:?}");
    }
    assert!(Bundle::is_at(&first) && !Bundle::is_at(input.path()));
}

#[test]
fn a_bundle_is_replaced_and_another_folder_is_not() {
    let (input, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut bundle = small(input.path());
    let place = output.path().join("taxonomy");
    bundle.write(&place).unwrap();
    bundle.concepts[0].status = Status::Retired;
    bundle.write(&place).unwrap();
    assert_eq!(Bundle::read(&place).unwrap().concepts[0].status, Status::Retired);
    let left: Vec<_> = fs::read_dir(output.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["taxonomy"], "nothing is left beside it");

    let other = output.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "years of work").unwrap();
    let error = bundle.write(&other).unwrap_err().to_string();
    assert!(error.contains("no taxonomy bundle"), "{error}");
    assert_eq!(fs::read_to_string(other.join("thesis.txt")).unwrap(), "years of work");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let (input, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small(input.path()).write(&output.path().join("b")).unwrap();
    let place = output.path().join("b");
    let error = |file: &str, from: &str, to: &str| {
        let whole = fs::read_to_string(place.join(file)).unwrap();
        assert!(whole.contains(from), "{file} has no {from}");
        fs::write(place.join(file), whole.replacen(from, to, 1)).unwrap();
        let error = Bundle::read(&place).unwrap_err().to_string();
        fs::write(place.join(file), whole).unwrap();
        error
    };
    for (file, from, to, wanted) in [
        ("concepts.csv", "occupation", "hobby", "concepts.csv, line 2: column kind: "),
        ("concepts.csv", "active", "gone", "'gone' is no status; give active, heading, retired"),
        ("concepts.csv", "onet-soc:51-4121.06", "onet-soc:51-4121.00", "concepts.csv, line 3: column concept: "),
        ("concepts.csv", "kind,label", "label,kind", "they must be concept,kind,label"),
        ("names.csv", "onet-soc:51-4121.06", "onet-soc:99-9999.99", "does not stand in concepts.csv"),
        ("names.csv", "alias", "nickname", "names.csv, line 2: 'nickname' is no way to be called"),
        ("texts.csv", "onet-soc:", "onet:", "texts.csv, line 2: the concept 'onet:51-4121.00' does not stand"),
        ("taxonomy.json", "\"format\": 1", "\"format\": 7", "is of format 7; this program reads 1"),
    ] {
        let error = error(file, from, to);
        assert!(error.contains(wanted), "{file}: {error}");
    }
    fs::remove_file(place.join("relations.csv")).unwrap();
    let error = Bundle::read(&place).unwrap_err().to_string();
    assert!(error.contains("a taxonomy bundle holds taxonomy.json, concepts.csv"), "{error}");
}
