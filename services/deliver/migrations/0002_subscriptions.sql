-- How subscriptions stand, as route said last: a paused or ended one gets nothing. One that is not here was never changed.
create table deliver.subscriptions (
    subscription uuid primary key,
    version bigint not null,
    paused boolean not null,
    ended boolean not null
);
create index deliveries_open on deliver.deliveries (subscription) where state in ('gathering', 'waiting', 'held');
