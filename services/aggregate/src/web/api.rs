//! The API.

use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{ConceptKind, Figures, Horizon, Numbers, RegionLevel, Signal, SignalId, Suppression};
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::{IntoParams, ToSchema};

use super::sight;
use crate::Aggregate;
use crate::store::list::{self, Filter, Order, Sight};
use crate::store::signals::Known;

/// Furthest row a list goes to.
const OFFSET_MAX: u32 = 100_000;

/// Which signals. All that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(default)]
pub(crate) struct SignalQuery {
    /// published, suppressed, ended or all; without: published, for staff suppressed too.
    pub state: String,
    /// skill, knowledge, technology, credential or occupation.
    pub kind: String,
    /// county, sub_region or total.
    pub level: String,
    /// The region's code: a county's FIPS code, a sub-region's slug, or total.
    pub region: String,
    /// now, year or three_years.
    pub horizon: String,
    /// Part of the name.
    pub q: String,
    /// At least so many employers.
    pub employers_min: String,
    /// openings (the default), employers or label.
    pub order: String,
    /// From the page before.
    pub cursor: String,
}

impl SignalQuery {
    /// Checks the words.
    pub(super) fn filter(&self, sight: Sight) -> Result<Filter, Problem> {
        let word = |field: &str, text: &str, check: &dyn Fn(&str) -> Result<(), String>| {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            check(text).map_err(|e| Problem::bad_request(format!("{field}: {e}")).code("filter"))?;
            Ok::<_, Problem>(Some(text.to_owned()))
        };
        let states = match (self.state.trim(), sight) {
            ("", Sight::Staff) => vec!["published", "suppressed"],
            ("" | "published", _) => vec!["published"],
            ("all", _) => vec![],
            (other @ ("suppressed" | "ended"), _) => vec![other],
            (other, _) => {
                let detail = format!("state: '{other}' is no state; one of published, suppressed, ended, all");
                return Err(Problem::bad_request(detail).code("filter"));
            }
        };
        let order = match self.order.trim() {
            "" | "openings" => Order::Openings,
            "employers" => Order::Employers,
            "label" => Order::Label,
            other => {
                let detail = format!("order: '{other}'; one of openings, employers, label");
                return Err(Problem::bad_request(detail).code("filter"));
            }
        };
        let employers_min = match self.employers_min.trim() {
            "" => 0,
            text => text.parse().map_err(|_| {
                Problem::bad_request(format!("employers_min: '{text}' is no whole number")).code("filter")
            })?,
        };
        Ok(Filter {
            states: states.into_iter().map(ToOwned::to_owned).collect(),
            kind: word("kind", &self.kind, &|t| t.parse::<ConceptKind>().map(drop).map_err(|e| e.to_string()))?,
            level: word("level", &self.level, &|t| t.parse::<RegionLevel>().map(drop).map_err(|e| e.to_string()))?,
            region: word("region", &self.region, &|_| Ok(()))?,
            horizon: word("horizon", &self.horizon, &|t| t.parse::<Horizon>().map(drop).map_err(|e| e.to_string()))?,
            text: word("q", &self.q, &|_| Ok(()))?,
            employers_min,
            order,
        })
    }
}

/// What the partnership's staff see of a signal, and nobody else.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct StaffOnly {
    /// Why everybody else does not see these numbers; absent when the signal tells its numbers to everybody. Even then these
    /// may hold more: a comparison or a median that would give somebody away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_back: Option<Suppression>,
    /// All numbers.
    pub numbers: Numbers,
    /// What to do with them.
    #[schema(value_type = String)]
    pub note: &'static str,
}

/// The note on what only staff see.
pub(super) const NOTE: &str = "for staff only: kept back from everybody else; do not quote";

/// A signal as the one who asks sees it.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct SeenSignal {
    /// As everybody sees it.
    #[serde(flatten)]
    pub signal: Signal,
    /// For staff only: all its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff_only: Option<StaffOnly>,
}

impl SeenSignal {
    /// `staff` is given only where the store was asked as staff. Numbers that everybody sees need no telling apart.
    pub(super) fn new(signal: Signal, staff: Option<Numbers>) -> Self {
        let kept_back = match signal.figures {
            Figures::Suppressed { reason } => Some(reason),
            Figures::Published(_) | Figures::Ended => None,
        };
        let staff = staff.filter(|numbers| signal.figures.numbers() != Some(numbers));
        Self { signal, staff_only: staff.map(|numbers| StaffOnly { kept_back, numbers, note: NOTE }) }
    }
}

impl From<Known> for SeenSignal {
    fn from(known: Known) -> Self {
        Self::new(known.signal, known.staff)
    }
}

/// A page of signals.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignalList {
    pub signals: Vec<SeenSignal>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Signals of one's partnership. Numbers that would give an employer away are kept back, and the signal says so; staff get
/// them apart, under `staff_only` (by a token only if it has the scope `manage_partnership`).
#[utoipa::path(get, path = "/api/v1/signals", tag = "signals", params(SignalQuery),
    responses((status = 200, body = SignalList), (status = 400)))]
pub(crate) async fn list(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Query(query): Query<SignalQuery>,
) -> Result<Json<SignalList>, Problem> {
    Ok(Json(page(&aggregate, &actor, &query).await?))
}

/// A page.
pub(super) async fn page(aggregate: &Aggregate, actor: &Actor, query: &SignalQuery) -> Result<SignalList, Problem> {
    let offset: u32 = if query.cursor.is_empty() { 0 } else { Cursor::decode(&query.cursor)? };
    let limit = aggregate.config.page_rows_max;
    let sight = sight(actor);
    let filter = query.filter(sight)?;
    let offset = offset.min(OFFSET_MAX);
    let pool = aggregate.parts.db.pool();
    let mut found = list::list_seen(pool, actor.partnership, (&filter, sight), offset, limit + 1).await?;
    let mut next = None;
    if found.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        found.pop();
        next = Some(Cursor::encode(&(offset + limit)));
    }
    Ok(SignalList { signals: found.into_iter().map(SeenSignal::from).collect(), next })
}

/// A signal and its history.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignalHistory {
    /// As it stands.
    pub signal: SeenSignal,
    /// Its revisions as everybody saw them, newest first; at most 100.
    pub revisions: Vec<Signal>,
}

/// One signal with its revisions.
#[utoipa::path(get, path = "/api/v1/signals/{id}", tag = "signals",
    responses((status = 200, body = SignalHistory), (status = 404)))]
pub(crate) async fn get(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Path(id): Path<SignalId>,
) -> Result<Json<SignalHistory>, Problem> {
    Ok(Json(one(&aggregate, &actor, id).await?))
}

/// The signal, if it is of the actor's partnership.
pub(super) async fn one(aggregate: &Aggregate, actor: &Actor, id: SignalId) -> Result<SignalHistory, Problem> {
    let (revisions, staff) = list::history(aggregate.parts.db.pool(), actor.partnership, id, sight(actor)).await?;
    let signal = revisions.first().cloned().ok_or_else(|| Problem::not_found("signal"))?;
    Ok(SignalHistory { signal: SeenSignal::new(signal, staff), revisions })
}
