//! Our JSON: `{"needs": [..]}`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillwire_schemas::{Horizon, RequirementLevel};
use utoipa::ToSchema;

use super::raw::{Cell, RawNeed, RawOpenings, RawRequirement};
use super::{Context, Remark, Unreadable};

/// A submission in JSON.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonNeeds {
    /// The needs.
    pub needs: Vec<JsonNeed>,
}

/// A need in JSON, in the employer's own words.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonNeed {
    /// The employer's own key; the same key again replaces the need.
    #[serde(default)]
    pub reference: Option<String>,
    /// The job title.
    #[serde(default)]
    pub occupation: Option<String>,
    /// SOC 2018 or O*NET-SOC code.
    #[serde(default)]
    pub occupation_code: Option<String>,
    /// How many by when.
    #[serde(default)]
    pub openings: Vec<JsonOpenings>,
    /// Name with state, or FIPS code.
    #[serde(default)]
    pub county: Option<Scalar>,
    /// What is paid.
    #[serde(default)]
    pub wage: Option<JsonWage>,
    /// In the employer's words.
    #[serde(default)]
    pub education: Option<String>,
    /// In the employer's words.
    #[serde(default)]
    pub experience: Option<String>,
    /// Must have.
    #[serde(default)]
    pub required_skills: Vec<JsonRequirement>,
    /// Nice to have.
    #[serde(default)]
    pub preferred_skills: Vec<JsonRequirement>,
    /// Must have.
    #[serde(default)]
    pub required_credentials: Vec<JsonRequirement>,
    /// Nice to have.
    #[serde(default)]
    pub preferred_credentials: Vec<JsonRequirement>,
    /// What keeps people from the job.
    #[serde(default)]
    pub barriers: Vec<String>,
    /// 2027-03-31; 180 days from receipt when absent.
    #[serde(default)]
    pub valid_until: Option<String>,
    /// For staff.
    #[serde(default)]
    pub notes: Option<String>,
}

/// Openings of one horizon.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonOpenings {
    /// By when.
    pub horizon: Horizon,
    /// From growth.
    #[serde(default, rename = "new")]
    pub new: Option<Scalar>,
    /// From people leaving.
    #[serde(default)]
    pub replacement: Option<Scalar>,
}

/// A wage.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonWage {
    /// Lower end, dollars.
    #[serde(default)]
    pub min: Option<Scalar>,
    /// Upper end, dollars.
    #[serde(default)]
    pub max: Option<Scalar>,
    /// hour, day, week, month or year.
    #[serde(default)]
    pub unit: Option<String>,
}

/// A number or a text.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A number.
    #[schema(value_type = f64)]
    Number(serde_json::Number),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A requirement: its text, or its text with scales.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(untagged)]
pub enum JsonRequirement {
    /// Its text.
    Text(String),
    /// With scales.
    Scaled {
        /// Its text.
        text: String,
        /// 1 (nice) to 5 (essential).
        #[serde(default)]
        importance: Option<i64>,
        /// 1 (beginner) to 5 (expert).
        #[serde(default)]
        proficiency: Option<i64>,
    },
}

/// Reads a JSON submission. An item that is not of the shape is an error of that item only.
pub(crate) fn read(bytes: &[u8], context: &Context) -> Result<Vec<RawNeed>, Unreadable> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        let message = if e.to_string().contains("recursion limit") {
            "the JSON is nested too deeply; a submission is {\"needs\": [{..}]}".to_owned()
        } else {
            format!("not readable as JSON: {e}")
        };
        Unreadable::new("json", message)
    })?;
    let Value::Object(mut top) = value else {
        return Err(Unreadable::new("json_shape", "send an object: {\"needs\": [{..}]}"));
    };
    let Some(Value::Array(needs)) = top.remove("needs") else {
        return Err(Unreadable::new("json_shape", "there is no list `needs`; send {\"needs\": [{..}]}"));
    };
    if let Some(unknown) = top.keys().next() {
        return Err(Unreadable::new("json_shape", format!("`{unknown}` is not known here; only `needs` is")));
    }
    if needs.len() > context.limits.rows_max {
        let message = format!("{} needs in one submission; at most {}: split it", needs.len(), context.limits.rows_max);
        return Err(Unreadable::new("too_many_rows", message));
    }
    Ok(needs
        .into_iter()
        .enumerate()
        .map(|(at, need)| {
            let place = format!("/needs/{at}");
            match serde_json::from_value::<JsonNeed>(need) {
                Ok(need) => raw(&need, place),
                Err(e) => {
                    let errors = vec![Remark::new("", "json_shape", format!("{e}"))];
                    RawNeed { place, occupation: Some(Cell::new("occupation", "?")), errors, ..RawNeed::default() }
                }
            }
        })
        .collect())
}

/// The words of a JSON need.
pub(crate) fn raw(need: &JsonNeed, place: String) -> RawNeed {
    let cell = |field: &str, text: &Option<String>| text.as_ref().map(|text| Cell::new(field, text));
    let scalar = |field: &str, value: Option<&Scalar>| value.map(|value| Cell::new(field, value.to_string()));
    let mut openings = Vec::new();
    for one in &need.openings {
        for (name, value, is_new) in [("new", &one.new, true), ("replacement", &one.replacement, false)] {
            if let Some(value) = value {
                let field = format!("openings_{name}_{}", one.horizon.as_str());
                openings.push(RawOpenings { cell: Cell::new(field, value.to_string()), horizon: one.horizon, is_new });
            }
        }
    }
    let lists = [
        ("required_skills", &need.required_skills, RequirementLevel::Required, false),
        ("preferred_skills", &need.preferred_skills, RequirementLevel::Preferred, false),
        ("required_credentials", &need.required_credentials, RequirementLevel::Required, true),
        ("preferred_credentials", &need.preferred_credentials, RequirementLevel::Preferred, true),
    ];
    let requirements = lists
        .into_iter()
        .flat_map(|(field, list, level, is_credential)| {
            list.iter().map(move |one| {
                let (text, importance, proficiency) = match one {
                    JsonRequirement::Text(text) => (text, None, None),
                    JsonRequirement::Scaled { text, importance, proficiency } => (text, *importance, *proficiency),
                };
                RawRequirement { cell: Cell::new(field, text), level, is_credential, importance, proficiency }
            })
        })
        .collect();
    let wage = need.wage.as_ref();
    RawNeed {
        place,
        reference: cell("reference", &need.reference),
        occupation: cell("occupation", &need.occupation),
        occupation_code: cell("occupation_code", &need.occupation_code),
        openings,
        county: scalar("county", need.county.as_ref()),
        county_is_a_guess: false,
        wage_min: scalar("wage_min", wage.and_then(|w| w.min.as_ref())),
        wage_max: scalar("wage_max", wage.and_then(|w| w.max.as_ref())),
        wage_unit: cell("wage_unit", &wage.and_then(|w| w.unit.clone())),
        education: cell("education", &need.education),
        experience: cell("experience", &need.experience),
        requirements,
        barriers: need.barriers.iter().map(|text| Cell::new("barriers", text)).collect(),
        valid_until: cell("valid_until", &need.valid_until),
        notes: cell("notes", &need.notes),
        errors: Vec::new(),
        warnings: Vec::new(),
    }
}
