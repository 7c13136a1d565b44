//! What staff write about their partnership's scope, read once: industries, region, time zone.

use std::collections::BTreeSet;

use skillwire_schemas::CountyFips;
use skillwire_schemas::partnership::PartnershipCounty;

/// Counties of a partnership at most.
const COUNTIES_MAX: usize = 500;
/// NAICS prefixes of a partnership at most.
const PREFIXES_MAX: usize = 50;
/// Longest name of a sub-region, characters.
const SUB_REGION_CHARS_MAX: usize = 80;

/// NAICS prefixes, by commas or spaces.
///
/// # Errors
/// What is wrong, one text each.
pub(crate) fn prefixes(text: &str) -> Result<Vec<String>, Vec<String>> {
    let words = text.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|word| !word.is_empty());
    let prefixes: BTreeSet<String> = words.map(ToOwned::to_owned).collect();
    let mut wrong: Vec<String> = prefixes
        .iter()
        .filter(|p| !(2..=6).contains(&p.len()) || !p.bytes().all(|b| b.is_ascii_digit()))
        .map(|p| format!("industries: '{p}' is no NAICS prefix; give 2 to 6 digits, e.g. 332"))
        .collect();
    if prefixes.is_empty() || prefixes.len() > PREFIXES_MAX {
        wrong.push(format!("industries: give 1 to {PREFIXES_MAX} NAICS prefixes"));
    }
    if wrong.is_empty() { Ok(prefixes.into_iter().collect()) } else { Err(wrong) }
}

/// Counties, one a line: the FIPS code, then the sub-region after a comma if there is one.
///
/// # Errors
/// What is wrong, one text each, with the line.
pub(crate) fn counties(text: &str) -> Result<Vec<PartnershipCounty>, Vec<String>> {
    let (mut counties, mut seen, mut wrong) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let (code, sub_region) = line.split_once(',').unwrap_or((line, ""));
        let sub_region = sub_region.trim();
        match CountyFips::parse(code.trim()) {
            Err(error) => wrong.push(format!("counties, line {number}: {error}")),
            Ok(county) if !seen.insert(county) => {
                wrong.push(format!("counties, line {number}: {county} is there twice; leave one of them out"));
            }
            Ok(_) if sub_region.chars().count() > SUB_REGION_CHARS_MAX || sub_region.chars().any(char::is_control) => {
                wrong.push(format!(
                    "counties, line {number}: give the sub-region up to {SUB_REGION_CHARS_MAX} characters"
                ));
            }
            Ok(county) => {
                let sub_region = (!sub_region.is_empty()).then(|| sub_region.to_owned());
                counties.push(PartnershipCounty { county, sub_region });
            }
        }
        if seen.len() > COUNTIES_MAX {
            return Err(vec![format!("counties: more than {COUNTIES_MAX}; that is no longer one labor market")]);
        }
    }
    if counties.is_empty() && wrong.is_empty() {
        wrong.push("counties: give at least one, e.g. 29095, Kansas City".to_owned());
    }
    if wrong.is_empty() { Ok(counties) } else { Err(wrong) }
}

/// An IANA time zone.
///
/// # Errors
/// What is wrong.
pub(crate) fn time_zone(text: &str) -> Result<String, Vec<String>> {
    let text = text.trim();
    match text.parse::<chrono_tz::Tz>() {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(_) => Err(vec![format!("time zone: '{text}' is none; give an IANA name, e.g. America/Chicago")]),
    }
}

/// Counties as [`counties`] reads them.
pub(crate) fn written(counties: &[PartnershipCounty]) -> String {
    let line = |c: &PartnershipCounty| match &c.sub_region {
        Some(name) => format!("{}, {name}", c.county),
        None => c.county.to_string(),
    };
    counties.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let text = "29095, Kansas City\n20091";
        let read = counties(text).unwrap();
        assert_eq!(read[0].sub_region.as_deref(), Some("Kansas City"));
        assert_eq!(written(&read), text);
        assert_eq!(prefixes("62, 332 62").unwrap(), ["332", "62"]);
        assert_eq!(time_zone(" America/Chicago ").unwrap(), "America/Chicago");
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let wrong = counties("29095\n\n99999\n29095, Again").unwrap_err();
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].starts_with("counties, line 3") && wrong[1].starts_with("counties, line 4"), "{wrong:?}");
        assert!(counties(" \n").unwrap_err()[0].contains("at least one"));
        assert!(counties(&format!("29095, {}", "x".repeat(81))).is_err());
        for bad in ["", "3", "33271000", "31-33", "health"] {
            assert!(prefixes(bad).is_err(), "{bad}");
        }
        assert!(time_zone("CST").is_err() && time_zone("").is_err());
    }
}
