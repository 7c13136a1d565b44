//! What employers of every sector type, and what it must become; what means nothing we know must stay unmatched.

#![expect(clippy::unwrap_used, reason = "a test: panics are its answer")]

use skillwire_normalize::{Context, MatchKind, Matcher, Taxonomy};
use skillwire_schemas::MatchState;

fn matcher() -> &'static Matcher {
    static MATCHER: std::sync::LazyLock<Matcher> =
        std::sync::LazyLock::new(|| Matcher::new(Taxonomy::starter().unwrap()));
    &MATCHER
}

/// The id of the concept, or the state.
fn check(kind: MatchKind, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, wanted) in cases {
        let got = matcher().decide(text, kind, &Context::default());
        let id = got.concept.as_ref().map_or(got.state.as_str(), |c| c.key.id.as_str());
        if id != *wanted {
            wrong.push(format!("{text:?}: {id}, not {wanted} ({:.2} {})", got.score, got.reason));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const JOBS: &[(&str, &str)] = &[
    ("STNA", "31-1131.00"),
    ("LPN/LVN - long term care", "29-2061.00"),
    ("Registered Nurse (RN) - Med/Surg", "29-1141.00"),
    ("Staff Nurse RN", "29-1141.00"),
    ("Home Health Aide FT/PT", "31-1121.00"),
    ("Pharmacy Tech", "29-2052.00"),
    ("Dental asst", "31-9091.00"),
    ("Respiratory Therapist", "29-1126.00"),
    ("Radiology Tech", "29-2034.00"),
    ("Phlebotomy Technician", "31-9097.00"),
    ("EMT-B", "29-2042.00"),
    ("Paramedic", "29-2043.00"),
    ("Physical Therapist Assistant (PTA)", "31-2021.00"),
    ("Physical therapist aide", "31-2022.00"),
    ("Medical Receptionist", "43-6013.00"),
    ("Sterile Processing Tech", "31-9093.00"),
    ("Machinst", "51-4041.00"),
    ("CNC Mill Operator", "51-9161.00"),
    ("CNC Programmer", "51-9162.00"),
    ("Tool and Die Maker", "51-4111.00"),
    ("Electro-mechanical technician", "17-3024.00"),
    ("Assembler - 1st shift", "51-2092.00"),
    ("Maintenence Technician", "49-9041.00"),
    ("Injection Molding Operator", "51-4072.00"),
    ("Plant Manager", "11-3051.00"),
    ("Food Batchmaker", "51-3092.00"),
    ("Meat cutter", "51-3021.00"),
    ("Packaging Machine Operator", "51-9111.00"),
    ("Sanitation Tech (3rd shift)", "51-9192.00"),
    ("Baker", "51-3011.00"),
    ("QA Technician", "51-9061.00"),
    ("Forklift operator $20/hr", "53-7051.00"),
    ("Class A CDL Driver - Home Daily!", "53-3032.00"),
    ("Delivery Driver (non-CDL)", "53-3033.00"),
    ("Dispatcher", "43-5032.00"),
    ("Diesel Tech", "49-3031.00"),
    ("Order Selector", "53-7065.00"),
    ("Material Handler II", "53-7062.00"),
    ("Shipping and Receiving Clerk", "43-5071.00"),
    ("Warehouse Supervisor", "53-1043.00"),
    ("Journeyman plumber", "47-2152.00"),
    ("Apprentice Electrician", "47-2111.00"),
    ("Carpenter", "47-2031.00"),
    ("Heavy Equipment Operator", "47-2073.00"),
    ("Construction Laborer", "47-2061.00"),
    ("Roofer", "47-2181.00"),
    ("HVAC Service Technician", "49-9021.00"),
    ("Ironworker", "47-2221.00"),
    ("Network Administrator", "15-1244.00"),
    ("Help desk", "15-1232.00"),
    ("Full Stack Developer", "15-1252.00"),
    ("Cybersecurity Analyst", "15-1212.00"),
    ("Systems Admin", "15-1244.00"),
    ("Data analyst", "15-2051.01"),
    ("Web developer (remote)", "15-1254.00"),
    ("Server", "35-3031.00"),
    ("Bartender", "35-3011.00"),
    ("Housekeeper", "37-2012.00"),
    ("Night Auditor", "43-4081.00"),
    ("Prep cook", "35-2021.00"),
    ("Dishwasher/Prep cook", "ambiguous"),
    ("Executive Chef", "35-1011.00"),
    ("Restaurant Manager", "11-9051.00"),
    ("Barista", "35-3023.01"),
    ("Cook/Dishwasher", "ambiguous"),
    ("WELDER", "51-4121.00"),
    ("welder - Kansas City", "51-4121.00"),
    ("Now hiring: line cooks", "35-2014.00"),
    ("Chief Delight Officer", "unmatched"),
    ("Happiness hero", "unmatched"),
    ("Astronaut", "unmatched"),
    ("Brand Ninja", "unmatched"),
    ("Tarot reader", "unmatched"),
    ("printer", "unmatched"),
    ("farmer", "unmatched"),
    ("Lion tamer", "unmatched"),
    ("Head of vibes", "unmatched"),
    ("1234", "unmatched"),
    ("$$$", "unmatched"),
    ("Qualty Inspector", "51-9061.00"),
];

const SKILLS: &[(&str, &str)] = &[
    ("Taking vitals", "vital-signs"),
    ("Hoyer lift", "mechanical-patient-lift-operation"),
    ("EHR", "electronic-health-records"),
    ("charting", "clinical-documentation"),
    ("drawing blood", "phlebotomy"),
    ("patient lifting", "patient-transfer"),
    ("12-lead EKG", "electrocardiogram"),
    ("wound vac", "wound-care"),
    ("MIG welding", "gas-metal-arc-welding"),
    ("GMAW", "gas-metal-arc-welding"),
    ("GD&T", "geometric-dimensioning-and-tolerancing"),
    ("reading blueprints", "blueprint-reading"),
    ("G code", "cnc-programming"),
    ("Fanuc controls", "fanuc-cnc-control"),
    ("PLCs", "programmable-logic-controllers"),
    ("SPC", "statistical-process-control"),
    ("micrometer", "caliper-and-micrometer-use"),
    ("preventative maintenace", "preventive-maintenance"),
    ("vibration analysis", "predictive-maintenance"),
    ("5S", "five-s"),
    ("six sigma", "six-sigma"),
    ("HACCP", "hazard-analysis-and-critical-control-points"),
    ("GMPs", "good-manufacturing-practices"),
    ("CIP", "clean-in-place"),
    ("allergen awareness", "food-allergens"),
    ("pallet jack", "pallet-jack-operation"),
    ("RF scanning", "rf-scanner"),
    ("order picking", "order-picking"),
    ("pre trip inspections", "pre-trip-inspection"),
    ("WMS", "warehouse-management-system"),
    ("drywall hanging", "drywall-installation"),
    ("reading a tape measure", "tape-measure-reading"),
    ("conduit bending", "conduit-bending"),
    ("rebar", "rebar-installation"),
    ("scaffolding", "scaffolding"),
    ("fall protection", "fall-protection"),
    ("Python", "python"),
    ("C++", "c-and-cpp"),
    ("C#", "c-sharp"),
    ("SQL Server", "sql-server"),
    ("Active Directory", "active-directory"),
    ("AWS", "amazon-web-services"),
    ("JavaScript", "javascript"),
    ("knife skills", "knife-skills"),
    ("food prep", "food-preparation"),
    ("cash handling", "cash-handling"),
    ("guest service", "guest-service"),
    ("MS Excel", "microsoft-excel"),
    ("Microsoft Office", "microsoft-office"),
    ("bilingual Spanish", "bilingual-spanish"),
    ("team player", "teamwork"),
    ("attention to detail", "attention-to-detail"),
    ("Strong communication skills", "communication"),
    ("able to lift 50 lbs", "physical-stamina"),
    ("time managment", "time-management"),
    ("no experience required", "unmatched"),
    ("Forklift experience not required", "unmatched"),
    ("positive vibes only", "unmatched"),
    ("must love dogs", "unmatched"),
    ("competitive salary", "unmatched"),
    ("401k", "unmatched"),
    ("pass a drug screen", "unmatched"),
    ("be 18 or older", "unmatched"),
    ("weekends off", "unmatched"),
];

const CREDENTIALS: &[(&str, &str)] = &[
    ("RN license", "rn-license"),
    ("Current RN licensure", "rn-license"),
    ("LPN", "lpn-license"),
    ("BLS", "bls"),
    ("BLS/CPR", "bls"),
    ("ACLS certification", "acls"),
    ("CNA certificate", "cna"),
    ("CPhT", "cpht"),
    ("Journeyman electrician", "journeyman-electrician"),
    ("OSHA 10", "osha-10"),
    ("OSHA-30 card", "osha-30"),
    ("OSHA10", "osha-10"),
    ("AWS D1.1", "aws-d1-1"),
    ("AWS Certified Welder", "aws-certified-welder"),
    ("Six Sigma Green Belt", "lss-green"),
    ("CMRT", "smrp-cmrt"),
    ("PCQI", "pcqi"),
    ("ServSafe Manager", "servsafe-manager"),
    ("food handlers card", "food-handler-card"),
    ("HACCP certified", "haccp-cert"),
    ("CDL A", "cdl-a"),
    ("Class B CDL", "cdl-b"),
    ("TWIC", "twic"),
    ("DOT medical card", "dot-medical-card"),
    ("forklift certification", "forklift-cert"),
    ("EPA 608", "epa-608"),
    ("NCCER", "nccer"),
    ("A+", "comptia-a-plus"),
    ("CompTIA Security+", "comptia-security-plus"),
    ("CCNA", "ccna"),
    ("CISSP", "cissp"),
    ("PMP", "pmp"),
    ("AWS Solutions Architect", "aws-saa"),
    ("TIPS certified", "tips"),
    ("drivers licence", "drivers-license"),
    ("valid drivers license", "drivers-license"),
    ("HS diploma", "hs-diploma"),
    ("GED", "ged-hse"),
    ("CPT", "ambiguous"),
    ("First Bank of Nowhere Award", "unmatched"),
    ("World's best boss", "unmatched"),
    ("no certification required", "unmatched"),
];

#[test]
fn jobs() {
    check(MatchKind::Occupation, JOBS);
}

#[test]
fn skills() {
    check(MatchKind::Skill, SKILLS);
}

#[test]
fn credentials() {
    check(MatchKind::Credential, CREDENTIALS);
}

/// The job and the industry decide what letters alone leave open, the job before the industry.
#[test]
fn letters_mean_what_the_need_is_about() {
    let job = |code: &str| matcher().occupation_by_code(code).map(|c| c.key.clone());
    for (text, naics, occupation, wanted) in [
        ("CPT", Some("622110"), None, Some("cpt-nha")),
        ("CPT", Some("332710"), None, Some("mssc-cpt")),
        ("CPT", None, job("31-9097.00"), Some("cpt-nha")),
        ("CPT", Some("332710"), job("31-9097.00"), Some("cpt-nha")),
        ("CPT", Some("721110"), None, None),
        ("CPT", None, None, None),
        ("BLS", Some("332710"), None, Some("bls")),
    ] {
        let context = Context { occupation, ..Context::of_industry(naics) };
        let got = matcher().decide(text, MatchKind::Credential, &context);
        assert_eq!(got.concept.as_ref().map(|c| c.key.id.as_str()), wanted, "{text} {naics:?}: {}", got.reason);
        if wanted.is_none() {
            assert_eq!(got.state, MatchState::Ambiguous);
            assert!(got.reason.starts_with("may be Certified P"), "{}", got.reason);
        }
    }
}

#[test]
fn what_is_not_asked_for_says_so() {
    for (text, kind) in [
        ("no experience required", MatchKind::Skill),
        ("Welding experience not required", MatchKind::Skill),
        ("CDL not required", MatchKind::Credential),
        ("you do not need a high school diploma", MatchKind::Credential),
    ] {
        let got = matcher().decide(text, kind, &Context::default());
        assert_eq!(got.state, MatchState::Unmatched, "{text}");
        assert!(got.reason.starts_with("negated"), "{text}: {}", got.reason);
    }
}

#[test]
fn a_code_of_either_form_finds_its_occupation() {
    for (code, found) in
        [("51-4121.00", true), ("51-4121", true), (" 51-4121 ", true), ("99-9999", false), ("311", false)]
    {
        assert_eq!(matcher().occupation_by_code(code).is_some(), found, "{code}");
    }
}
