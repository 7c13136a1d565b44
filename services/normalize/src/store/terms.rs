//! normalize.terms: every text of every need in force and what became of it.

use std::collections::HashSet;

use skillwire_schemas::{Concept, Decision, Match, MatchState, Need, NeedId, NeedState, PartnershipId, TermKind};
use skillwire_store::StoreError;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::kept::Kept;
use crate::need::{Became, Term};
use crate::review::term_key;

/// The state of a text that became several others.
const SPLIT: &str = "split";

/// A row.
struct Line<'a> {
    kept: &'a Kept,
    term: &'a Term,
    position: usize,
    openings: u32,
    kind: TermKind,
    text: &'a str,
    matched: Option<&'a Match>,
}

/// Writes the terms of needs that were made just now; those that are no more in force lose theirs.
pub(super) async fn save(conn: &mut PgConnection, rows: &[&Kept], loaded: &[NeedId]) -> Result<(), StoreError> {
    let is_active = |k: &Kept| k.need.as_ref().is_some_and(|n| n.state == NeedState::Active);
    let stale: Vec<Uuid> = rows.iter().filter(|k| k.terms.is_some() || !is_active(k)).map(|k| k.id.0).collect();
    if stale.is_empty() {
        return Ok(());
    }
    // A need that was not there has no terms to take away.
    let known: HashSet<Uuid> = loaded.iter().map(|id| id.0).collect();
    let there: Vec<Uuid> = stale.into_iter().filter(|id| known.contains(id)).collect();
    if !there.is_empty() {
        sqlx::query("delete from normalize.terms where need = any($1)").bind(there).execute(&mut *conn).await?;
    }
    let lines: Vec<Line<'_>> = rows.iter().filter(|k| is_active(k)).flat_map(|kept| lines(kept)).collect();
    insert(conn, &lines).await
}

/// Writes the terms of needs that were read again: where the texts are the same, only those that read differently.
pub(super) async fn save_again(conn: &mut PgConnection, rows: &[&Kept]) -> Result<(), StoreError> {
    let (same, others): (Vec<&Kept>, Vec<&Kept>) = rows.iter().partition(|kept| has_same_texts(kept));
    let loaded: Vec<NeedId> = others.iter().map(|kept| kept.id).collect();
    save(conn, &others, &loaded).await?;
    let differing: Vec<Line<'_>> = same
        .into_iter()
        .flat_map(|kept| lines(kept).into_iter().filter(|line| line.matched != was_at(kept, line.position)))
        .collect();
    sqlx::query(
        "update normalize.terms t set state = u.state, concept = u.concept, label = u.label, score = u.score,
             reason = u.reason, decision = u.decision
         from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[], $8::int[])
             as u (need, position, state, concept, label, score, reason, decision)
         where t.need = u.need and t.position = u.position",
    )
    .bind(column(&differing, |l| l.kept.id.0))
    .bind(column(&differing, |l| i32::try_from(l.position).unwrap_or(i32::MAX)))
    .bind(column(&differing, Line::state))
    .bind(column(&differing, |l| l.concept().map(|c| c.key.to_string())))
    .bind(column(&differing, |l| l.concept().map(|c| c.label.as_str())))
    .bind(column(&differing, Line::score))
    .bind(column(&differing, Line::reason))
    .bind(column(&differing, Line::decision))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a need was in force and is, with the same texts at the same places.
fn has_same_texts(kept: &Kept) -> bool {
    let (Some(was), Some(is)) = (&kept.was, &kept.need) else { return false };
    // What became several has a row behind the others, which would move.
    let is_whole = kept.terms.as_ref().is_some_and(|t| t.iter().all(|t| !matches!(t.became, Became::Several(_))));
    fn texts(need: &Need) -> impl Iterator<Item = &str> {
        need.requirements.iter().map(|r| r.matched.text.as_str())
    }
    let is_active = was.state == NeedState::Active && is.state == NeedState::Active;
    is_whole && is_active && texts(was).eq(texts(is))
}

/// How a text read before.
fn was_at(kept: &Kept, position: usize) -> Option<&Match> {
    let was = kept.was.as_ref()?;
    match position.checked_sub(1) {
        None => Some(&was.occupation),
        Some(at) => was.requirements.get(at).map(|r| &r.matched),
    }
}

impl Line<'_> {
    fn state(&self) -> &'static str {
        self.matched.map_or(SPLIT, |m| m.state.as_str())
    }

    fn concept(&self) -> Option<&Concept> {
        self.matched.and_then(|m| m.concept.as_ref())
    }

    fn score(&self) -> f64 {
        self.matched.map_or(1.0, |m| m.score)
    }

    fn reason(&self) -> String {
        let of_decision = || Decision::name(self.term.decision.unwrap_or_default());
        self.matched.map_or_else(of_decision, |m| m.reason.clone())
    }

    fn decision(&self) -> Option<i32> {
        self.term.decision.and_then(|d| i32::try_from(d).ok())
    }
}

fn lines(kept: &Kept) -> Vec<Line<'_>> {
    let (Some(need), Some(terms)) = (&kept.need, &kept.terms) else { return Vec::new() };
    let openings = need.openings.iter().fold(0u32, |sum, o| sum.saturating_add(o.total()));
    // What became several stands behind what it became: positions are the requirements' own, counted from 1.
    let mut behind = need.requirements.len() + 1..;
    terms
        .iter()
        .filter_map(|term| {
            let (kind, position, text, matched) = match &term.became {
                Became::Occupation => (TermKind::Occupation, 0, need.occupation.text.as_str(), Some(&need.occupation)),
                Became::Requirement(at) => {
                    let matched = &need.requirements.get(*at)?.matched;
                    (TermKind::Requirement, at + 1, matched.text.as_str(), Some(matched))
                }
                Became::Several(text) => (TermKind::Requirement, behind.next()?, text.as_str(), None),
            };
            Some(Line { kept, term, position, openings, kind, text, matched })
        })
        .collect()
}

async fn insert(conn: &mut PgConnection, lines: &[Line<'_>]) -> Result<(), StoreError> {
    sqlx::query(
        "insert into normalize.terms (need, position, partnership, employer, kind, text, state, concept, label, score,
             reason, folded, cell, openings, decision)
         select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::float8[], $11::text[], $12::text[], $13::smallint[], $14::int[], $15::int[])",
    )
    .bind(column(lines, |l| l.kept.id.0))
    .bind(column(lines, |l| i32::try_from(l.position).unwrap_or(i32::MAX)))
    .bind(column(lines, |l| l.kept.partnership.0))
    .bind(column(lines, |l| l.kept.employer.0))
    .bind(column(lines, |l| l.kind.as_str()))
    .bind(column(lines, |l| l.text))
    .bind(column(lines, Line::state))
    .bind(column(lines, |l| l.concept().map(|c| c.key.to_string())))
    .bind(column(lines, |l| l.concept().map(|c| c.label.as_str())))
    .bind(column(lines, Line::score))
    .bind(column(lines, Line::reason))
    .bind(column(lines, |l| l.term.folded.as_str()))
    .bind(column(lines, |l| l.term.cell.and_then(|c| i16::try_from(c).ok())))
    .bind(column(lines, |l| i32::try_from(l.openings).unwrap_or(i32::MAX)))
    .bind(column(lines, Line::decision))
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T>(lines: &'a [Line<'a>], of: impl Fn(&'a Line<'a>) -> T) -> Vec<T> {
    lines.iter().map(of).collect()
}

/// Fills in what rows of the version before lack, `limit` at most; how many there were.
pub(crate) async fn fold(conn: &mut PgConnection, limit: u32) -> Result<usize, StoreError> {
    // Locked in the order of the needs, as the stage does.
    let rows = sqlx::query(
        "select t.need, t.position, t.text,
             (select coalesce(sum((o->>'new')::int + (o->>'replacement')::int), 0)::int
              from normalize.needs n, jsonb_array_elements(n.body->'openings') o where n.id = t.need) as openings
         from normalize.terms t where t.folded is null order by t.partnership, t.need, t.position limit $1
         for update of t skip locked",
    )
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query(
        "update normalize.terms t set folded = u.folded, openings = u.openings
         from unnest($1::uuid[], $2::int[], $3::text[], $4::int[]) as u (need, position, folded, openings)
         where t.need = u.need and t.position = u.position",
    )
    .bind(rows.iter().map(|row| row.get("need")).collect::<Vec<Uuid>>())
    .bind(rows.iter().map(|row| row.get("position")).collect::<Vec<i32>>())
    .bind(rows.iter().map(|row| term_key(row.get("text"))).collect::<Vec<String>>())
    .bind(rows.iter().map(|row| row.get("openings")).collect::<Vec<i32>>())
    .execute(conn)
    .await?;
    Ok(rows.len())
}

/// Needs that carry a text, by their ids, from one on (with it or behind it) to another (with it).
pub(crate) async fn carriers(
    conn: &mut PgConnection,
    term: (PartnershipId, TermKind, &str),
    (after, from, to): (Option<Uuid>, Uuid, Uuid),
    limit: u32,
) -> Result<Vec<NeedId>, StoreError> {
    let (partnership, kind, folded) = term;
    let rows = sqlx::query(
        "select distinct need from normalize.terms
         where partnership = $1 and kind = $2 and folded = $3 and folded is not null
           and need >= $4 and ($5::uuid is null or need > $5) and need <= $6
         order by need limit $7",
    )
    .bind(partnership.0)
    .bind(kind.as_str())
    .bind(folded)
    .bind(from.max(after.unwrap_or(from)))
    .bind(after)
    .bind(to)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| NeedId(row.get("need"))).collect())
}

/// How many needs carry a text.
pub(crate) async fn count_carriers(
    conn: &mut PgConnection,
    (partnership, kind, folded): (PartnershipId, TermKind, &str),
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "select count(distinct need) as n from normalize.terms
         where partnership = $1 and kind = $2 and folded = $3 and folded is not null",
    )
    .bind(partnership.0)
    .bind(kind.as_str())
    .bind(folded)
    .fetch_one(conn)
    .await?;
    Ok(row.get("n"))
}

/// What a partnership's texts became: (kind, state, how many). What became several counts as these only.
pub(crate) async fn counts(
    pool: &PgPool,
    partnership: PartnershipId,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    let rows = sqlx::query(
        "select kind, state, count(*) as n from normalize.terms where partnership = $1 and state = any($2)
         group by 1, 2 order by 1, 2",
    )
    .bind(partnership.0)
    .bind(MatchState::ALL.iter().map(|state| state.as_str()).collect::<Vec<&str>>())
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.get("kind"), row.get("state"), row.get("n"))).collect())
}
