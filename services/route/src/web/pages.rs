//! The pages.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{
    Cadence, Channel, ConceptKey, ConceptKind, CountyFips, Horizon, Predicate, RegionLevel, Subscription,
    SubscriptionId,
};
use skillwire_web::{Actor, Form, Page, Problem, Trace, page};

use super::api::{self, PageQuery, Preview, SubscriptionView};
use super::asked::Asked;
use crate::Route;
use crate::store::signals;

#[derive(Template)]
#[template(path = "subscriptions.html")]
struct List {
    subscriptions: Vec<SubscriptionView>,
    next: Option<String>,
}

/// `/subscriptions`
pub(crate) async fn list(
    State(route): State<Route>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let found = api::page(&route, &actor, query.cursor.as_deref()).await?;
    let about = "What you are told, how and how often.";
    let around = Page { title: "Subscriptions", about, active: "/subscriptions", actor: Some(&actor) };
    page(around, &List { subscriptions: found.subscriptions, next: found.next })
}

/// A box that may be ticked.
struct Choice {
    value: String,
    label: String,
    on: bool,
}

#[derive(Template)]
#[template(path = "subscription.html")]
struct Edit {
    csrf: String,
    id: Option<String>,
    fields: Fields,
    counties: Vec<Choice>,
    kinds: Vec<Choice>,
    levels: Vec<Choice>,
    horizons: Vec<Choice>,
    email: bool,
    stream: bool,
    webhook: bool,
    feed: bool,
    preview: Option<Preview>,
    feed_subject: Option<String>,
}

/// The form as it is sent: everything is text until it is checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    name: String,
    channels: Vec<String>,
    webhook_url: String,
    cadence: String,
    time_zone: String,
    counties: Vec<String>,
    region_levels: Vec<String>,
    concept_kinds: Vec<String>,
    horizons: Vec<String>,
    concepts: String,
    naics_prefixes: String,
    min_employers: String,
    min_openings: String,
    min_change_percent: String,
    paused: Option<String>,
    preview: Option<String>,
}

impl Fields {
    fn of(subscription: &Subscription) -> Self {
        let p = &subscription.predicate;
        Self {
            name: subscription.name.clone(),
            channels: subscription.channels.iter().map(|c| c.as_str().to_owned()).collect(),
            webhook_url: subscription.webhook_url.clone().unwrap_or_default(),
            cadence: subscription.cadence.as_str().to_owned(),
            time_zone: subscription.time_zone.clone(),
            counties: p.counties.iter().map(ToString::to_string).collect(),
            region_levels: p.region_levels.iter().map(|l| l.as_str().to_owned()).collect(),
            concept_kinds: p.concept_kinds.iter().map(|k| k.as_str().to_owned()).collect(),
            horizons: p.horizons.iter().map(|h| h.as_str().to_owned()).collect(),
            concepts: p.concepts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            naics_prefixes: p.naics_prefixes.join(", "),
            min_employers: p.min_employers.to_string(),
            min_openings: p.min_openings.to_string(),
            min_change_percent: p.min_change_percent.to_string(),
            paused: subscription.paused.then(|| "on".to_owned()),
            preview: None,
        }
    }

    /// Reads the fields; concepts may be named by label when a signal of that name is known.
    async fn read(&self, route: &Route, actor: &Actor) -> Result<Asked, Problem> {
        let predicate = Predicate {
            counties: words::<CountyFips, _>("counties", &self.counties, CountyFips::parse)?,
            region_levels: words("region_levels", &self.region_levels, str::parse::<RegionLevel>)?,
            naics_prefixes: pieces(&self.naics_prefixes),
            concept_kinds: words("concept_kinds", &self.concept_kinds, str::parse::<ConceptKind>)?,
            concepts: concepts(route, actor, &self.concepts).await?,
            horizons: words("horizons", &self.horizons, str::parse::<Horizon>)?,
            min_employers: number("min_employers", &self.min_employers)?,
            min_openings: number("min_openings", &self.min_openings)?,
            min_change_percent: number("min_change_percent", &self.min_change_percent)?,
        };
        Ok(Asked {
            name: self.name.clone(),
            predicate,
            webhook_url: Some(self.webhook_url.clone()),
            channels: words("channels", &self.channels, str::parse::<Channel>)?,
            cadence: self.cadence.parse::<Cadence>().map_err(|e| Problem::unprocessable(format!("cadence: {e}")))?,
            time_zone: Some(self.time_zone.trim().to_owned()).filter(|z| !z.is_empty()),
            paused: self.paused.is_some(),
        })
    }
}

fn words<T, E: std::fmt::Display>(
    field: &str,
    given: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Problem> {
    given.iter().map(|text| parse(text).map_err(|e| Problem::unprocessable(format!("{field}: {e}")))).collect()
}

fn number(field: &str, text: &str) -> Result<u32, Problem> {
    match text.trim() {
        "" => Ok(0),
        text => text
            .parse()
            .map_err(|_| Problem::unprocessable(format!("{field}: '{text}' is no whole number of 0 or more"))),
    }
}

fn pieces(text: &str) -> Vec<String> {
    text.split([',', '\n', ';']).map(str::trim).filter(|p| !p.is_empty()).map(ToOwned::to_owned).collect()
}

async fn concepts(route: &Route, actor: &Actor, text: &str) -> Result<Vec<ConceptKey>, Problem> {
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect();
    let labels: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    let mut tx = route.parts.db.begin().await?;
    let known = signals::concepts_by_label(tx.conn(), actor.partnership, &labels).await?;
    let mut found = Vec::new();
    for line in lines {
        if let Some((scheme, id)) = known.get(&line.to_lowercase()) {
            found.push(ConceptKey { scheme: scheme.clone(), id: id.clone() });
        } else {
            let key = line.parse::<ConceptKey>().map_err(|_| {
                Problem::unprocessable(format!(
                    "concepts: no signal is called '{line}' yet; copy the name from a signal, or write scheme:id, e.g. \
                     onet-soc:51-4121.00"
                ))
            })?;
            found.push(key);
        }
    }
    Ok(found)
}

/// `/subscriptions/new`
pub(crate) async fn new(State(route): State<Route>, actor: Actor) -> Result<Response, Problem> {
    let fields = Fields {
        channels: vec!["email".to_owned()],
        cadence: "daily".to_owned(),
        min_employers: "3".to_owned(),
        ..Fields::default()
    };
    show(&route, &actor, None, fields, None).await
}

/// `/subscriptions/{id}`
pub(crate) async fn edit(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Response, Problem> {
    let kept = api::one(&route, &actor, id).await?;
    let preview = api::would_bring(&route, &kept.subscription).await?;
    show(&route, &actor, Some(id), Fields::of(&kept.subscription), Some(preview)).await
}

/// Makes one, or shows what it would bring.
pub(crate) async fn create(
    State(route): State<Route>,
    actor: Actor,
    Trace(trace): Trace,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let asked = fields.read(&route, &actor).await?;
    if fields.preview.is_some() {
        let preview = preview(&route, &actor, asked).await?;
        return show(&route, &actor, None, fields, Some(preview)).await;
    }
    let made = api::make(&route, &actor, asked, trace).await?;
    Ok(Redirect::to(&format!("/subscriptions/{}", made.subscription.id)).into_response())
}

/// Changes one, or shows what the change would bring.
pub(crate) async fn replace(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Trace(trace): Trace,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let asked = fields.read(&route, &actor).await?;
    if fields.preview.is_some() {
        let preview = preview(&route, &actor, asked).await?;
        return show(&route, &actor, Some(id), fields, Some(preview)).await;
    }
    api::change(&route, &actor, id, asked, trace).await?;
    Ok(Redirect::to("/subscriptions").into_response())
}

/// Ends one.
pub(crate) async fn remove(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Trace(trace): Trace,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    api::end(&route, &actor, id, trace).await?;
    Ok(Redirect::to("/subscriptions").into_response())
}

async fn preview(route: &Route, actor: &Actor, asked: Asked) -> Result<Preview, Problem> {
    Ok(api::preview(State(route.clone()), actor.clone(), skillwire_web::Json(asked)).await?.0)
}

async fn show(
    route: &Route,
    actor: &Actor,
    id: Option<SubscriptionId>,
    fields: Fields,
    preview: Option<Preview>,
) -> Result<Response, Problem> {
    let partnership = api::partnership(route, actor.partnership).await?;
    let title = if id.is_some() { "Subscription" } else { "New subscription" };
    let about = "Choose what you want to hear of. Leave a part empty to take everything.";
    let around = Page { title, about, active: "/subscriptions", actor: Some(actor) };
    page(around, &form(actor, &partnership, id, fields, preview))
}

fn form(
    actor: &Actor,
    partnership: &Partnership,
    id: Option<SubscriptionId>,
    fields: Fields,
    preview: Option<Preview>,
) -> Edit {
    let choice = |given: &[String], value: &str, label: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        on: given.iter().any(|g| g == value),
    };
    let counties = partnership
        .counties
        .iter()
        .map(|c| choice(&fields.counties, &c.county.to_string(), &c.county.name()))
        .collect();
    let kinds = [
        ConceptKind::Occupation,
        ConceptKind::Credential,
        ConceptKind::Skill,
        ConceptKind::Knowledge,
        ConceptKind::Technology,
    ];
    let kinds = kinds.iter().map(|k| choice(&fields.concept_kinds, k.as_str(), k.as_str())).collect();
    let levels = [("county", "single counties"), ("sub_region", "sub-regions"), ("total", "the whole partnership")];
    let levels = levels.iter().map(|(value, label)| choice(&fields.region_levels, value, label)).collect();
    let horizons = [("now", "now"), ("year", "within a year"), ("three_years", "within three years")];
    let horizons = horizons.iter().map(|(value, label)| choice(&fields.horizons, value, label)).collect();
    let has = |channel: &str| fields.channels.iter().any(|c| c == channel);
    let (email, stream, webhook, feed) = (has("email"), has("stream"), has("webhook"), has("feed"));
    Edit {
        csrf: actor.csrf().to_owned(),
        id: id.map(|id| id.to_string()),
        counties,
        kinds,
        levels,
        horizons,
        email,
        stream,
        webhook,
        feed,
        fields,
        preview,
        feed_subject: id.map(|id| format!("feed.{id}.signal")),
    }
}
