-- What every service keeps: events it says (outbox), events it took (inbox), messages it can never take (dead letters).
create table {service}.outbox (
    id uuid primary key,
    position bigint generated always as identity,
    subject text not null,
    body text not null,
    said_at timestamptz not null,
    claimed_until timestamptz not null default '-infinity',
    sent_at timestamptz
);
-- The relay looks only at what waits: the index stays small however long the history grows.
create index outbox_waiting on {service}.outbox (position) where sent_at is null;
create index outbox_sent on {service}.outbox (sent_at) where sent_at is not null;
create index outbox_said on {service}.outbox (said_at);

create table {service}.inbox (
    stage text not null,
    event uuid not null,
    taken_at timestamptz not null,
    primary key (stage, event)
);
create index inbox_taken on {service}.inbox (taken_at);

create table {service}.dead_letters (
    id bigint generated always as identity primary key,
    stage text not null,
    subject text not null,
    message_id text,
    body bytea not null,
    why text not null,
    died_at timestamptz not null
);
