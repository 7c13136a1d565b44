-- A need as it now stands. Without a body it is only a note: a withdrawal or confirmation that came before its statement.
create table normalize.needs (
    id uuid primary key,
    partnership uuid not null,
    employer uuid not null,
    reference text,
    stated_at timestamptz,
    withdrawn_at timestamptz,
    confirmed_at timestamptz,
    confirmed_until date,
    state text not null,
    valid_until date,
    body jsonb,
    draft jsonb,
    traceparent text not null,
    cause uuid,
    updated_at timestamptz not null
);
create index needs_employer on normalize.needs (partnership, employer, stated_at desc, id) where body is not null;
create index needs_partnership on normalize.needs (partnership, stated_at desc, id) where body is not null;

-- Every text of every need in force and what became of it.
create table normalize.terms (
    need uuid not null,
    position integer not null,
    partnership uuid not null,
    employer uuid not null,
    kind text not null,
    text text not null,
    state text not null,
    concept text,
    label text,
    score double precision not null,
    reason text not null,
    primary key (need, position)
);
create index terms_review on normalize.terms (partnership, state, lower(text));
