create table route.subscriptions (
    id uuid primary key,
    partnership uuid not null,
    person uuid not null,
    organization uuid not null,
    name text not null,
    body jsonb not null,
    paused boolean not null,
    -- From route.version, taken in the same transaction: readers that saw N have seen all below N.
    version bigint not null,
    -- Where the look at what is known already stands: the last signal looked at; null when it is done.
    start_after uuid,
    starting boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    removed_at timestamptz
);
create index subscriptions_version on route.subscriptions (version);
create index subscriptions_owner on route.subscriptions (partnership, person, created_at, id) where removed_at is null;
create index subscriptions_partnership on route.subscriptions (partnership, created_at, id) where removed_at is null;
create index subscriptions_starting on route.subscriptions (updated_at) where starting;

-- One row: its lock makes changes of subscriptions commit in the order of their versions.
create table route.version (one boolean primary key default true check (one), version bigint not null);
insert into route.version (version) values (0);

-- The newest revision of each signal, for subscriptions that begin later and for previews.
create table route.signals (
    id uuid primary key,
    partnership uuid not null,
    revision integer not null,
    label text not null,
    body jsonb not null,
    traceparent text not null,
    cause uuid not null
);
create index signals_partnership on route.signals (partnership, id);
create index signals_label on route.signals (partnership, lower(label));

-- What each subscription was told last of each signal.
create table route.told (
    subscription uuid not null,
    signal uuid not null,
    revision integer not null,
    openings integer,
    told_at timestamptz not null,
    primary key (subscription, signal)
);
