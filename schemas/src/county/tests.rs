use super::*;

#[test]
fn the_list_is_whole() {
    let text = include_str!("../../../services/normalize/starter/counties.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count();
    assert_eq!(CountyFips::all().count(), rows);
    assert!(rows >= 3_140, "{rows} counties");
    assert!(CountyFips::all().all(|c| c.state.len() == 2 && !c.name.is_empty() && !c.state_name.is_empty()));
}

#[test]
fn counties_are_read_as_people_write_them() {
    let jackson = CountyFips::parse("29095").unwrap();
    for text in ["Jackson County, MO", "jackson, missouri", " Jackson Co., MO", "JACKSON,MO", "29095"] {
        assert_eq!(CountyFips::parse(text), Ok(jackson), "{text}");
    }
    assert_eq!(CountyFips::parse("1001").unwrap().to_string(), "01001");
    assert_eq!(CountyFips::parse("Saint Louis County, MO").unwrap().to_string(), "29189");
    assert_eq!(CountyFips::parse("St. Louis city, MO").unwrap().to_string(), "29510");
    assert_eq!(CountyFips::parse("Wyandotte").unwrap().to_string(), "20209");
}

#[test]
fn a_states_name_alone_is_no_county() {
    for (state, example) in [
        ("Indiana", "Adams County, IN"),
        (" new york ", "Albany County, NY"),
        ("OKLAHOMA", "Adair County, OK"),
        ("Kansas", "Allen County, KS"),
        ("Washington", "Adams County, WA"),
    ] {
        let error = CountyFips::parse(state).unwrap_err().to_string();
        assert!(error.contains("is a state") && error.contains(example), "{error}");
    }
    for (county, fips) in [
        ("Indiana, PA", "42063"),
        ("Indiana County", "42063"),
        ("indiana co", "42063"),
        ("New York, NY", "36061"),
        ("Oklahoma County", "40109"),
        ("District of Columbia", "11001"),
    ] {
        assert_eq!(CountyFips::parse(county).unwrap().to_string(), fips, "{county}");
    }
    // No state's name reads as a county, whichever it is.
    for county in CountyFips::all().filter(|c| c.state != "DC") {
        assert!(matches!(CountyFips::parse(&county.state_name), Err(CountyError::State { .. })));
    }
}

#[test]
fn a_county_and_the_city_beside_it_are_told_apart() {
    for text in ["Baltimore, MD", "Richmond, VA", "Roanoke, Virginia", "St. Louis, MO", "baltimore"] {
        let error = CountyFips::parse(text).unwrap_err();
        assert!(matches!(error, CountyError::CountyOrCity { .. }), "{text}: {error}");
    }
    let error = CountyFips::parse("Richmond, VA").unwrap_err().to_string();
    assert!(error.contains("Richmond County, VA (51159) or Richmond city, VA (51760)"), "{error}");
    for (text, fips) in [
        ("Richmond City, VA", "51760"),
        ("Richmond County, VA", "51159"),
        ("St Louis County, MO", "29189"),
        ("Alexandria, VA", "51510"),
        ("James City County, VA", "51095"),
        ("Carson City, NV", "32510"),
    ] {
        assert_eq!(CountyFips::parse(text).map(|c| c.to_string()), Ok(fips.to_owned()), "{text}");
    }
    // Every county is found by its own name with its state.
    for county in CountyFips::all() {
        assert_eq!(CountyFips::parse(&county.fips.name()), Ok(county.fips), "{}", county.fips.name());
    }
}

#[test]
fn what_is_no_county_says_what_would_be_right() {
    assert!(matches!(CountyFips::parse("Jackson"), Err(CountyError::SeveralStates { .. })));
    for text in ["", "99999", "Narnia", "Jackson, ZZ", "290955"] {
        assert!(matches!(CountyFips::parse(text), Err(CountyError::Unknown { .. })), "{text}");
    }
}

fn says(text: &str) -> String {
    let reading = read(text, &[]);
    let codes: Vec<String> = reading.possible.iter().take(2).map(|one| one.county.fips.to_string()).collect();
    let more = if reading.possible.len() > 2 { format!(" of {}", reading.possible.len()) } else { String::new() };
    let reason = reading.possible.first().map_or(String::new(), |one| one.reason.to_string());
    format!("{} {}{more}: {reason}", reading.state, codes.join(" "))
}

#[test]
fn a_text_says_which_county_and_why() {
    let mut wrong = Vec::new();
    for (text, said) in [
        ("29095", "matched 29095: FIPS code"),
        ("1001", "matched 01001: FIPS code, its leading zero restored"),
        ("FIPS 29095", "matched 29095: FIPS code"),
        ("29095 - Jackson County", "matched 29095: FIPS code"),
        ("Jackson County, MO", "matched 29095: name and state"),
        ("Jackson Co. Missouri", "matched 29095: name and state"),
        ("Jackson Co., Mo.", "matched 29095: name and state"),
        ("Jackson Co MO", "matched 29095: name and state"),
        ("JACKSON COUNTY (MO)", "matched 29095: name and state"),
        ("MO - Jackson", "matched 29095: name and state"),
        ("Missouri: Jackson County", "matched 29095: name and state"),
        ("County of Jackson, Missouri, USA", "matched 29095: name and state"),
        ("Jackson County, MO 64105", "matched 29095: name and state"),
        ("Jackson County", "ambiguous 01071 05067 of 24: one of 24 of that name"),
        ("Jackson Co", "ambiguous 01071 05067 of 24: one of 24 of that name"),
        ("Jackson, CO", "matched 08057: name and state"),
        ("Jackson County CO", "matched 08057: name and state"),
        ("Wyandotte", "matched 20209: the only one of that name"),
        ("St. Louis City", "matched 29510: the only one of that name"),
        ("city of St Louis, MO", "matched 29510: name and state"),
        ("St. Louis, Missouri", "ambiguous 29189 29510: name and state"),
        ("Orleans Parish", "matched 22071: the only one of that name"),
        ("Jefferson Parish, Louisiana", "matched 22051: name and state"),
        ("East Baton Rouge Parish LA", "matched 22033: name and state"),
        ("Jefferson Parish", "matched 22051: the only one of that name"),
        ("Matanuska-Susitna Borough", "matched 02170: the only one of that name"),
        ("Bethel, Alaska", "matched 02050: name and state"),
        ("Juneau, AK", "matched 02110: name and state"),
        ("Fairbanks North Star Borough, AK", "matched 02090: name and state"),
        ("DeKalb County, Georgia", "matched 13089: name and state"),
        ("De Kalb Co., GA", "matched 13089: other spaces"),
        ("Washington, D.C.", "matched 11001: another name of it"),
        ("LA County", "matched 06037: another name of it"),
        ("Dona Ana, NM", "matched 35013: name and state"),
        ("Washington, Pennsylvania", "matched 42125: name and state"),
        ("Iowa County, Iowa", "matched 19095: name and state"),
        ("Virginia Beach", "matched 51810: the only one of that name"),
        ("Wyandote County, KS", "matched 20209: fuzzy 0.89"),
        ("Jakson County, Missouri", "matched 29095: fuzzy 0.86"),
        ("Jackson County, Misouri", "matched 29095: fuzzy 0.93"),
        ("Jackson and Clay counties, MO", "ambiguous 29047 29095: one of several in the text"),
        ("Jackson/Clay County MO", "ambiguous 29047 29095: one of several in the text"),
        ("King and Queen County, VA", "matched 51097: name and state"),
        ("Wyandotte County, MO", "unmatched 20209: of that name, but not in the state given"),
        ("Missouri", "unmatched : "),
        ("Kansas City, MO", "unmatched : "),
        ("Springfield", "unmatched : "),
        ("", "unmatched : "),
        ("99999", "unmatched : "),
        ("remote", "unmatched : "),
    ] {
        if says(text) != said {
            wrong.push(format!("{text}: {}", says(text)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_region_decides_between_counties_of_one_name_and_nothing_else() {
    let region: Vec<CountyFips> = ["29095", "20091", "20209"].iter().map(|c| CountyFips::parse(c).unwrap()).collect();
    let of = |text: &str| CountyFips::parse_within(text, &region).map(|county| county.to_string());
    assert_eq!(of("Jackson County"), Ok("29095".to_owned()));
    assert_eq!(of("Johnson Co."), Ok("20091".to_owned()));
    assert_eq!(of("Jackson County, KS"), Ok("20085".to_owned()), "the state given is the state meant");
    assert!(matches!(of("Clay County"), Err(CountyError::SeveralStates { .. })), "none of the region");
    assert!(of("Jackson and Johnson").is_err());
    assert!(matches!(of("Wyandote"), Err(CountyError::Misspelt { .. })));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_the_same_each_time(text in "\\PC{0,300}", region in proptest::bool::ANY) {
        let region: Vec<CountyFips> = if region { CountyFips::all().step_by(7).map(|c| c.fips).collect() } else { Vec::new() };
        let reading = read(&text, &region);
        proptest::prop_assert_eq!(&reading, &read(&text, &region));
        proptest::prop_assert!(reading.possible.iter().all(|one| (0.0..=1.0).contains(&one.score)));
        proptest::prop_assert!(reading.state != MatchState::Matched || reading.possible.len() == 1);
    }

    #[test]
    fn words_of_places_in_any_order_never_panic(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "jackson", "county", "co", "city", "of", "and", ",", "MO", "la", "new", "york", "29095", "64105", "parish", "/", "st.",
        ]), 0..12),
    ) {
        let text = words.join(" ");
        proptest::prop_assert_eq!(read(&text, &[]), read(&text, &[]));
    }
}

#[test]
fn what_a_text_costs_is_bounded_by_what_is_read_of_it() {
    let long = format!("{} Jackson County, MO", "jackson county and ".repeat(20_000));
    assert_eq!(read(&long, &[]), read(&long[..600], &[]));
}
