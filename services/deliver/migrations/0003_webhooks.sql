-- What a channel needs to know of a subscription before its first signal. Null: it last changed before this was kept.
alter table deliver.subscriptions
    add column partnership uuid,
    add column person uuid,
    add column name text,
    add column channels text[] not null default '{}',
    add column changed_at timestamptz;
create index subscriptions_person on deliver.subscriptions (partnership, person);

-- Where the webhook of a subscription posts to, and how it does.
create table deliver.endpoints (
    subscription uuid primary key,
    partnership uuid not null,
    person uuid not null,
    name text not null,
    url text not null,
    -- on, disabled (by us: 410, or five days without a yes), ended (by its owner)
    state text not null,
    reason text,
    disabled_at timestamptz,
    -- Sealed (platform/web, sealed.rs), bound to this row. Nothing is sent before there is one.
    secret bytea,
    secret_made_at timestamptz,
    -- The one before: signs too, until then.
    previous_secret bytea,
    previous_until timestamptz,
    -- The circuit breaker.
    failures integer not null default 0,
    open_until timestamptz,
    failing_since timestamptz,
    -- A probe is on its way; until then nobody else sends one.
    probe_until timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index endpoints_list on deliver.endpoints (partnership, person);

-- A replay begins a new round of the schedule; attempts are numbered on.
alter table deliver.deliveries add column round_from integer not null default 0;
create index deliveries_push on deliver.deliveries (subscription, due_at, id) where channel = 'webhook' and state = 'waiting';
create index deliveries_subscription on deliver.deliveries (subscription, channel, created_at desc, id desc);
