-- The version of what is in force. The stage shares a lock on this row while it reads needs, an import takes it alone: what
-- was read with the releases before is committed when the releases change.
create table normalize.taxonomy (
    one boolean primary key default true check (one),
    version bigint not null
);
insert into normalize.taxonomy (version) values (0);

-- A release of a scheme. Of each scheme at most one is in force; some before it are kept.
create table normalize.releases (
    id bigint generated always as identity primary key,
    scheme text not null,
    release text not null,
    title text not null,
    publisher text not null,
    licence text not null,
    source text not null,
    counts jsonb not null,
    imported_at timestamptz not null,
    active boolean not null default false,
    -- Concepts that changed with this release and whose needs are still to be read again; null when none are.
    touched text[]
);
create unique index releases_active on normalize.releases (scheme) where active;

-- A concept with its names and texts: three lists of names, two of texts, each of one length.
create table normalize.concepts (
    release bigint not null references normalize.releases on delete cascade,
    id text not null,
    kind text not null,
    label text not null,
    description text not null,
    status text not null,
    replaced_by text[] not null,
    broader text[] not null,
    sectors text[] not null,
    names text[] not null,
    called text[] not null,
    sources text[] not null,
    sorts text[] not null,
    texts text[] not null,
    primary key (release, id)
);

-- What belongs to a concept in one way; `others` are written scheme:id and may stand in another scheme.
create table normalize.relations (
    release bigint not null references normalize.releases on delete cascade,
    id text not null,
    relation text not null,
    others text[] not null,
    primary key (release, id, relation)
);

-- The scheme in which a partnership sees its concepts.
create table normalize.displays (
    partnership uuid primary key,
    scheme text not null
);

-- Which needs a concept stands in; which texts are open.
create index terms_concept on normalize.terms (concept);
create index terms_open on normalize.terms (need) where state <> 'matched';
