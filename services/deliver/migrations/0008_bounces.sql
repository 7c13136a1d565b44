-- To which address a mail last went, as a keyed hash (Secret::blind): what comes back is about that address, whatever the
-- person's is by then. The address itself is kept nowhere in this schema.
alter table deliver.deliveries add column address bytea;

-- What came back, once a delivery, round and kind: a report that comes twice counts once. The round is the number of tries, so
-- that a mail which staff sent again may come back again.
create table deliver.bounces (
    delivery uuid not null references deliver.deliveries on delete cascade,
    tries integer not null,
    -- hard, soft, delayed, policy, complaint
    kind text not null,
    status text,
    address bytea,
    received_at timestamptz not null,
    primary key (delivery, tries, kind)
);
create index bounces_soft on deliver.bounces (address, received_at) where kind = 'soft';

-- Addresses that get no more mails of a partnership. A row is never deleted: who let an address be written to again stands in it.
create table deliver.suppressions (
    id uuid primary key,
    partnership uuid not null,
    person uuid not null,
    address bytea not null,
    delivery uuid not null,
    -- hard, soft, complaint, refused
    kind text not null,
    reason text not null,
    since timestamptz not null,
    allowed_at timestamptz,
    allowed_by uuid
);
create unique index suppressions_once on deliver.suppressions (partnership, address) where allowed_at is null;
create index suppressions_list on deliver.suppressions (partnership, since desc, id desc);

-- How much came back, by kind. The process that reads a mail may live no longer than that, so a loop puts this into the metrics.
create table deliver.bounce_counts (
    kind text primary key,
    taken bigint not null,
    told bigint not null default 0
);
