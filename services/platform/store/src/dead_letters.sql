-- Dead letters are looked at, replayed and dropped; a row stays, so that it is known who did what with it.
alter table {service}.dead_letters
    -- How often the message had been delivered when it was given up.
    add column tries bigint not null default 1,
    add column event_type text,
    -- Null: it cannot be told; then no partnership's staff see it.
    add column partnership uuid,
    -- dead, replayed, dropped
    add column state text not null default 'dead',
    add column settled_at timestamptz,
    -- A person's id, or `console`.
    add column settled_by text,
    add column reason text;
update {service}.dead_letters set
    event_type = regexp_replace(subject, '\.[0-9a-f]{8}-[0-9a-f-]{27}$', ''),
    partnership = substring(subject from '\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$')::uuid;
create index dead_letters_partnership on {service}.dead_letters (partnership, id desc);
create index dead_letters_dead on {service}.dead_letters (id) where state = 'dead';
