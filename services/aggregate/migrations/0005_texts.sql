-- How much of what employers said no concept was found for. What was counted before counts no texts: it is told as unknown.
alter table aggregate.shares add column texts bigint not null default 0;
alter table aggregate.shares add column texts_unmatched bigint not null default 0;
