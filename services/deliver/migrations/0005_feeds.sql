-- The private address of a subscription's feed; who has no row has not asked for one.
create table deliver.feed_addresses (
    subscription uuid primary key,
    -- What the token begins with, to find it by, and SHA-256 of all of its 256 random bits. Null once revoked.
    token_prefix text unique,
    token_hash bytea,
    made_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- The last number of a subscription's feed, and when it was given.
create table deliver.feed_numbers (
    subscription uuid primary key,
    last bigint not null,
    at timestamptz not null
);

-- Where in its subscription's feed a delivery stands: 1, 2, 3 ... in the order in which they are seen.
alter table deliver.deliveries add column feed_number bigint;
create unique index deliveries_feed_number on deliver.deliveries (subscription, feed_number) where feed_number is not null;

-- The newest revision of each signal that a feed told: what spreadsheets read.
create table deliver.feed_latest (
    subscription uuid not null,
    signal uuid not null,
    revision integer not null,
    delivery uuid not null references deliver.deliveries on delete cascade,
    primary key (subscription, signal)
);
