-- Every version of every need that was heard: signals of any past moment can be folded from it.
create table aggregate.need_versions (
    need uuid not null,
    stated_at timestamptz not null,
    normalization integer not null,
    partnership uuid not null,
    valid_until date not null,
    active boolean not null,
    body jsonb not null,
    heard_at timestamptz not null,
    primary key (need, stated_at, normalization)
);
create index need_versions_expiry on aggregate.need_versions (partnership, valid_until);

-- Which groups a need has ever been in.
create table aggregate.need_groups (
    partnership uuid not null,
    concept text not null,
    horizon text not null,
    need uuid not null,
    primary key (partnership, concept, horizon, need)
);
create index need_groups_need on aggregate.need_groups (need);

-- Groups to fold.
create table aggregate.dirty (
    partnership uuid not null,
    concept text not null,
    horizon text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    traceparent text not null,
    cause uuid,
    primary key (partnership, concept, horizon)
);
create index dirty_age on aggregate.dirty (first_at);

create table aggregate.signals (
    id uuid primary key,
    partnership uuid not null,
    concept text not null,
    horizon text not null,
    level text not null,
    region text not null,
    kind text not null,
    label text not null,
    state text not null,
    reason text,
    employers integer not null,
    openings bigint not null,
    revision integer not null,
    body jsonb not null,
    as_of timestamptz not null
);
create index signals_group on aggregate.signals (partnership, concept, horizon);
create index signals_openings on aggregate.signals (partnership, openings desc, id);
create index signals_employers on aggregate.signals (partnership, employers desc, id);
create index signals_label on aggregate.signals (partnership, lower(label), id);

create table aggregate.revisions (
    signal uuid not null,
    revision integer not null,
    body jsonb not null,
    as_of timestamptz not null,
    cause uuid,
    primary key (signal, revision)
);

-- Up to which day needs have been let expire.
create table aggregate.ticks (partnership uuid primary key, day date not null);
