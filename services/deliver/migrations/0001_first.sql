create table deliver.deliveries (
    id uuid primary key,
    partnership uuid not null,
    subscription uuid not null,
    person uuid not null,
    channel text not null,
    name text not null,
    cadence text not null,
    time_zone text not null,
    -- Begin of the period for mail; for the stream each signal revision is a delivery, and this names it.
    period text not null,
    state text not null,
    reason text,
    due_at timestamptz not null,
    lease_until timestamptz,
    tries integer not null default 0,
    uncertain integer not null default 0,
    first_try_at timestamptz,
    -- Frozen before the first attempt: a repeat says the same.
    subject text,
    body_text text,
    body_html text,
    frozen_at timestamptz,
    sent_at timestamptz,
    traceparent text not null,
    created_at timestamptz not null,
    -- Promise: one digest a subscription, channel and period.
    constraint deliveries_once unique (subscription, channel, period)
);
create index deliveries_due on deliver.deliveries (channel, due_at) where state in ('gathering', 'waiting');
create index deliveries_in_hand on deliver.deliveries (lease_until) where state in ('sending', 'handing_over');
create index deliveries_list on deliver.deliveries (partnership, created_at desc, id desc);
create index deliveries_person on deliver.deliveries (partnership, person, created_at desc, id desc);

create table deliver.delivery_signals (
    delivery uuid not null references deliver.deliveries on delete cascade,
    signal uuid not null,
    revision integer not null,
    body jsonb not null,
    primary key (delivery, signal)
);

create table deliver.attempts (
    id uuid primary key,
    delivery uuid not null references deliver.deliveries on delete cascade,
    number integer not null,
    began_at timestamptz not null,
    -- began, handing_over, done
    phase text not null,
    ended_at timestamptz,
    outcome text,
    reply text,
    unique (delivery, number)
);

-- Subscriptions whose owner said stop, by the link in a mail.
create table deliver.unsubscribed (subscription uuid primary key, at timestamptz not null);
