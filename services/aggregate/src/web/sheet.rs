//! `/signals.csv`

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use skillwire_schemas::{Figures, Signal};
use skillwire_web::{Actor, Problem, csv_row};

use super::api::SignalQuery;
use crate::Aggregate;
use crate::store::signals;

const COLUMNS: [&str; 15] = [
    "signal",
    "revision",
    "as_of",
    "kind",
    "concept",
    "label",
    "level",
    "region",
    "region_name",
    "horizon",
    "state",
    "employers",
    "openings_new",
    "openings_replacement",
    "median_hourly",
];

/// The same rows as the page, all of them up to the bound.
pub(crate) async fn csv(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Query(query): Query<SignalQuery>,
) -> Result<Response, Problem> {
    let limit = aggregate.config.export_rows_max;
    let rows = signals::list(aggregate.parts.db.pool(), actor.partnership, &query.filter()?, 0, limit).await?;
    let mut out = format!("{}\r\n", COLUMNS.join(","));
    for signal in &rows {
        out.push_str(&csv_row(&cells(signal)));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"skillwire-signals.csv\""),
    ];
    Ok((headers, out).into_response())
}

fn cells(signal: &Signal) -> [String; 15] {
    let numbers = signal.figures.numbers();
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let state = match &signal.figures {
        Figures::Published(_) => "published".to_owned(),
        Figures::Suppressed { reason } => format!("suppressed: {}", reason.as_str()),
        Figures::Ended => "ended".to_owned(),
    };
    [
        signal.id.to_string(),
        signal.revision.to_string(),
        signal.as_of.to_rfc3339(),
        signal.concept.kind.as_str().to_owned(),
        signal.concept.key.to_string(),
        signal.concept.label.clone(),
        signal.region.level.as_str().to_owned(),
        signal.region.code.clone(),
        signal.region.name.clone(),
        signal.horizon.as_str().to_owned(),
        state,
        number(numbers.map(|n| n.employers)),
        number(numbers.map(|n| n.openings_new)),
        number(numbers.map(|n| n.openings_replacement)),
        numbers.and_then(|n| n.median_hourly_cents).map(|c| format!("{}.{:02}", c / 100, c % 100)).unwrap_or_default(),
    ]
}
