//! `/needs`

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use skillwire_schemas::{Match, MatchState, Need, NeedId, NeedState};
use skillwire_web::{Actor, Page, Permission, Problem, page};

use super::api::{self, ListQuery, NeedList};
use crate::Normalize;

/// What stands beside a match.
fn badge(matched: &Match) -> &'static str {
    match matched.state {
        MatchState::Matched => "badge-ok",
        MatchState::Ambiguous => "badge-warn",
        MatchState::Unmatched => "badge-quiet",
    }
}

fn label(matched: &Match) -> &str {
    matched.concept.as_ref().map_or(matched.state.as_str(), |c| c.label.as_str())
}

fn dollars(cents: &i64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[derive(Template)]
#[template(path = "needs.html")]
struct List {
    csrf: String,
    list: NeedList,
    query: ListQuery,
    may_submit: bool,
    is_staff: bool,
}

/// The list.
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let list = api::page(&normalize, &actor, &query).await?;
    let body = List {
        csrf: actor.csrf().to_owned(),
        list,
        query,
        may_submit: actor.may(Permission::SubmitNeeds),
        is_staff: actor.may(Permission::ManagePartnership),
    };
    let about = "What was said, and what each word became.";
    page(Page { title: "Needs", about, active: "/needs", actor: Some(&actor) }, &body)
}

#[derive(Template)]
#[template(path = "need.html")]
struct Shown {
    need: Need,
}

/// One need.
pub(crate) async fn show(
    State(normalize): State<Normalize>,
    actor: Actor,
    Path(id): Path<NeedId>,
) -> Result<Response, Problem> {
    let need = api::one(&normalize, &actor, id).await?;
    let title = need.occupation.text.clone();
    let about = "How we read it. Something wrong? Tell your partnership's staff.";
    page(Page { title: &title, about, active: "/needs", actor: Some(&actor) }, &Shown { need })
}
