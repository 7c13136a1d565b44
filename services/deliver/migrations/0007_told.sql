-- What each subscription was told last of each signal, by a mail that was taken: the next mail says what changed since.
create table deliver.told (
    subscription uuid not null,
    signal uuid not null,
    revision integer not null,
    -- Null where the number may not be told, or nobody asks any more.
    openings integer,
    kind text not null,
    -- The words are in that delivery.
    delivery uuid not null references deliver.deliveries on delete cascade,
    primary key (subscription, signal)
);
create index told_biggest on deliver.told (subscription, openings desc, signal) where openings is not null;
create index told_credentials on deliver.told (subscription, openings desc, signal) where openings is not null and kind = 'credential';
create index told_delivery on deliver.told (delivery);

-- The chart within a mail, frozen as the words are.
alter table deliver.deliveries add column picture_alt text, add column picture_png bytea;

