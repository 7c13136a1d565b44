//! `/submit`: by form, by file, by pasted text.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use chrono::NaiveDate;
use serde::Deserialize;
use skillwire_schemas::partnership::PartnershipCounty;
use skillwire_schemas::{Horizon, NeedId};
use skillwire_web::{Actor, Form, Page, Problem, Trace, Upload, page};

use crate::Intake;
use crate::change::{self, Action, Change, Changes};
use crate::read::{Format, JsonNeed};
use crate::store::submissions;
use crate::take::{Around, Input, Sent, form_body};
use crate::template;

#[derive(Template)]
#[template(path = "submit.html")]
struct Body {
    csrf: String,
    /// A new idempotency key: pressing the button twice sends once.
    key: String,
    tab: &'static str,
    counties: Vec<PartnershipCounty>,
}

async fn show(intake: &Intake, actor: &Actor, tab: &'static str) -> Result<Response, Problem> {
    let mut bytes = [0u8; 16];
    intake.parts.env.ids.fill(&mut bytes);
    let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let counties = intake.partnership(actor).await?.counties;
    let about = "Say what you need in your own words. Your name appears in no signal.";
    let around = Page { title: "Submit needs", about, active: "/submit", actor: Some(actor) };
    page(around, &Body { csrf: actor.csrf().to_owned(), key, tab, counties })
}

/// The form.
pub(crate) async fn form_page(State(intake): State<Intake>, actor: Actor) -> Result<Response, Problem> {
    show(&intake, &actor, "form").await
}

/// Upload.
pub(crate) async fn file_page(State(intake): State<Intake>, actor: Actor) -> Result<Response, Problem> {
    show(&intake, &actor, "file").await
}

/// Paste.
pub(crate) async fn text_page(State(intake): State<Intake>, actor: Actor) -> Result<Response, Problem> {
    show(&intake, &actor, "text").await
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NeedFields {
    key: String,
    reference: String,
    occupation: String,
    new_now: String,
    replacement_now: String,
    new_year: String,
    replacement_year: String,
    new_three_years: String,
    replacement_three_years: String,
    county: String,
    wage_min: String,
    wage_max: String,
    wage_unit: String,
    education: String,
    experience: String,
    required_skills: String,
    preferred_skills: String,
    required_credentials: String,
    preferred_credentials: String,
    barriers: String,
    valid_until: String,
    notes: String,
}

impl NeedFields {
    fn need(&self) -> JsonNeed {
        use crate::read::{JsonOpenings, JsonRequirement, JsonWage, Scalar};
        let text = |field: &str| Some(field.trim().to_owned()).filter(|text| !text.is_empty());
        let scalar = |field: &str| text(field).map(Scalar::Text);
        let list = |field: &str| -> Vec<String> {
            field.split([';', '\n']).map(str::trim).filter(|t| !t.is_empty()).map(ToOwned::to_owned).collect()
        };
        let requirements = |field: &str| list(field).into_iter().map(JsonRequirement::Text).collect();
        let openings = |horizon, new: &str, replacement: &str| JsonOpenings {
            horizon,
            new: scalar(new),
            replacement: scalar(replacement),
        };
        let wage = JsonWage { min: scalar(&self.wage_min), max: scalar(&self.wage_max), unit: text(&self.wage_unit) };
        let has_wage = wage.min.is_some() || wage.max.is_some();
        JsonNeed {
            reference: text(&self.reference),
            occupation: text(&self.occupation),
            occupation_code: None,
            openings: vec![
                openings(Horizon::Now, &self.new_now, &self.replacement_now),
                openings(Horizon::Year, &self.new_year, &self.replacement_year),
                openings(Horizon::ThreeYears, &self.new_three_years, &self.replacement_three_years),
            ],
            county: scalar(&self.county),
            wage: has_wage.then_some(wage),
            education: text(&self.education),
            experience: text(&self.experience),
            required_skills: requirements(&self.required_skills),
            preferred_skills: requirements(&self.preferred_skills),
            required_credentials: requirements(&self.required_credentials),
            preferred_credentials: requirements(&self.preferred_credentials),
            barriers: list(&self.barriers),
            valid_until: text(&self.valid_until),
            notes: text(&self.notes),
        }
    }
}

/// Takes the form.
pub(crate) async fn form(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    Form(fields): Form<NeedFields>,
) -> Result<Response, Problem> {
    let need = fields.need();
    let around = Around { intake: &intake, actor: &actor, employer: None, trace };
    let sent = around.sent(fields.key.clone(), "application/json".to_owned(), None, form_body(&need)?).await?;
    take(&intake, sent, Input::Form(Box::new(need))).await
}

async fn take(intake: &Intake, sent: Sent, input: Input) -> Result<Response, Problem> {
    let taken = intake.take(sent, input).await?;
    Ok(Redirect::to(&format!("/submissions/{}", taken.receipt.submission)).into_response())
}

/// Takes an upload.
pub(crate) async fn file(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    upload: Upload,
) -> Result<Response, Problem> {
    let key = upload.fields.get("key").cloned().unwrap_or_default();
    let file = upload
        .files
        .into_iter()
        .next()
        .ok_or_else(|| Problem::unprocessable("choose a file that is not empty").code("empty"))?;
    if file.bytes.len() > intake.config.body_bytes_max {
        return Err(Problem::too_large(format!(
            "{} bytes; at most {}",
            file.bytes.len(),
            intake.config.body_bytes_max
        )));
    }
    let media_type = file.content_type.unwrap_or_default();
    let format = Format::of(&media_type, Some(&file.name)).map_err(|e| Problem::unsupported(e.message).code(e.code))?;
    let around = Around { intake: &intake, actor: &actor, employer: None, trace };
    let sent = around.sent(key, media_type, Some(file.name), file.bytes).await?;
    take(&intake, sent, Input::File(format)).await
}

/// The pasted text.
#[derive(Debug, Deserialize)]
pub(crate) struct TextFields {
    key: String,
    text: String,
}

/// Takes a pasted job description.
pub(crate) async fn text(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    Form(fields): Form<TextFields>,
) -> Result<Response, Problem> {
    let around = Around { intake: &intake, actor: &actor, employer: None, trace };
    let sent = around.sent(fields.key, "text/plain".to_owned(), None, Bytes::from(fields.text)).await?;
    take(&intake, sent, Input::File(Format::Text)).await
}

/// A button of `/needs`.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangeFields {
    need: NeedId,
    action: Action,
    #[serde(default)]
    valid_until: Option<NaiveDate>,
    #[serde(default)]
    next: String,
}

/// Withdraws, confirms or reopens a need.
pub(crate) async fn change(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    Form(fields): Form<ChangeFields>,
) -> Result<Response, Problem> {
    let owner = submissions::owner(intake.parts.db.pool(), actor.partnership, fields.need).await?;
    let employer = owner.ok_or_else(|| Problem::not_found("need"))?;
    let around = Around { intake: &intake, actor: &actor, employer: Some(employer), trace };
    let changes =
        Changes { changes: vec![Change { need: fields.need, action: fields.action, valid_until: fields.valid_until }] };
    // A press of the button is a change of its own: its trace names it.
    change::take(&around, trace.trace_id(), changes).await?;
    let next = if fields.next.starts_with("/needs") { fields.next } else { "/needs".to_owned() };
    Ok(Redirect::to(&next).into_response())
}

/// The template as CSV.
pub(crate) async fn template_csv() -> Response {
    attachment("text/csv; charset=utf-8", "skillwire-needs.csv", template::csv().into_bytes())
}

/// The template as a workbook.
pub(crate) async fn template_xlsx() -> Result<Response, Problem> {
    let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(media_type, "skillwire-needs.xlsx", template::xlsx().map_err(Problem::internal)?))
}

fn attachment(media_type: &str, name: &str, body: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body).into_response()
}
