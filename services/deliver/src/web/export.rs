//! The list as a file: CSV and JSON lines, over all pages.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use skillwire_web::{Actor, Problem, csv_row};

use super::api;
use super::query::ListQuery;
use crate::Deliver;
use crate::store::read::{self, DeliveryLine, Filter};

/// Rows of an export at most: more are refused before the first, never cut off.
const EXPORT_ROWS_MAX: i64 = 500_000;
/// Rows that are in memory at once.
const PIECE_ROWS: u32 = 1_000;

const HEAD: &str = "delivery,subscription,name,person,who,channel,period,state,reason,next,tries,uncertain,resends,signals,created_at,sent_at\r\n";

/// The list as CSV.
pub(super) async fn csv(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let rows = rows(deliver, actor, &query, HEAD, csv_line).await?;
    Ok(file("text/csv; charset=utf-8", "csv", rows))
}

/// The list as JSON lines.
pub(super) async fn jsonl(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let rows = rows(deliver, actor, &query, "", json_line).await?;
    Ok(file("application/jsonl; charset=utf-8", "jsonl", rows))
}

fn file(kind: &'static str, ending: &str, body: Body) -> Response {
    let name = format!("attachment; filename=\"skillwire-deliveries.{ending}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response()
}

async fn rows(
    deliver: Deliver,
    actor: Actor,
    query: &ListQuery,
    head: &'static str,
    write: fn(&DeliveryLine) -> String,
) -> Result<Body, Problem> {
    let filter = Filter { before: None, ..query.filter(&actor)? };
    let cells = read::summary(deliver.parts.db.pool(), actor.partnership, &filter).await?;
    let count: i64 = cells.iter().map(|cell| cell.deliveries).sum();
    if count > EXPORT_ROWS_MAX {
        let text =
            format!("{count} deliveries match, an export has {EXPORT_ROWS_MAX} at most; narrow it (since, until)");
        return Err(Problem::unprocessable(text).code("too_many"));
    }
    Ok(Body::from_stream(pieces(Arc::new((deliver, actor)), filter, head, write)))
}

/// Piece by piece, each asked for when the one before was taken. A failure breaks the answer off, so that half a list is not
/// taken for a whole one.
fn pieces(
    world: Arc<(Deliver, Actor)>,
    filter: Filter,
    head: &'static str,
    write: fn(&DeliveryLine) -> String,
) -> impl Stream<Item = Result<String, std::io::Error>> {
    futures::stream::try_unfold((Some(filter), head), move |(filter, head)| {
        let world = Arc::clone(&world);
        async move {
            let Some(mut filter) = filter else { return Ok(None) };
            let (deliver, actor) = &*world;
            let lines = api::lines(deliver, actor, &filter, PIECE_ROWS).await;
            let lines = lines.map_err(|problem| std::io::Error::other(problem.detail().to_owned()))?;
            let mut text = head.to_owned();
            lines.iter().for_each(|line| text.push_str(&write(line)));
            let full = lines.len() >= usize::try_from(PIECE_ROWS).unwrap_or(usize::MAX);
            filter.before = lines.last().map(|line| (line.created_at, line.id));
            Ok(Some((text, (full.then_some(filter), ""))))
        }
    })
}

fn json_line(line: &DeliveryLine) -> String {
    format!("{}\n", serde_json::to_string(line).unwrap_or_default())
}

fn csv_line(d: &DeliveryLine) -> String {
    csv_row(&[
        d.id.to_string(),
        d.subscription.to_string(),
        d.name.clone(),
        d.person.to_string(),
        d.who.clone().unwrap_or_default(),
        d.channel.clone(),
        d.period.clone(),
        d.state.clone(),
        d.reason.clone().unwrap_or_default(),
        d.next.clone(),
        d.tries.to_string(),
        d.uncertain.to_string(),
        d.resends.to_string(),
        d.signals.to_string(),
        d.created_at.to_rfc3339(),
        d.sent_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
    ])
}
