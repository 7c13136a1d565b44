//! O*NET text files -> a bundle.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what broke by breaking")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use skillwire_normalize::bundle::{Bundle, NameCalled, RelationKind, Status};
use skillwire_normalize::import::{Format, ImportOptions, import};
use zip::write::SimpleFileOptions;

const FILES: [(&str, &str); 9] = [
    ("Read Me.txt", "O*NET 29.1 Database\nNovember 2024 Release\n"),
    (
        "Occupation Data.txt",
        "O*NET-SOC Code\tTitle\tDescription\r\n\
         11-1011.00\tChief Executives\tDetermine policies.\r\n\
         15-1252.00\tSoftware Developers\tDevelop \"software\".\r\n\
         15-1252.00\tSoftware Developers\tAgain.\r\n\
         bad\tNobody\tNothing.\r\n\
         15-1253.00\t\tNo title.\r\n",
    ),
    (
        "Alternate Titles.txt",
        "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n\
         11-1011.00\tChief Financial Officer (CFO)\tCFO\t01\n\
         11-1011.00\tChief Financial Officer (CFO)\tCFO\t02\n\
         11-1011.00\tPresident\tn/a\t02\n\
         15-1252.00\tPresident\tn/a\t02\n\
         99-9999.00\tGhost\tn/a\t02\n\
         15-1252.00\t\tn/a\t02\n\
         15-1252.00\tDevelopersâ€™ Lead\tn/a\t02\n",
    ),
    (
        "Sample of Reported Titles.txt",
        "O*NET-SOC Code\tReported Job Title\tShown in My Next Move\n15-1252.00\tProgrammer\tY\n11-1011.00\tPresident\tN\n",
    ),
    (
        "Content Model Reference.txt",
        "Element ID\tElement Name\tDescription\n1.A\tAbilities\tx\n1.B\tInterests\tx\n2.A.1\tContent\tx\n2.A.1.a\tReading Comprehension\tUnderstand.\n2.C.10\tTransportation\tPrinciples.\n",
    ),
    (
        "Related Occupations.txt",
        "O*NET-SOC Code\tRelated O*NET-SOC Code\tRelatedness Tier\tIndex\n11-1011.00\t15-1252.00\tPrimary-Short\t1\n",
    ),
    (
        "Technology Skills.txt",
        "O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\tHot Technology\tIn Demand\n\
         15-1252.00\tC++\t43232402\tDevelopment environment software\tY\tN\n\
         15-1252.00\tC#\t43232402\tDevelopment environment software\tY\tN\n\
         11-1011.00\tAdobe Systems Adobe Acrobat\t43232202\tDocument management software\tY\tN\n\
         11-1011.00\tStructured query language SQL\t43232402\tDevelopment environment software\tY\tN\n",
    ),
    (
        "UNSPSC Reference.txt",
        "Commodity Code\tCommodity Title\tClass Code\tClass Title\tFamily Code\tFamily Title\tSegment Code\tSegment Title\n\
         43232402\tDevelopment environment software\t43232400\tDevelopment software\t43230000\tSoftware\t43000000\tInformation Technology\n\
         43232202\tDocument management software\t43232200\tContent management software\t43230000\tSoftware\t43000000\tInformation Technology\n",
    ),
    ("DWA Reference.txt", "Element ID\tIWA ID\tDWA ID\tDWA Title\n4.A\t4.A.I01\t4.A.I01.D01\tWrite computer code.\n"),
];

fn folder(place: &Path) {
    for (name, text) in FILES {
        fs::write(place.join(name), text).unwrap();
    }
    fs::write(
        place.join("Tasks to DWAs.txt"),
        "O*NET-SOC Code\tTask ID\tDWA ID\tDate\tDomain Source\n15-1252.00\t1\t4.A.I01.D01\t07/2014\tAnalyst\n15-1252.00\t2\t4.A.I01.D01\t07/2014\tAnalyst\n",
    )
    .unwrap();
}

fn read(place: &Path) -> Bundle {
    import(Format::Onet, place, &ImportOptions::default(), &mut |_| ()).unwrap()
}

fn at(bundle: &Bundle, concept: &str) -> u32 {
    let found = bundle.concepts.iter().position(|c| c.key.to_string() == concept);
    u32::try_from(found.unwrap_or_else(|| panic!("{concept} is not there"))).unwrap()
}

fn names(bundle: &Bundle, concept: &str) -> Vec<(String, &'static str)> {
    let of = bundle.names_of(at(bundle, concept));
    of.iter().map(|n| (n.name.clone(), if n.called == NameCalled::Abbreviation { "short" } else { "alias" })).collect()
}

#[test]
fn a_folder_becomes_a_bundle() {
    let place = tempfile::tempdir().unwrap();
    folder(place.path());
    let bundle = read(place.path());
    let schemes: Vec<(&str, &str)> =
        bundle.manifest.schemes.iter().map(|s| (s.scheme.as_str(), s.release.as_str())).collect();
    assert_eq!(schemes, [("onet-soc", "29.1"), ("onet-technology", "29.1"), ("onet-element", "29.1")]);
    assert_eq!(bundle.manifest.schemes[0].licence, "CC BY 4.0");
    assert_eq!(
        names(&bundle, "onet-soc:11-1011.00"),
        [
            ("Chief Financial Officer (CFO)".to_owned(), "alias"),
            ("Chief Financial Officer".to_owned(), "alias"),
            ("CFO".to_owned(), "short"),
            ("President".to_owned(), "alias")
        ]
    );
    assert!(names(&bundle, "onet-soc:15-1252.00").contains(&("President".to_owned(), "alias")), "a title of two codes");
    assert_eq!(
        names(&bundle, "onet-technology:structured-query-language-sql"),
        [("Structured query language".to_owned(), "alias"), ("SQL".to_owned(), "short")]
    );
    assert_eq!(names(&bundle, "onet-technology:adobe-systems-adobe-acrobat"), [("Adobe Acrobat".to_owned(), "alias")]);
    let concept = |key: &str| &bundle.concepts[at(&bundle, key) as usize];
    assert_eq!(concept("onet-technology:c#").broader, [concept("onet-technology:43232402").key.clone()]);
    assert_eq!(concept("onet-technology:43230000").broader, [concept("onet-technology:43000000").key.clone()]);
    assert_eq!(concept("onet-technology:43232400").status, Status::Heading);
    assert_eq!(concept("onet-element:2.A.1").status, Status::Heading);
    assert_eq!(concept("onet-element:2.A.1.a").status, Status::Active);
    assert_eq!(concept("onet-element:2.C.10").kind.as_str(), "knowledge");
    assert!(!bundle.concepts.iter().any(|c| c.key.id == "1.B"));
    let relation = |kind| bundle.relations.iter().filter(move |r| r.relation == kind).count();
    assert_eq!((relation(RelationKind::Related), relation(RelationKind::Optional)), (1, 4));
    let activities: Vec<&str> =
        bundle.texts.iter().filter(|t| &*t.sort == "work activity").map(|t| t.text.as_str()).collect();
    assert_eq!(activities, ["Write computer code."]);
}

#[test]
fn what_is_odd_is_reported() {
    let place = tempfile::tempdir().unwrap();
    folder(place.path());
    let oddities = read(place.path()).manifest.oddities;
    for (sort, count) in [
        ("code is there twice", 1),
        ("code has not the form 51-4121.00", 1),
        ("blank title or code", 1),
        ("blank title", 1),
        ("code has no occupation", 1),
        ("title is there twice with the same code", 1),
        ("text went through a wrong encoding", 1),
        ("optional file is missing", 2),
    ] {
        assert_eq!(oddities.count(sort), count, "{sort}: {oddities:?}");
    }
    let ghost = oddities.0.iter().find(|o| o.sort == "code has no occupation").unwrap();
    assert_eq!((ghost.examples[0].file.as_str(), ghost.examples[0].line), ("Alternate Titles.txt", 6));
}

#[test]
fn a_zip_reads_like_its_folder_and_its_name_tells_the_release() {
    let place = tempfile::tempdir().unwrap();
    let (inside, path) = (place.path().join("in"), place.path().join("db_28_3_text.zip"));
    fs::create_dir(&inside).unwrap();
    folder(&inside);
    fs::remove_file(inside.join("Read Me.txt")).unwrap();
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for entry in fs::read_dir(&inside).unwrap().map(Result::unwrap) {
        let name = format!("db_28_3_text/{}", entry.file_name().to_string_lossy());
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(entry.path()).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let (zipped, plain) = (read(&path), read(&inside));
    assert_eq!(zipped.concepts, plain.concepts);
    assert_eq!(zipped.names, plain.names);
    assert_eq!(zipped.manifest.schemes[0].release, "28.3");
}

#[test]
fn what_is_missing_is_said() {
    let place = tempfile::tempdir().unwrap();
    folder(place.path());
    fs::remove_file(place.path().join("Alternate Titles.txt")).unwrap();
    let error =
        |path: &Path| import(Format::Onet, path, &ImportOptions::default(), &mut |_| ()).unwrap_err().to_string();
    let message = error(place.path());
    assert!(message.contains("there is no 'Alternate Titles.txt'") && message.contains("required are"), "{message}");
    fs::write(place.path().join("Alternate Titles.txt"), "Code\tTitle\nx\ty\n").unwrap();
    let message = error(place.path());
    assert!(message.contains("Alternate Titles.txt, line 1: there is no column O*NET-SOC Code"), "{message}");
    let message = error(&place.path().join("nowhere"));
    assert!(message.contains("is not there"), "{message}");
    fs::write(place.path().join("x.zip"), "no zip").unwrap();
    let message = error(&place.path().join("x.zip"));
    assert!(message.contains("damaged or no zip"), "{message}");
}

#[test]
fn a_zip_that_unpacks_to_far_too_much_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("bomb.zip");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in [("Occupation Data.txt", 30_000_000), ("Alternate Titles.txt", 10)] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![b'a'; bytes]).unwrap();
    }
    zip.finish().unwrap();
    let error = import(Format::Onet, &path, &ImportOptions::default(), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("bomb.zip/Occupation Data.txt") && error.contains("times its size"), "{error}");
}

/// The published files, where they are: counts of what is known to be in them.
#[test]
fn the_published_release_is_read_whole() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/onet-27.0");
    if !place.exists() {
        println!("skipped: {} is not here", place.display());
        return;
    }
    let bundle = read(&place);
    let count = |what: &str| bundle.manifest.counts.get(what).copied().unwrap_or_default();
    assert_eq!(bundle.manifest.schemes[0].release, "27.0");
    assert_eq!(count("onet-soc.occupation"), 1016);
    assert!(count("onet-technology.technology") > 8600, "{:?}", bundle.manifest.counts);
    assert!(count("names.alias") > 40_000 && count("names.abbreviation") > 500, "{:?}", bundle.manifest.counts);
    assert!(count("relations.related") > 15_000 && count("texts") > 15_000, "{:?}", bundle.manifest.counts);
    let cna = at(&bundle, "onet-soc:31-1131.00");
    assert!(bundle.names_of(cna).iter().any(|n| n.name == "CNA" && n.called == NameCalled::Abbreviation));
}
