//! `/signals.csv`

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use skillwire_schemas::{Figures, Numbers, Signal};
use skillwire_web::{Actor, Problem, csv_row};

use super::api::{SeenSignal, SignalQuery};
use super::sight;
use crate::Aggregate;
use crate::store::list::{self, Sight};

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

/// What staff get behind the others, so that no kept-back number stands in a column that everybody knows.
const STAFF_COLUMNS: [&str; 5] = [
    "staff_only_employers",
    "staff_only_openings_new",
    "staff_only_openings_replacement",
    "staff_only_median_hourly",
    "staff_only_note",
];

/// The same rows as the page, all of them up to the bound.
pub(crate) async fn csv(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Query(query): Query<SignalQuery>,
) -> Result<Response, Problem> {
    let sight = sight(&actor);
    let (limit, filter) = (aggregate.config.export_rows_max, query.filter(sight)?);
    let rows = list::list_seen(aggregate.parts.db.pool(), actor.partnership, (&filter, sight), 0, limit).await?;
    let staff = sight == Sight::Staff;
    let mut columns = COLUMNS.to_vec();
    columns.extend(STAFF_COLUMNS.iter().filter(|_| staff));
    let mut out = format!("{}\r\n", columns.join(","));
    for seen in rows.into_iter().map(SeenSignal::from) {
        let mut row = cells(&seen.signal).to_vec();
        if staff {
            row.extend(staff_cells(&seen));
        }
        out.push_str(&csv_row(&row));
    }
    let name = if staff { "skillwire-signals-staff-only.csv" } else { "skillwire-signals.csv" };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, out).into_response())
}

/// Employers, new and replacement openings, median pay; empty where there is none.
fn number_cells(numbers: Option<&Numbers>) -> [String; 4] {
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let cents = numbers.and_then(|n| n.median_hourly_cents);
    [
        number(numbers.map(|n| n.employers)),
        number(numbers.map(|n| n.openings_new)),
        number(numbers.map(|n| n.openings_replacement)),
        cents.map(|c| format!("{}.{:02}", c / 100, c % 100)).unwrap_or_default(),
    ]
}

fn staff_cells(seen: &SeenSignal) -> [String; 5] {
    let staff = seen.staff_only.as_ref();
    let [employers, new, replacement, median] = number_cells(staff.map(|s| &s.numbers));
    let note = staff.map(|s| match s.kept_back {
        Some(reason) => format!("{} ({})", s.note, reason.as_str()),
        None => s.note.to_owned(),
    });
    [employers, new, replacement, median, note.unwrap_or_default()]
}

fn cells(signal: &Signal) -> [String; 15] {
    let state = match &signal.figures {
        Figures::Published(_) => "published".to_owned(),
        Figures::Suppressed { reason } => format!("suppressed: {}", reason.as_str()),
        Figures::Ended => "ended".to_owned(),
    };
    let [employers, new, replacement, median] = number_cells(signal.figures.numbers());
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
        employers,
        new,
        replacement,
        median,
    ]
}
