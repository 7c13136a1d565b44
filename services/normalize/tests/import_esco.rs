//! ESCO CSV -> a bundle.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what broke by breaking")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use skillwire_normalize::bundle::{Bundle, NameCalled, RelationKind, Status};
use skillwire_normalize::import::{Format, ImportOptions, import};
use zip::write::SimpleFileOptions;

const SKILL: &str = "http://data.europa.eu/esco/skill/";
const JOB: &str = "http://data.europa.eu/esco/occupation/";

fn skills() -> String {
    format!(
        "\u{feff}conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status,scopeNote,definition,description\n\
         KnowledgeSkillCompetence,{SKILL}1,skill/competence,sector-specific,weld metal,\"metal welding\nWeld metal\nTIG\",welder stuff,released,Not glue.,To join.,\"Join \"\"metal\"\", hot.\"\n\
         KnowledgeSkillCompetence,{SKILL}2,knowledge,cross-sector,Java (computer programming),Java 8,,released,,,A language.\n\
         KnowledgeSkillCompetence,{SKILL}3,,cross-sector,old skill,,,obsolete,,,Gone.\n\
         KnowledgeSkillCompetence,{SKILL}4,skill/competence,cross-sector,,,,released,,,No label.\n\
         KnowledgeSkillCompetence,{SKILL}1,skill/competence,cross-sector,again,,,released,,,Twice.\n\
         KnowledgeSkillCompetence,not-an-address,skill/competence,cross-sector,odd,,,released,,,x\n"
    )
}

fn occupations() -> String {
    format!(
        "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,hiddenLabels,status,description,code\n\
         Occupation,{JOB}a,7212,welder,\"computer numerical control welder (CNC)\ntorch operator\",,released,Welds.,7212.3\n\
         Occupation,{JOB}b,7212,spot welder,,,released,Welds spots.,7212.3.1\n\
         Occupation,{JOB}c,110,officer,,,released,Commands.,0110.1\n"
    )
}

const ISCO: &str = "conceptType,conceptUri,code,preferredLabel,status,altLabels,inScheme,description\n\
    ISCOGroup,http://data.europa.eu/esco/isco/C7212,7212,Welders and flame cutters,released,,,x\n\
    ISCOGroup,http://data.europa.eu/esco/isco/C721,721,Moulders,released,,,x\n\
    ISCOGroup,http://data.europa.eu/esco/isco/C0110,0110,Commissioned officers,released,,,x\n";

fn relations() -> String {
    format!(
        "occupationUri,relationType,skillType,skillUri\n{JOB}a,essential,skill/competence,{SKILL}1\n{JOB}a,optional,knowledge,{SKILL}2\n\
         {JOB}a,essential,knowledge,{SKILL}9\n{JOB}a,perhaps,knowledge,{SKILL}2\n"
    )
}

fn hierarchy() -> String {
    format!(
        "Level 0 URI,Level 0 preferred term,Level 1 URI,Level 1 preferred term,Description,Scope note,Level 0 code,Level 1 code\n\
         {SKILL}S,skills,,,,,S,\n{SKILL}S,skills,{SKILL}S1,working with hands,By hand.,,S,S1\n"
    )
}

fn folder(place: &Path) {
    let write = |name: &str, text: &str| fs::write(place.join(name), text).unwrap();
    write("skills_en.csv", &skills());
    write("occupations_en.csv", &occupations());
    write("ISCOGroups_en.csv", ISCO);
    write("occupationSkillRelations_en.csv", &relations());
    write("skillsHierarchy_en.csv", &hierarchy());
    write(
        "broaderRelationsSkillPillar_en.csv",
        &format!("conceptType,conceptUri,broaderType,broaderUri\nx,{SKILL}1,SkillGroup,{SKILL}S1\n"),
    );
    write(
        "greenSkillsCollection_en.csv",
        &format!(
            "conceptType,conceptUri,preferredLabel,status,broaderConceptUri,broaderConceptPT\nx,{SKILL}1,weld metal,released,,\n"
        ),
    );
}

fn read(place: &Path) -> Bundle {
    import(Format::Esco, place, &ImportOptions::default(), &mut |_| ()).unwrap()
}

fn at(bundle: &Bundle, id: &str) -> u32 {
    let found = bundle.concepts.iter().position(|c| c.key.id == id);
    u32::try_from(found.unwrap_or_else(|| panic!("{id} is not there"))).unwrap()
}

fn names(bundle: &Bundle, id: &str) -> Vec<(String, NameCalled)> {
    bundle.names_of(at(bundle, id)).iter().map(|n| (n.name.clone(), n.called)).collect()
}

fn broader(bundle: &Bundle, id: &str) -> Vec<String> {
    bundle.concepts[at(bundle, id) as usize].broader.iter().map(|key| key.id.clone()).collect()
}

#[test]
fn a_folder_becomes_a_bundle() {
    let place = tempfile::tempdir().unwrap();
    let inside = place.path().join("esco-1.2.0");
    fs::create_dir(&inside).unwrap();
    folder(&inside);
    let bundle = read(&inside);
    assert_eq!(bundle.manifest.schemes[0].release, "1.2.0");
    let id = |tail: &str| format!("{SKILL}{tail}");
    let named = |text: &str, called| (text.to_owned(), called);
    assert_eq!(
        names(&bundle, &id("1")),
        [
            named("metal welding", NameCalled::Alias),
            named("TIG", NameCalled::Abbreviation),
            named("welder stuff", NameCalled::Hidden)
        ],
        "newlines separate, the label is not repeated"
    );
    assert_eq!(
        names(&bundle, &id("2")),
        [named("Java", NameCalled::Alias), named("Java 8", NameCalled::Alias)],
        "a bracket that sorts is no name"
    );
    assert_eq!(
        names(&bundle, &format!("{JOB}a")),
        [
            named("computer numerical control welder (CNC)", NameCalled::Alias),
            named("computer numerical control welder", NameCalled::Alias),
            named("CNC", NameCalled::Abbreviation),
            named("torch operator", NameCalled::Alias)
        ]
    );
    let concept = |id: &str| &bundle.concepts[at(&bundle, id) as usize];
    assert_eq!(concept(&id("2")).kind.as_str(), "knowledge");
    assert_eq!((concept(&id("3")).kind.as_str(), concept(&id("3")).status), ("skill", Status::Retired));
    assert_eq!(concept(&id("S1")).status, Status::Heading);
    assert_eq!(broader(&bundle, &id("1")), [id("S1")]);
    assert_eq!(broader(&bundle, &id("S1")), [id("S")]);
    assert_eq!(broader(&bundle, &format!("{JOB}b")), [format!("{JOB}a")], "7212.3.1 is under 7212.3");
    assert_eq!(broader(&bundle, &format!("{JOB}a")), ["http://data.europa.eu/esco/isco/C7212"]);
    assert_eq!(broader(&bundle, &format!("{JOB}c")), ["http://data.europa.eu/esco/isco/C0110"], "the zero is restored");
    assert_eq!(broader(&bundle, "http://data.europa.eu/esco/isco/C7212"), ["http://data.europa.eu/esco/isco/C721"]);
    let sorts: Vec<&str> =
        bundle.texts.iter().filter(|t| t.concept == at(&bundle, &id("1"))).map(|t| &*t.sort).collect();
    assert_eq!(sorts, ["description", "definition", "scope note"]);
    let relation = |kind| bundle.relations.iter().filter(move |r| r.relation == kind).count();
    assert_eq!((relation(RelationKind::Essential), relation(RelationKind::Optional)), (1, 1));
}

#[test]
fn what_is_odd_is_reported() {
    let place = tempfile::tempdir().unwrap();
    folder(place.path());
    let oddities = read(place.path()).manifest.oddities;
    for (sort, count) in [
        ("conceptUri is there twice", 1),
        ("conceptUri is no address", 1),
        ("blank preferred label", 1),
        ("skillType is blank or unknown: taken as a skill", 1),
        ("relation names a concept that is not there", 1),
        ("relation is neither essential nor optional", 1),
        ("file is not used", 1),
        ("release is not told", 1),
        ("broader concept is not there", 2),
    ] {
        assert_eq!(oddities.count(sort), count, "{sort}: {oddities:?}");
    }
    let twice = oddities.0.iter().find(|o| o.sort == "conceptUri is there twice").unwrap();
    assert_eq!((twice.examples[0].file.as_str(), twice.examples[0].line), ("skills_en.csv", 8));
}

#[test]
fn a_folder_of_zips_reads_like_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let (inside, zips) = (place.path().join("in"), place.path().join("esco-1.1.1"));
    fs::create_dir(&inside).unwrap();
    fs::create_dir(&zips).unwrap();
    folder(&inside);
    for (archive, part) in [("relations.zip", true), ("classification.zip", false)] {
        let mut zip = zip::ZipWriter::new(File::create(zips.join(archive)).unwrap());
        for entry in fs::read_dir(&inside).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("occupationSkillRelations") == part {
                zip.start_file(if part { "o.csv".to_owned() } else { name }, SimpleFileOptions::default()).unwrap();
                zip.write_all(&fs::read(entry.path()).unwrap()).unwrap();
            }
        }
        zip.finish().unwrap();
    }
    let (zipped, plain) = (read(&zips), read(&inside));
    assert_eq!((&zipped.concepts, &zipped.names, &zipped.relations), (&plain.concepts, &plain.names, &plain.relations));
    assert_eq!(zipped.manifest.schemes[0].release, "1.1.1");
}

#[test]
fn of_several_languages_one_is_read() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("skills_en.csv"), skills()).unwrap();
    fs::write(place.path().join("skills_de.csv"), skills().replace("weld metal", "Metall schweißen")).unwrap();
    let label = |language: Option<&str>| {
        let options = ImportOptions { language: language.map(ToOwned::to_owned), ..ImportOptions::default() };
        let bundle = import(Format::Esco, place.path(), &options, &mut |_| ()).unwrap();
        let label = bundle.concepts[at(&bundle, &format!("{SKILL}1")) as usize].label.clone();
        (label, bundle.manifest.oddities.count("language is not English"))
    };
    assert_eq!(label(None), ("weld metal".to_owned(), 0));
    assert_eq!(label(Some("de")), ("Metall schweißen".to_owned(), 1));
    fs::remove_file(place.path().join("skills_en.csv")).unwrap();
    assert_eq!(label(None).0, "Metall schweißen");
}

#[test]
fn what_is_missing_is_said() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("x.csv"), "a,b\n1,2\n").unwrap();
    let error = import(Format::Esco, place.path(), &ImportOptions::default(), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("required is skills_en.csv or occupations_en.csv"), "{error}");
}

/// The published files, where they are: counts of what is known to be in them.
#[test]
fn the_published_release_is_read_whole() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/esco-1.1.1");
    if !place.exists() {
        println!("skipped: {} is not here", place.display());
        return;
    }
    let bundle = read(&place);
    let count = |what: &str| bundle.manifest.counts.get(what).copied().unwrap_or_default();
    assert_eq!(bundle.manifest.schemes[0].release, "1.1.1");
    assert_eq!(count("esco.skill") + count("esco.knowledge"), 13_896);
    assert_eq!(count("esco.occupation"), 3_007);
    assert_eq!(count("esco.heading"), 619 + 647);
    let twice = bundle.manifest.oddities.count("relation is there twice");
    let lost = bundle.manifest.oddities.count("relation names a concept that is not there");
    assert_eq!(count("relations.essential") + count("relations.optional") + twice + lost, 123_855);
    assert_eq!(lost, 67, "the relations of one occupation that is not in the table of occupations");
    assert!(count("names.alias") > 100_000, "{:?}", bundle.manifest.counts);
    let under = bundle.concepts.iter().filter(|c| c.key.id.contains("/occupation/")).all(|c| !c.broader.is_empty());
    assert!(under, "every occupation is under a group or another occupation");
}
