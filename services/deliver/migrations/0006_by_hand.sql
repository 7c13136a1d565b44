-- What was done with a delivery by hand: who, when, why, and what it was before.
create table deliver.actions (
    id bigint generated always as identity primary key,
    delivery uuid not null references deliver.deliveries on delete cascade,
    -- send, retry, skip, resend
    action text not null,
    person uuid not null,
    reason text,
    was text not null,
    at timestamptz not null
);
create index actions_delivery on deliver.actions (delivery, id desc);

-- Repeats that somebody asked for, with the same id.
alter table deliver.deliveries add column resends integer not null default 0;

create index delivery_signals_signal on deliver.delivery_signals (signal, revision);
create index deliveries_state on deliver.deliveries (partnership, state, created_at desc, id desc);
create index deliveries_uncertain on deliver.deliveries (channel) where state = 'uncertain';
