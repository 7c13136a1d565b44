//! Job postings as linked data: schema.org JobPosting and JDX JobSchema+ v0.9.0, bare or inside a page.
//!
//! Found by `@type`, never by position; keys may be bare or prefixed (`schema:title`, `jdx:competency`), also mixed; texts
//! may be language maps. Source: schema.org/JobPosting; JDX JobSchema+ v0.9.0.

use serde_json::{Map, Value};
use skillwire_schemas::{Horizon, RequirementLevel};

use super::raw::{Cell, RawNeed, RawOpenings, RawRequirement};
use super::wage::short;
use super::{Context, Remark, Unreadable, encoding, html};

/// How deep objects are looked through for postings.
const DEPTH_MAX: usize = 12;
/// Longest requirement, characters.
const REQUIREMENT_CHARS_MAX: usize = 300;

type Object = Map<String, Value>;

/// Reads the postings of a document.
pub(crate) fn read(bytes: &[u8], context: &Context) -> Result<Vec<RawNeed>, Unreadable> {
    let (text, _) = encoding::decode(bytes)?;
    let documents: Vec<Value> = if text.trim_start().starts_with('<') {
        let scripts = html::json_ld(&text);
        if scripts.is_empty() {
            let message =
                "the page holds no linked data (<script type=\"application/ld+json\">); paste its text instead";
            return Err(Unreadable::new("no_linked_data", message));
        }
        scripts.into_iter().map(parse).collect::<Result<_, _>>()?
    } else {
        vec![parse(&text)?]
    };
    let mut postings = Vec::new();
    for document in &documents {
        collect(document, 0, &mut postings);
    }
    if postings.is_empty() {
        return Err(Unreadable::new("no_posting", "there is no object of @type JobPosting in it"));
    }
    Ok(postings.into_iter().enumerate().map(|(at, posting)| need(posting, at, context)).collect())
}

fn parse(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|e| Unreadable::new("json", format!("not readable as JSON: {e}")))
}

fn collect<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a Object>) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, depth + 1, found)),
        Value::Object(object) => {
            if is_posting(object) {
                found.push(object);
            } else {
                object.values().for_each(|value| collect(value, depth + 1, found));
            }
        }
        _ => {}
    }
}

fn is_posting(object: &Object) -> bool {
    let local = |text: &str| text.rsplit([':', '/', '#']).next() == Some("JobPosting");
    match object.get("@type") {
        Some(Value::String(text)) => local(text),
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).any(local),
        _ => false,
    }
}

/// The value of a key, bare or prefixed.
fn get<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.get(key).or_else(|| ["schema:", "jdx:"].iter().find_map(|prefix| object.get(&format!("{prefix}{key}"))))
}

fn child<'a>(object: &'a Object, key: &str) -> Option<&'a Object> {
    match get(object, key)? {
        Value::Object(child) => Some(child),
        Value::Array(values) => values.iter().find_map(Value::as_object),
        _ => None,
    }
}

/// The text of a value: itself, of a language map (English first), or of a named thing.
fn text(value: &Value) -> Option<String> {
    let found = match value {
        Value::String(text) => html::strip(text),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => return values.iter().find_map(text),
        Value::Object(object) => {
            let english = object.iter().find(|(key, value)| key.to_lowercase().starts_with("en") && value.is_string());
            if let Some((_, value)) = english {
                return text(value);
            }
            return ["@value", "name", "description", "termCode", "credentialCategory"]
                .iter()
                .find_map(|key| get(object, key).and_then(text));
        }
        _ => return None,
    };
    let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
    (!found.is_empty()).then_some(found)
}

fn field(object: &Object, key: &str) -> Option<String> {
    get(object, key).and_then(text)
}

fn cell(object: &Object, key: &str, name: &str) -> Option<Cell> {
    field(object, key).map(|text| Cell::new(name, text))
}

fn all(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn need(posting: &Object, at: usize, context: &Context) -> RawNeed {
    let reference =
        field(posting, "positionID").or_else(|| child(posting, "identifier").and_then(|i| field(i, "value")));
    let mut need = RawNeed {
        place: format!("posting {}", at + 1),
        reference: reference.map(|text| Cell::new("reference", text)),
        occupation: cell(posting, "title", "occupation").or_else(|| cell(posting, "name", "occupation")),
        occupation_code: code(posting).map(|text| Cell::new("occupationalCategory", text)),
        county: location(posting).map(|text| Cell::new("jobLocation", text)),
        county_is_a_guess: true,
        education: cell(posting, "educationRequirements", "educationRequirements"),
        experience: experience(posting).map(|text| Cell::new("experienceRequirements", text)),
        valid_until: cell(posting, "validThrough", "validThrough"),
        ..RawNeed::default()
    };
    let openings =
        field(posting, "totalJobOpenings").or_else(|| field(posting, "jobOpeningNumber")).unwrap_or_else(|| {
            need.warnings.push(Remark::new(
                "totalJobOpenings",
                "openings_assumed",
                "no number of openings was found; one was taken",
            ));
            "1".to_owned()
        });
    need.openings.push(RawOpenings {
        cell: Cell::new("totalJobOpenings", openings),
        horizon: Horizon::Now,
        is_new: true,
    });
    salary(posting, &mut need);
    requirements(posting, &mut need, context);
    need
}

fn code(posting: &Object) -> Option<String> {
    all(get(posting, "occupationalCategory")).into_iter().find_map(|value| {
        let text = match value {
            Value::Object(object) => field(object, "codeValue").or_else(|| field(object, "termCode"))?,
            other => text(other)?,
        };
        let code: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '-' || *c == '.').collect();
        (code.len() >= 7 && code.as_bytes().get(2) == Some(&b'-')).then_some(code)
    })
}

fn location(posting: &Object) -> Option<String> {
    let place = child(posting, "jobLocation")?;
    let Some(address) = child(place, "address") else {
        return field(place, "address").or_else(|| field(place, "name"));
    };
    let county = field(address, "addressCounty").or_else(|| field(address, "county"));
    let (city, state) = (field(address, "addressLocality"), field(address, "addressRegion"));
    match (county.or(city), state) {
        (Some(place), Some(state)) => Some(format!("{place}, {state}")),
        (Some(place), None) => Some(place),
        (None, _) => field(address, "streetAddress"),
    }
}

fn experience(posting: &Object) -> Option<String> {
    match get(posting, "experienceRequirements")? {
        Value::Object(object) => match get(object, "monthsOfExperience").and_then(text) {
            Some(months) => Some(format!("{months} months")),
            None => text(get(posting, "experienceRequirements")?),
        },
        other => text(other),
    }
}

fn salary(posting: &Object, need: &mut RawNeed) {
    let Some(base) = get(posting, "baseSalary").or_else(|| get(posting, "estimatedSalary")) else { return };
    let Some(base) = (match base {
        Value::Object(object) => Some(object),
        Value::Array(values) => values.iter().find_map(Value::as_object),
        _ => None,
    }) else {
        need.wage_min = text(base).map(|text| Cell::new("baseSalary", text));
        return;
    };
    if let Some(currency) = field(base, "currency").filter(|currency| currency != "USD") {
        let message = format!("the wage is in {}; only US dollars are read, so it was left out", short(&currency));
        need.warnings.push(Remark::new("baseSalary", "currency", message));
        return;
    }
    let amounts = child(base, "value").unwrap_or(base);
    let single = || get(base, "value").filter(|v| !v.is_object()).and_then(text).or_else(|| field(amounts, "value"));
    need.wage_min = field(amounts, "minValue").or_else(single).map(|text| Cell::new("baseSalary", text));
    need.wage_max = field(amounts, "maxValue").map(|text| Cell::new("baseSalary", text));
    let unit =
        field(amounts, "unitText").or_else(|| field(base, "unitText")).or_else(|| field(base, "payCycleInterval"));
    need.wage_unit = unit.map(|text| Cell::new("baseSalary", text));
}

fn requirements(posting: &Object, need: &mut RawNeed, context: &Context) {
    let lists = [
        ("skills", RequirementLevel::Required, false),
        ("competency", RequirementLevel::Required, false),
        ("qualifications", RequirementLevel::Required, true),
        ("requiredCredential", RequirementLevel::Required, true),
        ("preferredCredential", RequirementLevel::Preferred, true),
    ];
    for (key, level, is_credential) in lists {
        for value in all(get(posting, key)) {
            let (level, importance) = annotated(value, level);
            let Some(words) = text(value) else { continue };
            // `skills` and `qualifications` may be one text that names several.
            for piece in words.split([';', '\n', '•']).map(str::trim).filter(|piece| !piece.is_empty()) {
                if piece.chars().count() > REQUIREMENT_CHARS_MAX {
                    let message = format!("'{}' is long for one requirement and was left out", short(piece));
                    need.warnings.push(Remark::new(key, "requirement_long", message));
                    continue;
                }
                let cell = Cell::new(key, piece);
                need.requirements.push(RawRequirement { cell, level, is_credential, importance, proficiency: None });
            }
        }
    }
    need.requirements.truncate(context.limits.list_entries_max);
}

/// What a JDX ScaleAnnotation says: required or preferred, importance 1-5.
fn annotated(value: &Value, level: RequirementLevel) -> (RequirementLevel, Option<i64>) {
    let Some(object) = value.as_object() else { return (level, None) };
    let annotation = child(object, "annotation").or_else(|| child(object, "scaleAnnotation")).unwrap_or(object);
    let says =
        |key: &str| get(annotation, key).is_some_and(|v| v == &Value::Bool(true) || text(v).as_deref() == Some("true"));
    let level = if says("preferred") {
        RequirementLevel::Preferred
    } else if says("required") {
        RequirementLevel::Required
    } else {
        level
    };
    (level, get(annotation, "importance").and_then(Value::as_i64))
}
