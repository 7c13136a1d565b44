//! Bad input, case by case: what is wrong, where, and what would be right.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test: tables of cases, and panics are its answer"
)]

use std::io::Write;

use chrono::NaiveDate;
use proptest::prelude::*;
use skillwire_intake::Config;
use skillwire_intake::read::{Context, Format, Reading, Unreadable, read};
use skillwire_schemas::CountyFips;

fn context() -> Context {
    Context {
        today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
        counties: ["29095", "20091", "01001"].iter().map(|c| CountyFips::parse(c).unwrap()).collect(),
        limits: Config { rows_max: 50, cell_chars_max: 500, unpacked_bytes_max: 2_000_000, ..Config::default() },
    }
}

fn try_read(format: Format, bytes: &[u8]) -> Result<Reading, Unreadable> {
    read(format, bytes, &context())
}

/// The first remark of the first item that has one: (place, field, code, message).
fn first_error(reading: &Reading) -> (String, String, String, String) {
    for item in &reading.items {
        if let Err(errors) = &item.result {
            let e = &errors[0];
            return (item.place.clone(), e.field.clone(), e.code.clone(), e.message.clone());
        }
    }
    panic!("nothing was refused: {reading:?}")
}

const HEAD: &str =
    "reference,occupation,openings_new_now,county,wage_min,wage_max,wage_unit,required_skills,valid_until\n";

#[test]
fn rows_that_are_wrong_say_where_and_what_would_be_right() {
    let long = "x".repeat(301);
    let huge = "x".repeat(501);
    let cases: Vec<(&str, String, &str, &str, &str)> = vec![
        (
            "negative openings",
            "A,Welder,-2,29095,,,,,".into(),
            "openings_new_now",
            "openings_negative",
            "-2 openings cannot be; give 0 or more",
        ),
        (
            "half an opening",
            "A,Welder,1.5,,,,,,".into(),
            "openings_new_now",
            "openings_fraction",
            "1.5 openings cannot be; give a whole number",
        ),
        (
            "openings in words",
            "A,Welder,three,,,,,,".into(),
            "openings_new_now",
            "openings_unreadable",
            "'three' is no number; give a whole number such as 3",
        ),
        (
            "too many openings",
            "A,Welder,20000,,,,,,".into(),
            "openings_new_now",
            "openings_many",
            "20000 openings in one need; at most 10000",
        ),
        (
            "no openings",
            "A,Welder,,,,,,,".into(),
            "openings",
            "openings_missing",
            "say how many people are wanted: at least one opening, new or replacement, in one horizon",
        ),
        (
            "zero openings",
            "A,Welder,0,,,,,,".into(),
            "openings",
            "openings_missing",
            "say how many people are wanted: at least one opening, new or replacement, in one horizon",
        ),
        (
            "scientific openings",
            "A,Welder,1e2,,,,,,".into(),
            "openings_new_now",
            "openings_unreadable",
            "'1e2' is no number; give a whole number such as 3",
        ),
        (
            "no occupation",
            "A,,2,,,,,,".into(),
            "occupation",
            "occupation_missing",
            "say what job it is, e.g. CNC Machinist",
        ),
        ("long occupation", format!("A,{long},2,,,,,,"), "occupation", "too_long", "301 characters; at most 300"),
        (
            "huge cell",
            format!("A,Welder,2,,,,,{huge},"),
            "required_skills",
            "too_long",
            "501 characters in one cell; at most 500",
        ),
        (
            "unknown county",
            "A,Welder,2,Atlantis County,,,,,".into(),
            "county",
            "county_unknown",
            "'Atlantis County' is no US county; give a name with its state (Jackson County, MO) or a 5-digit FIPS code (29095)",
        ),
        (
            "county of several states",
            "A,Welder,2,Adair County,,,,,".into(),
            "county",
            "county_unknown",
            "add the state",
        ),
        (
            "a state alone",
            "A,Welder,2,Indiana,,,,,".into(),
            "county",
            "county_unknown",
            "'Indiana' is a state; give a county with its state (e.g. Adams County, IN) or its 5-digit FIPS code (18001)",
        ),
        (
            "a county or the city beside it",
            "A,Welder,2,\"St. Louis, MO\",,,,,".into(),
            "county",
            "county_unknown",
            "'St. Louis, MO' may be St. Louis County, MO (29189) or St. Louis city, MO (29510); say which, or give its 5-digit FIPS code",
        ),
        (
            "county of another region",
            "A,Welder,2,06037,,,,,".into(),
            "county",
            "county_outside",
            "Los Angeles County, CA (06037) is not in the partnership's region; leave it empty or give one that is",
        ),
        (
            "seven dollars a year",
            "A,Welder,2,,7,,year,,".into(),
            "wage_min",
            "wage_implausible",
            "$7.00 per year is $0.00 an hour, which is no wage; did you mean per hour?",
        ),
        (
            "a year's pay an hour",
            "A,Welder,2,,52000,,hour,,".into(),
            "wage_min",
            "wage_implausible",
            "did you mean per year?",
        ),
        (
            "wage turned round",
            "A,Welder,2,,26,21,hour,,".into(),
            "wage_min",
            "wage_range",
            "the lower end $26.00 is above the upper end $21.00; swap them",
        ),
        (
            "wage in words",
            "A,Welder,2,,competitive,,hour,,".into(),
            "wage_min",
            "wage_unreadable",
            "'competitive' is no amount; write e.g. 21.50",
        ),
        (
            "unknown unit",
            "A,Welder,2,,20,,fortnight,,".into(),
            "wage_unit",
            "wage_unit",
            "'fortnight' is no wage unit; give hour, day, week, month or year",
        ),
        (
            "unit missing",
            "A,Welder,2,,900,,,,".into(),
            "wage_unit",
            "wage_unit_missing",
            "$900.00 per what? give wage_unit: hour, day, week, month or year",
        ),
        (
            "negative wage",
            "A,Welder,2,,-20,,hour,,".into(),
            "wage_min",
            "wage_unreadable",
            "'-20' is no amount; write e.g. 21.50",
        ),
        (
            "past date",
            "A,Welder,2,,,,,,2026-01-01".into(),
            "valid_until",
            "date_past",
            "2026-01-01 is past; give a day from 2026-11-24 on, or leave it empty",
        ),
        (
            "date that is none",
            "A,Welder,2,,,,,,2027-02-30".into(),
            "valid_until",
            "date_unreadable",
            "'2027-02-30' is no date; write 2027-03-31 or 3/31/2027",
        ),
        (
            "far date",
            "A,Welder,2,,,,,,2040-01-01".into(),
            "valid_until",
            "date_far",
            "2040-01-01 is more than 36 months ahead; give a day up to 2029-11-24",
        ),
        (
            "formula",
            "A,\"=HYPERLINK(1)\",2,,,,,,".into(),
            "occupation",
            "formula",
            "'=HYPERLINK(1)' is a formula; put its value there",
        ),
        (
            "line break in a title",
            "A,\"Welder\r\nBcc: x@y\",2,,,,,,".into(),
            "occupation",
            "control_characters",
            "holds a line break or another control character; write it on one line",
        ),
        (
            "more cells than columns",
            "A,Welder,2,,,,,,,stray".into(),
            "",
            "too_many_cells",
            "10 cells where the header has 9 columns; put quotes around cells that hold the separator",
        ),
        (
            "line break in a reference",
            "\"A\nB\",Welder,2,,,,,,".into(),
            "reference",
            "control_characters",
            "holds a line break or another control character; write it on one line",
        ),
    ];
    for (name, row, field, code, message) in cases {
        let reading =
            try_read(Format::Csv, format!("{HEAD}{row}\n").as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (place, got_field, got_code, got_message) = first_error(&reading);
        assert_eq!((got_field.as_str(), got_code.as_str()), (field, code), "{name}: {got_message}");
        assert!(got_message.contains(message), "{name}: {got_message}");
        assert_eq!(place, "row 2", "{name}");
    }
}

#[test]
fn a_bad_row_does_not_keep_the_good_ones() {
    let file = format!("{HEAD}A,Welder,2,29095,,,,,\nB,Cook,-1,,,,,,\nC,Driver,3,,,,,,\n");
    let reading = try_read(Format::Csv, file.as_bytes()).unwrap();
    let accepted: Vec<bool> = reading.items.iter().map(|item| item.result.is_ok()).collect();
    assert_eq!(accepted, [true, false, true]);
    assert_eq!(reading.items[1].place, "row 3");
}

#[test]
fn duplicates_are_told_with_the_first_ones_place() {
    let file = format!("{HEAD}A,Welder,2,,,,,,\nA,Cook,1,,,,,,\n");
    let (place, field, code, message) = first_error(&try_read(Format::Csv, file.as_bytes()).unwrap());
    assert_eq!((place.as_str(), field.as_str(), code.as_str()), ("row 3", "reference", "reference_twice"));
    assert_eq!(message, "'A' is already the reference of row 2; give each need its own");
    let file = format!("{HEAD},Welder,2,,,,,,\n,Welder,2,,,,,,\n");
    let (place, _, code, message) = first_error(&try_read(Format::Csv, file.as_bytes()).unwrap());
    assert_eq!((place.as_str(), code.as_str()), ("row 3", "row_twice"));
    assert!(message.starts_with("the same as row 2"), "{message}");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let columns = (0..201).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let many = format!("{HEAD}{}", "A,Welder,2,,,,,,\n".repeat(51));
    let many_json = format!("{{\"needs\":[{}]}}", vec!["{}"; 51].join(","));
    let cases: Vec<(&str, Format, Vec<u8>, &str, &str)> = vec![
        ("empty body", Format::Csv, vec![], "empty", "nothing was sent"),
        ("only a header", Format::Csv, HEAD.into(), "no_needs", "at least one row"),
        ("blank file", Format::Csv, b"\n\n  \n".to_vec(), "columns_missing", "no header row"),
        (
            "missing columns",
            Format::Csv,
            b"name,phone\nx,y\n".to_vec(),
            "columns_missing",
            "missing: occupation, openings_new_now (or another openings column); found: 'name', 'phone'",
        ),
        (
            "missing openings column",
            Format::Csv,
            b"Job Title,County\nWelder,29095\n".to_vec(),
            "columns_missing",
            "missing: openings_new_now",
        ),
        (
            "two columns of one meaning",
            Format::Csv,
            b"title,position,openings\nx,y,1\n".to_vec(),
            "column_twice",
            "two columns mean occupation (the second is 'position')",
        ),
        ("far too many columns", Format::Csv, columns.into(), "too_many_columns", "201 columns; at most 200"),
        ("too many rows", Format::Csv, many.into(), "too_many_rows", "more than 50 rows"),
        ("a picture", Format::Csv, b"\x89PNG\r\n\x1a\n\x00\x00\xff".to_vec(), "encoding", "no text file"),
        ("damaged UTF-8", Format::Csv, b"\xEF\xBB\xBFoccupation\xFF".to_vec(), "encoding", "marked as UTF-8, but byte"),
        ("zero bytes", Format::Text, b"Welder\0".to_vec(), "encoding", "zero bytes"),
        (
            "no JSON",
            Format::Json,
            b"{needs: 1}".to_vec(),
            "json",
            "not readable as JSON: key must be a string at line 1 column 2",
        ),
        ("broken JSON", Format::Json, b"{\"needs\": [".to_vec(), "json", "line 1 column 11"),
        ("deep JSON", Format::Json, deep.into(), "json", "nested too deeply"),
        ("JSON list", Format::Json, b"[]".to_vec(), "json_shape", "send an object"),
        ("JSON without needs", Format::Json, b"{\"need\": []}".to_vec(), "json_shape", "no list `needs`"),
        (
            "JSON with more",
            Format::Json,
            b"{\"needs\": [], \"employer\": 1}".to_vec(),
            "json_shape",
            "`employer` is not known here",
        ),
        ("no needs in JSON", Format::Json, b"{\"needs\": []}".to_vec(), "no_needs", "at least one"),
        (
            "too many needs in JSON",
            Format::Json,
            many_json.into(),
            "too_many_rows",
            "51 needs in one submission; at most 50",
        ),
        ("no workbook", Format::Xlsx, b"occupation,openings".to_vec(), "zip", "damaged or no Office file"),
        ("zip without a workbook", Format::Xlsx, zip(&[("a.txt", b"x")]), "xlsx", "cannot be read"),
        (
            "zip bomb",
            Format::Xlsx,
            zip(&[("xl/worksheets/sheet1.xml", &vec![0; 3_000_000])]),
            "zip_bomb",
            "unpacks to far more",
        ),
        ("many parts", Format::Xlsx, many_parts(), "zip_entries", "at most 200"),
        ("DOCX without a document", Format::Docx, zip(&[("a.txt", b"x")]), "docx", "no document in the file"),
        (
            "page without data",
            Format::Posting,
            b"<html><p>Welder</p></html>".to_vec(),
            "no_linked_data",
            "no linked data",
        ),
        ("data without a posting", Format::Posting, b"{\"@type\": \"Person\"}".to_vec(), "no_posting", "JobPosting"),
        ("broken posting", Format::Posting, b"{\"@type\": ".to_vec(), "json", "not readable as JSON"),
        ("blank text", Format::Text, b"  \n \n".to_vec(), "empty", "paste the job description"),
        ("endless text", Format::Text, vec![b'x'; 50_001], "too_long", "50001 characters"),
    ];
    for (name, format, bytes, code, message) in cases {
        let error = try_read(format, &bytes).map(|r| panic!("{name} was read: {r:?}")).unwrap_err();
        assert_eq!(error.code, code, "{name}: {error}");
        assert!(error.message.contains(message), "{name}: {error}");
    }
    assert_eq!(Format::of("application/pdf", Some("cv.pdf")).unwrap_err().code, "format");
}

#[test]
fn json_items_are_wrong_one_by_one() {
    let cases = [
        (
            r#"{"occupation": "Welder", "openings": [{"horizon": "soon", "new": 1}]}"#,
            "json_shape",
            "unknown variant `soon`",
        ),
        (
            r#"{"occupation": "Welder", "openings": [{"horizon": "now", "new": 1}], "color": "red"}"#,
            "json_shape",
            "unknown field `color`",
        ),
        (r#"{"occupation": 7, "openings": []}"#, "json_shape", "expected a string"),
        (
            r#"{"occupation": "Welder", "occupation_code": "welder", "openings": [{"horizon": "now", "new": 1}]}"#,
            "occupation_code",
            "write 51-4121 or 51-4121.00",
        ),
        (
            r#"{"occupation": "Welder", "openings": [{"horizon": "now", "new": 1}], "required_skills": [{"text": "MIG", "importance": 9}]}"#,
            "scale",
            "importance 9 is not on the scale; give 1 to 5",
        ),
        (
            r#"{"occupation": "Welder", "openings": [{"horizon": "now", "new": {"a": 1}}]}"#,
            "json_shape",
            "did not match",
        ),
    ];
    for (item, code, message) in cases {
        let body =
            format!(r#"{{"needs": [{item}, {{"occupation": "Cook", "openings": [{{"horizon": "now", "new": 1}}]}}]}}"#);
        let reading = try_read(Format::Json, body.as_bytes()).unwrap();
        let (place, _, got, text) = first_error(&reading);
        assert_eq!((place.as_str(), got.as_str()), ("/needs/0", code), "{text}");
        assert!(text.contains(message), "{text}");
        assert!(reading.items[1].result.is_ok());
    }
}

#[test]
fn markup_in_a_name_stays_text() {
    let file = format!("{HEAD}A,<script>alert(1)</script>,2,,,,,,\n");
    let reading = try_read(Format::Csv, file.as_bytes()).unwrap();
    assert_eq!(reading.items[0].result.as_ref().unwrap().occupation, "<script>alert(1)</script>");
}

#[test]
fn what_can_be_understood_is_understood_and_told() {
    let file = b"Job Title;# openings;Location;Pay;Certifications\nSchwei\xDFer;2;1001;21,50;AWS D1.1|OSHA 10\n";
    let reading = try_read(Format::Csv, file).unwrap();
    assert_eq!(reading.notes[0].code, "encoding");
    let item = &reading.items[0];
    let need = item.result.as_ref().unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(need.occupation, "Schweißer");
    assert_eq!(need.county.unwrap().to_string(), "01001");
    assert_eq!(need.requirements.len(), 2);
    assert!(item.warnings.iter().any(|w| w.code == "zero_restored"), "{:?}", item.warnings);
}

#[test]
fn a_job_description_gives_its_parts() {
    let text = "CNC Machinist - 2nd shift\nLocation: Kansas City, Jackson County, MO\nWe are hiring 3 people.\nPay: $24.50 - $31/hr\n\
        Requirements:\n- High school diploma or GED\n- 2+ years experience\n- GD&T\n- Fanuc controls; Mastercam\n\
        Preferred:\n- NIMS certification\nBenefits:\n- 401k\n";
    let reading = try_read(Format::Text, text.as_bytes()).unwrap();
    let need = reading.items[0].result.as_ref().unwrap();
    assert_eq!(need.occupation, "CNC Machinist - 2nd shift");
    assert_eq!(need.openings[0].new, 3);
    assert_eq!(need.county.unwrap().to_string(), "29095");
    assert_eq!(need.wage.unwrap().max_cents, 3_100);
    let texts: Vec<&str> = need.requirements.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(texts, ["GD&T", "Fanuc controls", "Mastercam", "NIMS certification"]);
    assert_eq!(need.education.as_deref(), Some("High school diploma or GED"));
    assert_eq!(need.experience.as_deref(), Some("2+ years experience"));
}

#[test]
fn a_posting_is_found_by_type_with_bare_and_prefixed_keys() {
    let page = r#"<html><script type="application/ld+json">{"@context": "x", "@graph": [{"@type": "Organization"},
        {"@type": "JobPosting", "schema:title": {"en-US": "Licensed Practical Nurse"}, "jdx:totalJobOpenings": 4,
         "jdx:positionID": "LPN-1", "validThrough": "2027-05-01", "occupationalCategory": "29-2061.00 Licensed Practical Nurses",
         "baseSalary": {"@type": "MonetaryAmount", "currency": "USD", "value": {"minValue": 27, "maxValue": 33, "unitText": "HOUR"}},
         "jdx:competency": [{"schema:description": {"en-US": "Wound care"}, "annotation": {"preferred": true, "importance": 4}}],
         "jdx:requiredCredential": {"name": "LPN license"}, "experienceRequirements": {"monthsOfExperience": 12},
         "jobLocation": {"address": {"addressCounty": "Jackson County", "addressRegion": "MO"}}}]}</script></html>"#;
    let reading = try_read(Format::Posting, page.as_bytes()).unwrap();
    let need = reading.items[0].result.as_ref().unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!((need.occupation.as_str(), need.openings[0].new), ("Licensed Practical Nurse", 4));
    assert_eq!((need.reference.as_deref(), need.occupation_code.as_deref()), (Some("LPN-1"), Some("29-2061.00")));
    assert_eq!(need.wage.unwrap().min_cents, 2_700);
    assert_eq!(need.county.unwrap().to_string(), "29095");
    assert_eq!((need.requirements[0].text.as_str(), need.requirements[0].importance), ("Wound care", Some(4)));
    assert_eq!(need.experience.as_deref(), Some("12 months"));
}

fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn many_parts() -> Vec<u8> {
    let names: Vec<String> = (0..201).map(|n| format!("part{n}")).collect();
    zip(&names.iter().map(|name| (name.as_str(), &b"x"[..])).collect::<Vec<_>>())
}

fn workbook(formula: bool, error: bool) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name("Needs").unwrap();
    for (column, name) in (0u16..).zip(["occupation", "openings_new_now", "county"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    sheet.write_string(1, 0, "Welder").unwrap();
    if formula {
        sheet.write_formula(1, 1, rust_xlsxwriter::Formula::new("=1+2").set_result("3")).unwrap();
    } else {
        sheet.write_number(1, 1, 3.0).unwrap();
    }
    if error {
        sheet.write_formula(1, 2, rust_xlsxwriter::Formula::new("=A9/0").set_result("#DIV/0!")).unwrap();
    } else {
        sheet.write_number(1, 2, 29_095.0).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn workbook_cells_are_read_as_they_look() {
    let reading = try_read(Format::Xlsx, &workbook(false, false)).unwrap();
    let need = reading.items[0].result.as_ref().unwrap();
    assert_eq!((need.openings[0].new, need.county.unwrap().to_string().as_str()), (3, "29095"));
    let reading = try_read(Format::Xlsx, &workbook(true, false)).unwrap();
    assert_eq!(reading.items[0].result.as_ref().unwrap().openings[0].new, 3);
    assert!(reading.items[0].warnings.iter().any(|w| w.code == "formula_value"));
}

#[test]
fn an_error_cell_is_told() {
    let reading = try_read(Format::Xlsx, &workbook(false, true)).unwrap();
    let errors = reading.items[0].result.as_ref().unwrap_err();
    assert!(!errors.is_empty(), "{reading:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        for format in [Format::Json, Format::Csv, Format::Xlsx, Format::Posting, Format::Text, Format::Docx] {
            let _ = try_read(format, &bytes);
            let _ = try_read(format, text.as_bytes());
            let _ = try_read(format, format!("{HEAD}{text}").as_bytes());
            let _ = try_read(format, format!("<script type=\"application/ld+json\">{{\"@type\":\"JobPosting\",\"title\":{text:?}}}</script>").as_bytes());
        }
    }
}
