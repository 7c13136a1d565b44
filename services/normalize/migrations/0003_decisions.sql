-- What staff decided, numbered in each partnership. Never changed and never deleted: an undo is a decision too. This is also
-- the record of who decided what, when and why.
create table normalize.decisions (
    partnership uuid not null,
    number integer not null check (number > 0),
    kind text not null,
    folded text not null,
    body jsonb not null,
    primary key (partnership, number)
);
create index decisions_term on normalize.decisions (partnership, kind, folded, number);

create function normalize.decisions_stay() returns trigger language plpgsql as $$
begin
    raise exception 'normalize.decisions only grows: undo a decision by another one';
end $$;
create trigger decisions_stay before update or delete on normalize.decisions
    for each statement execute function normalize.decisions_stay();

-- A decision reads the past again: one row a decision, and slices of it by the needs' ids, so that several copies work on it.
-- A slice is done when `finished_at` is set; until then it goes on after the need `done_to`.
create table normalize.renormalizations (
    partnership uuid not null,
    number integer not null,
    kind text not null,
    folded text not null,
    event uuid not null,
    traceparent text not null,
    carriers integer,
    asked_at timestamptz not null,
    primary key (partnership, number)
);
create table normalize.renormalization_slices (
    partnership uuid not null,
    number integer not null,
    slice smallint not null,
    begins_at uuid not null,
    ends_at uuid not null,
    done_to uuid,
    needs integer not null default 0,
    changed integer not null default 0,
    stepped_at timestamptz not null,
    finished_at timestamptz,
    primary key (partnership, number, slice)
);
create index renormalization_slices_open on normalize.renormalization_slices (stepped_at, partnership, number, slice)
    where finished_at is null;

-- All new columns may be missing: the version before writes rows without them, and a loop fills `folded` in (batch by batch,
-- in place of one long statement here).
alter table normalize.terms
    -- The text folded: what decisions are keyed by.
    add column folded text,
    -- Which of the employer's cells it was in, counted from 0.
    add column cell smallint,
    -- Openings of the need.
    add column openings integer,
    -- The decision by which it has its state.
    add column decision integer;

-- Partial, so that they are empty now and made in no time.
create index terms_carriers on normalize.terms (partnership, kind, folded, need) where folded is not null;
create index terms_queue on normalize.terms (partnership, kind, folded, employer, need) include (state, openings)
    where folded is not null and decision is null and state in ('ambiguous', 'unmatched');
create index terms_unfolded on normalize.terms (partnership, need, position) where folded is null;
drop index normalize.terms_review;
