-- Signals are folded from sums that every need adds to and takes away from, no longer from all versions of all needs.
-- A copy of the version before stops at the missing table need_groups instead of taking needs that nobody counts.

-- Which version of a need is in the sums: as it stands now, and as it stood when the month before ended.
create table aggregate.counted (
    need uuid primary key,
    partnership uuid not null,
    now_stated_at timestamptz,
    now_normalization integer,
    now_until date,
    before_stated_at timestamptz,
    before_normalization integer
) with (fillfactor = 80);
create index counted_expiry on aggregate.counted (partnership, now_until) where now_until is not null;
create index counted_all on aggregate.counted (partnership, need);

-- What one employer's needs of one county (empty: none known) and one industry (empty: none known) ask of one concept.
-- moment: now, or before (the end of the month before). No sum is ever below nothing: who adds to one looks (a check here
-- would look at the addend of an upsert, which may well be below nothing).
create table aggregate.shares (
    partnership uuid not null,
    concept text not null,
    horizon text not null,
    moment text not null,
    employer uuid not null,
    county text not null,
    naics3 text not null,
    needs bigint not null,
    openings_new bigint not null,
    openings_replacement bigint not null,
    -- Needs that say required or preferred, and the openings of those that say required.
    needs_levelled bigint not null,
    openings_required bigint not null,
    needs_paid bigint not null,
    primary key (partnership, concept, horizon, moment, employer, county, naics3)
) with (fillfactor = 50);

-- How many needs of a county state which mid wage, cents an hour: what a median needs, and no more.
create table aggregate.wages (
    partnership uuid not null,
    concept text not null,
    horizon text not null,
    moment text not null,
    county text not null,
    cents bigint not null,
    needs bigint not null,
    primary key (partnership, concept, horizon, moment, county, cents)
) with (fillfactor = 50);

-- A concept as the newest version that asked for it names it.
create table aggregate.concepts (
    partnership uuid not null,
    concept text not null,
    stated_at timestamptz not null,
    normalization integer not null,
    need uuid not null,
    body jsonb not null,
    primary key (partnership, concept)
) with (fillfactor = 50);

-- The day the sums hold for, and the moment and day of "before". Without a day nothing of the partnership is counted yet.
-- counted_to: needs up to this id are counted for these days; null: all are.
alter table aggregate.ticks alter column day drop not null;
alter table aggregate.ticks add column before_at timestamptz;
alter table aggregate.ticks add column before_day date;
alter table aggregate.ticks add column counted_to uuid;

-- All numbers of a cell, for the partnership's staff and nobody else; the body holds what may be told to everybody.
alter table aggregate.signals add column staff_numbers jsonb;
alter table aggregate.signals add column staff_employers integer not null default 0;
alter table aggregate.signals add column staff_openings bigint not null default 0;

-- What was heard before this step is counted by the next tick.
insert into aggregate.counted (need, partnership) select distinct need, partnership from aggregate.need_versions;
insert into aggregate.concepts (partnership, concept, stated_at, normalization, need, body)
    select distinct on (v.partnership, a.value->'concept'->>'scheme', a.value->'concept'->>'id')
        v.partnership, (a.value->'concept'->>'scheme') || ':' || (a.value->'concept'->>'id'), v.stated_at, v.normalization,
        v.need, a.value->'concept'
    from aggregate.need_versions v cross join lateral jsonb_array_elements(v.body->'asked') a
    order by v.partnership, a.value->'concept'->>'scheme', a.value->'concept'->>'id', v.stated_at desc,
        v.normalization desc, v.need desc;
insert into aggregate.ticks (partnership) select distinct partnership from aggregate.need_versions on conflict do nothing;
update aggregate.ticks set day = null;
drop table aggregate.need_groups;
