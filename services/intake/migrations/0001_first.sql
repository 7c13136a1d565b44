-- What somebody sent, kept as it came, for ever.
create table intake.submissions (
    id uuid primary key,
    partnership uuid not null,
    employer uuid not null,
    person uuid not null,
    source text not null,
    media_type text not null,
    file_name text,
    idempotency_key text not null,
    body_sha256 bytea not null,
    body bytea not null,
    received_at timestamptz not null,
    traceparent text not null,
    accepted integer not null,
    rejected integer not null,
    receipt jsonb not null,
    constraint submissions_once unique (partnership, employer, idempotency_key)
);
create index submissions_list on intake.submissions (partnership, received_at desc, id desc);
create index submissions_employer on intake.submissions (partnership, employer, received_at desc, id desc);

-- Which needs an employer has stated, so that only they can take them back.
create table intake.stated_needs (
    need uuid primary key,
    partnership uuid not null,
    employer uuid not null,
    reference text
);
create index stated_needs_employer on intake.stated_needs (partnership, employer, reference);
