-- The newest snapshot of each subscription that was seen in a request.
create table deliver.subscriptions (
    id uuid primary key,
    partnership uuid not null,
    person uuid not null,
    name text not null,
    cadence text not null,
    time_zone text not null,
    seen_at timestamptz not null
);
create index subscriptions_person on deliver.subscriptions (partnership, person);

-- Who asked by a mail's link not to get mail. The stream goes on.
create table deliver.unsubscribed (
    subscription uuid primary key,
    at timestamptz not null
);

-- One mail for a subscription and period, one stream message for a subscription and event.
create table deliver.deliveries (
    id uuid primary key,
    -- Newest last: for pages.
    position bigint generated always as identity,
    partnership uuid not null,
    subscription uuid not null,
    person uuid not null,
    channel text not null check (channel in ('email', 'stream')),
    cadence text not null check (cadence in ('instant', 'daily')),
    period_start timestamptz not null,
    -- Stream: the request that led to it, which is also its key. Mail: null.
    event uuid,
    state text not null check (state in
        ('gathering', 'due', 'sending', 'handing_over', 'sent', 'uncertain', 'failed', 'skipped')),
    -- Gathering: when it is closed. Due and uncertain: when it is tried next; null: no more.
    due_at timestamptz,
    -- Sending and handing_over: whose (a fence: the word of another counts no more), and until when.
    claim uuid,
    leased_until timestamptz,
    -- Tries that were charged, and tries whose outcome could not be known.
    failures integer not null default 0,
    uncertain integer not null default 0,
    first_tried_at timestamptz,
    -- Why it is where it is: skipped, failed, last answer.
    reason text,
    traceparent text not null,
    created_at timestamptz not null,
    closed_at timestamptz,
    sent_at timestamptz,
    -- The words, frozen at the first try: every further try sends the same.
    subject text,
    body_text text,
    body_html text,
    check ((channel = 'stream') = (event is not null))
);
create unique index deliveries_period on deliver.deliveries (subscription, channel, period_start) where channel = 'email';
create unique index deliveries_event on deliver.deliveries (subscription, event) where channel = 'stream';
create index deliveries_waiting on deliver.deliveries (channel, due_at, position)
    where state in ('gathering', 'due', 'uncertain');
create index deliveries_leased on deliver.deliveries (channel, leased_until) where state in ('sending', 'handing_over');
create index deliveries_pages on deliver.deliveries (partnership, position);
create index deliveries_person on deliver.deliveries (partnership, person, position);
create index deliveries_feed on deliver.deliveries (created_at) where channel = 'stream';

-- The signals of a delivery; of one signal in a period the newest revision.
create table deliver.delivery_signals (
    delivery uuid not null references deliver.deliveries (id) on delete cascade,
    signal uuid not null,
    revision integer not null,
    body jsonb not null,
    traceparent text not null,
    primary key (delivery, signal)
);

-- What each subscription was last told of a signal by mail, to say what has changed since.
create table deliver.told (
    subscription uuid not null,
    signal uuid not null,
    revision integer not null,
    body jsonb not null,
    primary key (subscription, signal)
);

-- One row a try. The answer is the other side's, bounded, without addresses.
create table deliver.attempts (
    id uuid primary key,
    delivery uuid not null references deliver.deliveries (id) on delete cascade,
    number integer not null,
    began_at timestamptz not null,
    phase text not null check (phase in ('began', 'handing_over', 'done')),
    ended_at timestamptz,
    outcome text check (outcome in ('sent', 'temporary', 'permanent', 'uncertain')),
    reply text,
    unique (delivery, number)
);
