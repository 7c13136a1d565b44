//! The layout around every page.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use crate::actor::Actor;
use crate::permission::Permission;
use crate::problem::Problem;

/// A page: what stands around its body.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// One line: what the page is for.
    pub about: &'a str,
    /// Which entry of the navigation it belongs to, e.g. `/signals`.
    pub active: &'a str,
    /// Who looks at it.
    pub actor: Option<&'a Actor>,
}

/// An entry of the navigation.
struct Entry {
    path: &'static str,
    label: &'static str,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    page: Page<'a>,
    entries: Vec<Entry>,
    csrf: &'a str,
    body: String,
}

const NAVIGATION: [(&str, &str, Permission); 7] = [
    ("/submit", "Submit", Permission::SubmitNeeds),
    ("/needs", "Needs", Permission::ReadNeeds),
    ("/terms", "Terms", Permission::ManagePartnership),
    ("/signals", "Signals", Permission::ReadSignals),
    ("/subscriptions", "Subscriptions", Permission::Subscribe),
    ("/deliveries", "Deliveries", Permission::ReadDeliveries),
    ("/people", "People", Permission::ManagePartnership),
];

/// Puts a body into the layout.
///
/// # Errors
/// When a template fails.
pub fn page(page: Page<'_>, body: &impl Template) -> Result<Response, Problem> {
    let entries = NAVIGATION
        .into_iter()
        .filter(|(_, _, permission)| page.actor.is_some_and(|actor| actor.may(*permission)))
        .map(|(path, label, _)| Entry { path, label })
        .collect();
    let csrf = page.actor.map_or("", Actor::csrf);
    let html = Layout { page, entries, csrf, body: body.render()? }.render()?;
    let mut response = Html(html).into_response();
    // What a signed-in person sees is for no shared cache.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemBody<'a> {
    problem: &'a Problem,
}

/// A problem as a page; the problem's own answer when even that fails.
pub(crate) fn problem_page(problem: &Problem, actor: Option<&Actor>) -> Response {
    let title = problem.status().canonical_reason().unwrap_or("Problem");
    let around = Page { title, about: "", active: "", actor };
    match page(around, &ProblemBody { problem }) {
        Ok(mut response) => {
            *response.status_mut() = problem.status();
            response
        }
        Err(_) => problem.clone().into_response(),
    }
}
