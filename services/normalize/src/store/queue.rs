//! The review queue: texts without a concept, by weight. What stands behind a text is counted when it is asked for, from an
//! index that holds only open texts in the order in which they are counted.

use skillwire_schemas::{ConceptKey, NeedId, PartnershipId, TermKind};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use super::decisions::kind;

/// Needs of a text that are looked at to tell where it was seen.
const SEEN_NEEDS: i64 = 50;

/// Where a page of the queue ends: (employers, needs, openings, kind, folded) of its last text.
pub(crate) type Place = (i64, i64, i64, TermKind, String);

/// Which open texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub kind: Option<TermKind>,
    /// Only ambiguous ones, or only those that are not.
    pub is_ambiguous: Option<bool>,
    /// Part of the folded text.
    pub part: Option<String>,
    pub after: Option<Place>,
}

/// An open text with its weight.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    pub kind: TermKind,
    pub folded: String,
    pub employers: i64,
    pub needs: i64,
    pub openings: i64,
    pub is_ambiguous: bool,
}

/// Those of most employers first, then of most needs, then of most openings.
pub(crate) async fn open(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Weighed>, StoreError> {
    let after = filter.after.as_ref();
    // Each grouping takes the rows in the order of the one before, which is the index's: nothing is sorted but the last.
    let rows = sqlx::query(
        "with of_need as (
             select kind, folded, employer, need, max(openings) as openings, bool_or(state = 'ambiguous') as ambiguous
             from normalize.terms
             where partnership = $1 and folded is not null and decision is null and state in ('ambiguous', 'unmatched')
               and ($2::text is null or kind = $2) and ($3::text is null or strpos(folded, $3) > 0)
             group by kind, folded, employer, need),
         of_employer as (
             select kind, folded, employer, count(*) as needs, sum(openings) as openings, bool_or(ambiguous) as ambiguous
             from of_need group by kind, folded, employer),
         weighed as (
             select kind, folded, count(*) as employers, sum(needs)::bigint as needs,
                 coalesce(sum(openings), 0)::bigint as openings, bool_or(ambiguous) as ambiguous
             from of_employer group by kind, folded)
         select * from weighed
         where ($4::bool is null or ambiguous = $4)
           and ($5::bigint is null or (-employers, -needs, -openings, kind, folded) > (-$5, -$6, -$7, $8, $9))
         order by employers desc, needs desc, openings desc, kind, folded limit $10",
    )
    .bind(partnership.0)
    .bind(filter.kind.map(TermKind::as_str))
    .bind(&filter.part)
    .bind(filter.is_ambiguous)
    .bind(after.map(|place| place.0))
    .bind(after.map(|place| place.1))
    .bind(after.map(|place| place.2))
    .bind(after.map(|place| place.3.as_str()))
    .bind(after.map(|place| place.4.as_str()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Weighed {
                kind: kind(row, row.get::<&str, _>("folded"))?,
                folded: row.get("folded"),
                employers: row.get("employers"),
                needs: row.get("needs"),
                openings: row.get("openings"),
                is_ambiguous: row.get("ambiguous"),
            })
        })
        .collect()
}

/// The weight of one text, be it open or not; none when no need in force carries it.
pub(crate) async fn weigh(
    pool: &PgPool,
    partnership: PartnershipId,
    (term, folded): (TermKind, &str),
) -> Result<Option<Weighed>, StoreError> {
    let row = sqlx::query(
        "select count(distinct need) as needs, count(distinct employer) as employers,
             coalesce(sum(openings) filter (where first), 0)::bigint as openings,
             coalesce(bool_or(state = 'ambiguous'), false) as ambiguous
         from (select need, employer, openings, state, row_number() over (partition by need order by position) = 1 as first
               from normalize.terms where partnership = $1 and kind = $2 and folded = $3) as t",
    )
    .bind(partnership.0)
    .bind(term.as_str())
    .bind(folded)
    .fetch_one(pool)
    .await?;
    let needs: i64 = row.get("needs");
    Ok((needs > 0).then(|| Weighed {
        kind: term,
        folded: folded.to_owned(),
        employers: row.get("employers"),
        needs,
        openings: row.get("openings"),
        is_ambiguous: row.get("ambiguous"),
    }))
}

/// A text in a need.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which of the texts asked for, counted from 0.
    pub at: usize,
    pub need: NeedId,
    pub text: String,
    pub reason: String,
    pub naics: Option<String>,
    /// What the need's job became: key and name.
    pub occupation: Option<(ConceptKey, String)>,
    /// The employer's whole cell.
    pub cell: Option<String>,
    pub is_credential: bool,
}

/// Where texts were seen, in one query; of each text some needs, taken by their ids, which are hashes: a fair sample. Only open
/// ones when asked so.
pub(crate) async fn seen(
    pool: &PgPool,
    partnership: PartnershipId,
    terms: &[(TermKind, String)],
    only_open: bool,
) -> Result<Vec<Seen>, StoreError> {
    let rows = sqlx::query(
        "select u.at, s.need, s.text, s.reason, n.body->>'naics' as naics,
             n.body#>>'{occupation,concept,scheme}' as scheme, n.body#>>'{occupation,concept,id}' as id,
             n.body#>>'{occupation,concept,label}' as label, n.draft->'requirements'->s.cell->>'text' as cell,
             coalesce(n.draft->'requirements'->s.cell->>'kind' = 'credential', false) as credential
         from unnest($2::text[], $3::text[]) with ordinality as u (kind, folded, at)
         cross join lateral (
             select t.need, t.text, t.reason, t.cell::int as cell from normalize.terms t
             where t.partnership = $1 and t.kind = u.kind and t.folded = u.folded
               and (not $4 or (t.decision is null and t.state in ('ambiguous', 'unmatched')))
             order by t.need limit $5) as s
         join normalize.needs n on n.id = s.need order by u.at, s.need",
    )
    .bind(partnership.0)
    .bind(terms.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<&str>>())
    .bind(terms.iter().map(|(_, folded)| folded.as_str()).collect::<Vec<&str>>())
    .bind(only_open)
    .bind(SEEN_NEEDS)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &PgRow) -> Seen {
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let key = text("scheme").zip(text("id")).map(|(scheme, id)| ConceptKey { scheme, id });
    Seen {
        at: usize::try_from(row.get::<i64, _>("at") - 1).unwrap_or_default(),
        need: NeedId(row.get("need")),
        text: row.get("text"),
        reason: row.get("reason"),
        naics: text("naics"),
        occupation: key.zip(text("label")),
        cell: text("cell"),
        is_credential: row.get("credential"),
    }
}
