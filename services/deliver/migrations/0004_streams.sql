-- With what a subscriber comes into NATS; who has no row has not asked for it.
create table deliver.stream_credentials (
    subscription uuid primary key,
    -- SHA-256 of a password of 256 random bits; null once revoked.
    password_hash bytea,
    made_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz,
    -- Connections are to be put out at that time (again): one that was being let in while it was revoked is met then.
    kick_at timestamptz
);
create index stream_credentials_kick on deliver.stream_credentials (kick_at) where kick_at is not null;

-- Where in the stream FEED a delivery lies: a replay begins there.
alter table deliver.deliveries add column feed_sequence bigint;
create index deliveries_feed on deliver.deliveries (subscription, created_at) where channel = 'stream' and feed_sequence is not null;
