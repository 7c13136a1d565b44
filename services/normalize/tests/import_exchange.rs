//! The exchange formats -> a bundle: Lightcast, CASE, CTDL, rich skill descriptors, tables.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what broke by breaking")]

use std::fs;
use std::path::{Path, PathBuf};

use skillwire_normalize::bundle::{Bundle, NameCalled, RelationKind, Status};
use skillwire_normalize::import::{Format, ImportOptions, import};

fn try_read(format: Format, path: &Path, options: &ImportOptions) -> Result<Bundle, String> {
    import(format, path, options, &mut |_| ()).map_err(|e| e.to_string())
}

/// Imports one file of this text.
fn read(format: Format, name: &str, text: &str) -> Bundle {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(name), text).unwrap();
    try_read(format, &place.path().join(name), &ImportOptions::default()).unwrap()
}

fn at(bundle: &Bundle, concept: &str) -> u32 {
    let found = bundle.concepts.iter().position(|c| c.key.to_string() == concept);
    let there = || bundle.concepts.iter().map(|c| c.key.to_string()).collect::<Vec<_>>().join(", ");
    u32::try_from(found.unwrap_or_else(|| panic!("{concept} is not among {}", there()))).unwrap()
}

fn names(bundle: &Bundle, concept: &str) -> Vec<String> {
    bundle.names_of(at(bundle, concept)).iter().map(|n| format!("{}:{}", n.called.as_str(), n.name)).collect()
}

fn broader(bundle: &Bundle, concept: &str) -> Vec<String> {
    bundle.concepts[at(bundle, concept) as usize].broader.iter().map(|k| k.id.clone()).collect()
}

fn relations(bundle: &Bundle) -> Vec<(RelationKind, String)> {
    bundle.relations.iter().map(|r| (r.relation, bundle.target(&r.to).to_string())).collect()
}

fn standards(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/standards").join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
    }
    Some(path).filter(|path| path.exists())
}

#[test]
fn lightcast_json_and_csv() {
    let bundle = read(
        Format::Lightcast,
        "skills_9.33.json",
        r#"{"data": [
            {"id": "KS1", "name": "Python (Programming Language)", "type": {"id": "ST1", "name": "Specialized Skill"},
             "isSoftware": true, "category": {"id": 17, "name": "IT"}, "subcategory": {"id": 525, "name": "Scripting"}},
            {"id": "KS2", "name": "Communication", "type": {"id": "ST2", "name": "Common Skill"}},
            {"id": "KS3", "name": "Certified Nursing Assistant (CNA)", "type": {"id": "ST3", "name": "Certification"}},
            {"id": "KS3", "name": "Again", "type": {"id": "ST3", "name": "Certification"}},
            {"id": "KS4", "name": "", "type": {}}]}"#,
    );
    assert_eq!(bundle.manifest.schemes[0].release, "9.33");
    assert!(bundle.manifest.schemes[0].licence.contains("user's own"));
    let kind = |id: &str| bundle.concepts[at(&bundle, &format!("lightcast:{id}")) as usize].kind.as_str();
    assert_eq!([kind("KS1"), kind("KS2"), kind("KS3")], ["technology", "skill", "credential"]);
    assert_eq!(names(&bundle, "lightcast:KS1"), ["alias:Python"]);
    assert_eq!(names(&bundle, "lightcast:KS3"), ["alias:Certified Nursing Assistant", "abbreviation:CNA"]);
    assert_eq!(broader(&bundle, "lightcast:KS1"), ["category/525"]);
    assert_eq!(broader(&bundle, "lightcast:category/525"), ["category/17"]);
    let oddities = &bundle.manifest.oddities;
    assert_eq!((oddities.count("id is there twice"), oddities.count("id or name is blank")), (1, 1));
    let csv =
        read(Format::Lightcast, "x.csv", "SKILL_ID,SKILL_NAME,SKILL_TYPE\nKS3,CNA,Certification\nKS9,Odd,Hobby\n");
    assert_eq!(csv.concepts[0].kind.as_str(), "credential");
    assert_eq!(csv.manifest.oddities.count("type is none of certification, common, specialized: taken as a skill"), 1);
}

const CASE: &str = r#"{"CFDocument": {"identifier": "d", "title": "Nursing", "creator": "Board", "version": "2.1", "uri": "u", "licenseURI": {"title": "CC BY", "identifier": "l", "uri": "x"}},
 "CFItems": [
  {"identifier": "1", "fullStatement": "Patient care", "CFItemType": "Domain", "humanCodingScheme": "N.1"},
  {"identifier": "2", "fullStatement": "Take vital signs", "abbreviatedStatement": "Vitals", "notes": "Pulse too.", "conceptKeywords": ["pulse", "pressure"]},
  {"identifier": "3", "fullStatement": "Old way", "statusEndDate": "2020-01-01"},
  {"identifier": "4", "fullStatement": "Older way"},
  {"identifier": "", "fullStatement": "No id"}],
 "CFAssociations": [
  {"associationType": "isChildOf", "sequenceNumber": "1", "originNodeURI": {"identifier": "1", "uri": "u"}, "destinationNodeURI": {"identifier": "d", "uri": "u"}},
  {"associationType": "isChildOf", "originNodeURI": {"identifier": "2"}, "destinationNodeURI": {"identifier": "1"}},
  {"associationType": "replacedBy", "originNodeURI": {"identifier": "4"}, "destinationNodeURI": {"identifier": "2"}},
  {"associationType": "exactMatchOf", "originNodeURI": {"identifier": "2"}, "destinationNodeURI": {"identifier": "x", "uri": "http://data.europa.eu/esco/skill/9"}},
  {"associationType": "isRelatedTo", "originNodeURI": {"identifier": "2"}, "destinationNodeURI": {"identifier": "x", "uri": "http://elsewhere.example/9"}},
  {"associationType": "isFriendOf", "originNodeURI": {"identifier": "2"}, "destinationNodeURI": {"identifier": "1"}}]}"#;

#[test]
fn case_packages() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("p.json"), CASE).unwrap();
    let options = ImportOptions { today: "2026-11-01".parse().ok(), ..ImportOptions::default() };
    let bundle = try_read(Format::Case, place.path(), &options).unwrap();
    let scheme = &bundle.manifest.schemes[0];
    assert_eq!(
        (scheme.scheme.as_str(), scheme.release.as_str(), scheme.publisher.as_str()),
        ("case-nursing", "2.1", "Board")
    );
    assert_eq!(broader(&bundle, "case-nursing:2"), ["1"]);
    assert!(broader(&bundle, "case-nursing:1").is_empty(), "the document is no concept");
    assert_eq!(names(&bundle, "case-nursing:2"), ["alias:Vitals"]);
    assert_eq!(names(&bundle, "case-nursing:1"), ["hidden:N.1"]);
    let status = |id: &str| bundle.concepts[at(&bundle, &format!("case-nursing:{id}")) as usize].status;
    let all = ["1", "2", "3", "4"].map(status);
    assert_eq!(all, [Status::Heading, Status::Active, Status::Retired, Status::Retired]);
    assert_eq!(bundle.concepts[at(&bundle, "case-nursing:4") as usize].replaced_by[0].id, "2");
    assert_eq!(relations(&bundle), [(RelationKind::ExactMatch, "esco:http://data.europa.eu/esco/skill/9".to_owned())]);
    for (sort, count) in [
        ("sequenceNumber is a text", 1),
        ("item without identifier or fullStatement", 1),
        ("association with an item that is not there", 1),
        ("association of another sort", 1),
    ] {
        assert_eq!(bundle.manifest.oddities.count(sort), count, "{sort}: {:?}", bundle.manifest.oddities);
    }
    fs::write(place.path().join("p.json"), "{\"a\": 1}").unwrap();
    let error = try_read(Format::Case, place.path(), &options).unwrap_err();
    assert!(error.contains("is no CASE package"), "{error}");
}

#[test]
fn case_samples_as_published() {
    if let Some(path) = standards("case-SmartLevelFramework.json") {
        let bundle = try_read(Format::Case, &path, &ImportOptions::default()).unwrap();
        assert_eq!(bundle.concepts.len(), 14);
        assert_eq!(bundle.concepts.iter().filter(|c| c.broader.len() == 1).count(), 12, "two are at the top");
    }
    if let Some(path) = standards("opensalt-sample_case.csv") {
        let bundle = try_read(Format::Case, &path, &ImportOptions::default()).unwrap();
        let scheme = bundle.manifest.schemes[0].scheme.clone();
        assert_eq!(bundle.concepts.len(), 10);
        assert_eq!(
            broader(&bundle, &format!("{scheme}:Math.Fractions.Cluster1.Standard1a")),
            ["Math.Fractions.Cluster1.Standard1"]
        );
        assert_eq!(broader(&bundle, &format!("{scheme}:Math.Fractions")), ["Math"]);
    }
}

const CTDL: &str = r#"{ // A sample, as published.
 "@context": "https://credreg.net/ctdl/schema/context/json",
 "@graph": [
  {"@type": "ceasn:CompetencyFramework", "@id": "https://x/resources/ce-0", "ceasn:name": {"en": "Welding"}},
  {"@type": "ceasn:Competency", "@id": "https://x/resources/ce-11111111-1111-1111-1111-111111111111", "ceterms:ctid": "CE-11111111-1111-1111-1111-111111111111",
   "ceasn:competencyText": {"en-US": "Weld pipe"}, "ceasn:dateCreated": "2020-02-31", "ceasn:codedNotation": "W.1",
   "ceasn:exactAlignment": ["http://data.europa.eu/esco/skill/7"], "ceasn:hasChild": ["https://x/resources/ce-22222222-2222-2222-2222-222222222222"]},
  {"@type": "Competency", "ctid": "ce-22222222-2222-2222-2222-222222222222", "competencyLabel": "Weld small pipe", "competencyText": "Weld pipe of small bore."},
  {"@type": ["ceterms:Certification"], "ceterms:ctid": "ce-333", "ceterms:name": {"en": "Certified Welder (CW)"}, "ceterms:alternateName": ["Pipe Pro"],
   "ceterms:credentialStatusType": {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNode": "credentialStat:Active"},
   "ceterms:requires": [{"@type": "ceterms:ConditionProfile", "ceterms:targetCompetency": [{"targetNode": "https://x/resources/ce-11111111-1111-1111-1111-111111111111"}]}],
   "ceterms:recommends": {"targetCredential": ["https://x/resources/ce-444"]}},
  {"@type": "ceterms:License", "@id": "https://x/resources/ce-444", "name": "Old License", "credentialStatusType": {"targetNode": "credentialStat:Deprecated"}},
  {"@type": "Competency", "@id": "https://x/5"}
 ] }"#;

#[test]
fn ctdl_documents() {
    let bundle = read(Format::Ctdl, "ctdl.json", CTDL);
    let first = "ctdl:ce-11111111-1111-1111-1111-111111111111";
    assert_eq!(bundle.manifest.schemes[0].title, "Welding");
    assert_eq!(bundle.concepts[at(&bundle, first) as usize].label, "Weld pipe");
    assert_eq!(
        broader(&bundle, "ctdl:ce-22222222-2222-2222-2222-222222222222"),
        ["ce-11111111-1111-1111-1111-111111111111"]
    );
    assert_eq!(names(&bundle, "ctdl:ce-333"), ["alias:Certified Welder", "abbreviation:CW", "alias:Pipe Pro"]);
    assert_eq!(bundle.concepts[at(&bundle, "ctdl:ce-333") as usize].kind.as_str(), "credential");
    assert_eq!(bundle.concepts[at(&bundle, "ctdl:https://x/resources/ce-444") as usize].status, Status::Retired);
    let mut found = relations(&bundle);
    found.sort();
    assert_eq!(
        found,
        [
            (RelationKind::Essential, first.to_owned()),
            (RelationKind::Optional, "ctdl:https://x/resources/ce-444".to_owned()),
            (RelationKind::ExactMatch, "esco:http://data.europa.eu/esco/skill/7".to_owned()),
        ]
    );
    for sort in [
        "comment in JSON",
        "day that no calendar has",
        "ctid is not ce- and a uuid",
        "node without name or competencyText",
    ] {
        assert_eq!(bundle.manifest.oddities.count(sort), 1, "{sort}: {:?}", bundle.manifest.oddities);
    }
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("x.json"), "{\n\"a\": }").unwrap();
    let error = try_read(Format::Ctdl, place.path(), &ImportOptions::default()).unwrap_err();
    assert!(error.contains("x.json, line 2: is no JSON"), "{error}");
}

#[test]
fn rich_skill_descriptors_in_all_dialects() {
    let statement = "Access data stores.";
    for (text, id) in [
        (
            format!(
                "RSD Name,Authors,Skill Statement,Categories,Keywords,O*NET Job Codes,Alignment Name,Alignment URL,Alignment 2 Name,Alignment 2 URL\nData Access,Me,{statement},IT; Data,a; b,15-1252.00; 15-1200,x,http://data.europa.eu/esco/skill/7,y,https://skills.emsidata.com/skills/KS1\n"
            ),
            "rsd:data-access",
        ),
        (
            format!(
                "Canonical URL,RSD Name,Authors,Skill Statement,Categories,Keywords,O*Net Job Codes,Alignment URL,Alignment 2 URL\nhttps://x/api/skills/1,Data Access,Me,{statement},IT;Data,a;b,15-1252.00;15-1200,http://data.europa.eu/esco/skill/7,https://skills.emsidata.com/skills/KS1\n"
            ),
            "rsd:https://x/api/skills/1",
        ),
        (
            format!(
                "Canonical URL,RSD Name,Author,Skill Statement,Category,Keywords,O*NET Job Codes,Alignment URL\nhttps://x/api/skills/1,Data Access,Me,{statement},IT;Data,a;b,15-1252.00;15-1200,http://data.europa.eu/esco/skill/7;https://skills.emsidata.com/skills/KS1\n"
            ),
            "rsd:https://x/api/skills/1",
        ),
        (
            format!(
                "Collection,SKILL NAME,Skill Categories,Contextualized Skill Statement,Keywords,O*NET Job Role,Alignment Title,Alignment\n,Data Access,IT;Data,{statement},a;b,15-1252.00;15-1200,x,http://data.europa.eu/esco/skill/7;https://skills.emsidata.com/skills/KS1\n"
            ),
            "rsd:data-access",
        ),
    ] {
        let bundle = read(Format::Rsd, "skills.csv", &text);
        assert_eq!(bundle.concepts[at(&bundle, id) as usize].description, statement);
        assert_eq!(broader(&bundle, id), ["category/it", "category/data"]);
        assert_eq!(
            relations(&bundle),
            [
                (RelationKind::Related, "onet-soc:15-1252.00".to_owned()),
                (RelationKind::CloseMatch, "esco:http://data.europa.eu/esco/skill/7".to_owned()),
                (RelationKind::CloseMatch, "lightcast:KS1".to_owned()),
            ]
        );
        assert_eq!(bundle.manifest.oddities.count("code is no O*NET-SOC code"), 1);
    }
    let json = read(
        Format::Rsd,
        "one.json",
        r#"{"@context": "https://rsd.openskillsnetwork.org/context-v1.json", "type": "RichSkillDescriptor", "id": "https://x/api/skills/2",
            "skillName": "Data Access", "skillStatement": "Access data stores.", "status": "Archived", "category": "IT;Data",
            "occupations": [{"code": "15-1252.00"}], "alignments": [{"id": "https://skills.emsidata.com/skills/KS1"}]}"#,
    );
    let concept = &json.concepts[at(&json, "rsd:https://x/api/skills/2") as usize];
    assert_eq!((concept.status, concept.broader.len(), json.relations.len()), (Status::Retired, 2, 2));
    let same = read(Format::Rsd, "s.csv", "Skill Name,Skill Statement\nA,One.\nA,Two.\nA,One.\n,Three.\n");
    let ids: Vec<&str> = same.concepts.iter().map(|c| c.key.id.as_str()).collect();
    assert!(ids.len() == 2 && ids[0] == "a" && ids[1].starts_with("a-"), "{ids:?}");
    assert_eq!(same.manifest.oddities.count("descriptor without name or statement"), 1);
}

#[test]
fn rich_skill_descriptors_as_published() {
    if let Some(path) = standards("osmt-cli-import-sample.csv") {
        let bundle = try_read(Format::Rsd, &path, &ImportOptions::default()).unwrap();
        assert_eq!(bundle.concepts.iter().filter(|c| c.status == Status::Active).count(), 2);
        assert_eq!(relations(&bundle)[0], (RelationKind::CloseMatch, "lightcast:KS1200B62W5ZF38RJ7TD".to_owned()));
    }
    if let Some(path) = standards("osmt-batch-import-template.csv") {
        let error = try_read(Format::Rsd, &path, &ImportOptions::default()).unwrap_err();
        assert!(error.contains("holds no concept"), "a template without rows: {error}");
    }
}

#[test]
fn a_table_is_guessed_or_told() {
    let bundle = read(
        Format::Csv,
        "Our Skills.csv",
        "Code;Name;Synonyms;Parent\n1;Welding;MIG|TIG welding;\n2;Pipe welding;;1\n3;;;\n",
    );
    assert_eq!(names(&bundle, "csv-our-skills:1"), ["abbreviation:MIG", "alias:TIG welding"]);
    assert_eq!(broader(&bundle, "csv-our-skills:2"), ["1"]);
    assert_eq!(bundle.manifest.oddities.count("row without a name"), 1);
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("t.csv"), "nr,bezeichnung\n7,Schweißen\n").unwrap();
    let error = try_read(Format::Csv, place.path(), &ImportOptions::default()).unwrap_err();
    assert!(error.contains("no column is the name of a concept") && error.contains("nr, bezeichnung"), "{error}");
    let told = |field: &str, column: &str| (field.to_owned(), column.to_owned());
    let options = ImportOptions {
        scheme: Some("own".to_owned()),
        columns: vec![told("concept", "nr"), told("label", "Bezeichnung")],
        kind: Some(skillwire_schemas::ConceptKind::Occupation),
        ..ImportOptions::default()
    };
    let bundle = try_read(Format::Csv, place.path(), &options).unwrap();
    assert_eq!(
        (bundle.concepts[0].key.to_string(), bundle.concepts[0].kind.as_str()),
        ("own:7".to_owned(), "occupation")
    );
    let options = ImportOptions { scheme: Some("My Scheme".to_owned()), ..options };
    let error = try_read(Format::Csv, place.path(), &options).unwrap_err();
    assert!(error.contains("'My Scheme' is no name for a scheme") && error.contains("my-scheme"), "{error}");
}

#[test]
fn what_we_write_is_read_again_unchanged() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("p.json"), CASE.replace("Vitals", "Vitals; signs")).unwrap();
    let bundle = try_read(Format::Case, place.path(), &ImportOptions::default()).unwrap();
    let table = place.path().join("table.csv");
    bundle.write_table(fs::File::create(&table).unwrap()).unwrap();
    let again = try_read(Format::Csv, &table, &ImportOptions::default()).unwrap();
    assert_eq!(again.concepts, bundle.concepts);
    let called = |bundle: &Bundle| -> Vec<(u32, String, NameCalled)> {
        bundle.names.iter().map(|n| (n.concept, n.name.clone(), n.called)).collect()
    };
    assert_eq!(called(&again), called(&bundle));
    let folder = place.path().join("bundle");
    bundle.write(&folder).unwrap();
    assert_eq!(try_read(Format::Csv, &folder, &ImportOptions::default()).unwrap(), bundle);
}
