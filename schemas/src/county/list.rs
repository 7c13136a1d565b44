//! The list and the names by which its counties are found.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use super::{County, CountyFips};

/// Counties by what they are called, as positions in the list.
pub(super) struct Index {
    pub counties: Vec<County>,
    pub by_fips: HashMap<u32, usize>,
    /// By plain name; a city that is no part of a county, and what Alaska and Connecticut have, also without the word.
    pub by_name: HashMap<String, Vec<usize>>,
    /// The same without spaces.
    pub by_letters: HashMap<String, Vec<usize>>,
    /// States by name, by postal code and by the short forms before there were codes.
    pub states: HashMap<String, String>,
}

/// Short forms of states that are no postal codes. Source: GPO Style Manual, 2016, 9.13 and older usage.
const SHORT_STATES: [(&str, &str); 46] = [
    ("ala", "AL"),
    ("ariz", "AZ"),
    ("ark", "AR"),
    ("calif", "CA"),
    ("cal", "CA"),
    ("colo", "CO"),
    ("conn", "CT"),
    ("del", "DE"),
    ("fla", "FL"),
    ("ill", "IL"),
    ("ind", "IN"),
    ("kan", "KS"),
    ("kans", "KS"),
    ("ken", "KY"),
    ("mass", "MA"),
    ("mich", "MI"),
    ("minn", "MN"),
    ("miss", "MS"),
    ("mont", "MT"),
    ("n c", "NC"),
    ("n d", "ND"),
    ("n dak", "ND"),
    ("n h", "NH"),
    ("n j", "NJ"),
    ("n mex", "NM"),
    ("n m", "NM"),
    ("n y", "NY"),
    ("neb", "NE"),
    ("nebr", "NE"),
    ("nev", "NV"),
    ("okla", "OK"),
    ("ore", "OR"),
    ("oreg", "OR"),
    ("penn", "PA"),
    ("penna", "PA"),
    ("r i", "RI"),
    ("s c", "SC"),
    ("s d", "SD"),
    ("s dak", "SD"),
    ("tenn", "TN"),
    ("tex", "TX"),
    ("w va", "WV"),
    ("wash", "WA"),
    ("wis", "WI"),
    ("wisc", "WI"),
    ("wyo", "WY"),
];

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let text = include_str!("../../../services/normalize/starter/counties.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut counties = Vec::new();
    // The file is part of this program and `the_list_is_whole` reads every row of it: a row that fails here cannot ship.
    for row in reader.records().flatten() {
        let (Some(fips), Some(name), Some(state), Some(state_name)) =
            (row.get(0).and_then(|f| f.parse().ok()), row.get(1), row.get(2), row.get(3))
        else {
            continue;
        };
        counties.push(County {
            fips: CountyFips(fips),
            name: name.to_owned(),
            state: state.to_owned(),
            state_name: state_name.to_owned(),
        });
    }
    let by_fips = counties.iter().enumerate().map(|(i, c)| (c.fips.0, i)).collect();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_letters: HashMap<String, Vec<usize>> = HashMap::new();
    let mut states: HashMap<String, String> = SHORT_STATES.map(|(s, state)| (s.to_owned(), state.to_owned())).into();
    for (i, county) in counties.iter().enumerate() {
        for name in names(&county.name) {
            by_letters.entry(name.replace(' ', "")).or_default().push(i);
            by_name.entry(name).or_default().push(i);
        }
        for state in [&county.state_name, &county.state] {
            states.entry(words(state).join(" ")).or_insert_with(|| county.state.clone());
        }
    }
    Index { counties, by_fips, by_name, by_letters, states }
});

/// The plain names of a county.
fn names(name: &str) -> BTreeSet<String> {
    let plain = plain(&words(name));
    // "St. Louis city" without the word; "James City County" is called that.
    let city = plain.strip_suffix(" city").filter(|_| name.ends_with(" city"));
    let others =
        [" city and", " census area", " planning region"].into_iter().filter_map(|end| plain.strip_suffix(end));
    let short: BTreeSet<String> = city.into_iter().chain(others).map(ToOwned::to_owned).collect();
    short.into_iter().chain([plain]).collect()
}

/// Lower-case words without accents and punctuation.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            'ñ' => Some('n'),
            'á' => Some('a'),
            'é' => Some('e'),
            'í' => Some('i'),
            'ó' => Some('o'),
            'ú' | 'ü' => Some('u'),
            '.' | '\'' | '’' | '\u{300}'..='\u{36f}' | '\u{200b}' | '\u{ad}' | '\u{feff}' => None,
            c if c.is_alphanumeric() => Some(c),
            _ => Some(' '),
        })
        .collect();
    folded.split_whitespace().map(ToOwned::to_owned).collect()
}

/// Whether a word only says that it is a county or what stands for one.
pub(super) fn is_county_word(word: &str) -> bool {
    matches!(
        word,
        "county"
            | "counties"
            | "co"
            | "cnty"
            | "cty"
            | "parish"
            | "parishes"
            | "borough"
            | "municipio"
            | "municipality"
    )
}

/// The words as one name: "St" spelt out, "county" and its equivalents dropped.
pub(super) fn plain<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words
        .iter()
        .map(AsRef::as_ref)
        .filter(|w| !is_county_word(w))
        .map(|w| match w {
            "st" => "saint",
            "ste" => "sainte",
            "ft" => "fort",
            "mt" => "mount",
            w => w,
        })
        .collect();
    words.join(" ")
}

/// Whether two words differ in the order of their letters only.
pub(super) fn has_same_letters(a: &str, b: &str) -> bool {
    let (mut a, mut b): (Vec<u8>, Vec<u8>) = (a.bytes().collect(), b.bytes().collect());
    a.sort_unstable();
    b.sort_unstable();
    a == b
}
