create table directory.partnerships (
    id uuid primary key,
    name text not null,
    naics_prefixes text[] not null,
    time_zone text not null,
    created_at timestamptz not null default now()
);

create table directory.partnership_counties (
    partnership uuid not null references directory.partnerships,
    county text not null,
    sub_region text,
    primary key (partnership, county)
);

create table directory.organizations (
    partnership uuid not null references directory.partnerships,
    id uuid not null,
    name text not null,
    kind text not null,
    naics text,
    primary key (partnership, id)
);
create index organizations_name on directory.organizations (partnership, lower(name), id);

create table directory.people (
    id uuid primary key,
    name text not null,
    -- Lower case; one person an address.
    address text not null unique,
    removed_at timestamptz
);

-- What a person is to a partnership, and for which of its organizations.
create table directory.roles (
    person uuid not null references directory.people,
    partnership uuid not null,
    organization uuid not null,
    role text not null,
    primary key (person, partnership, organization, role),
    foreign key (partnership, organization) references directory.organizations (partnership, id)
);
create index roles_partnership on directory.roles (partnership, person);

-- Only hashes: whoever reads this table cannot sign in with it.
create table directory.sign_in_links (
    secret_sha256 bytea primary key,
    person uuid not null references directory.people,
    partnership uuid,
    -- The browser that asked; null for links handed out at the console.
    browser_sha256 bytea,
    next_path text,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index sign_in_links_expiry on directory.sign_in_links (expires_at);

create table directory.sessions (
    secret_sha256 bytea primary key,
    person uuid not null references directory.people,
    partnership uuid not null,
    organization uuid not null,
    csrf text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_expiry on directory.sessions (expires_at);

create table directory.tokens (
    prefix text primary key,
    secret_sha256 bytea not null,
    person uuid not null references directory.people,
    partnership uuid not null,
    organization uuid not null,
    name text not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz
);
create index tokens_owner on directory.tokens (partnership, person, created_at);

-- How often somebody asked for a link, by what was hashed (an address, an IP).
create table directory.sign_in_asks (
    asker_sha256 bytea not null,
    asked_at timestamptz not null
);
create index sign_in_asks_asker on directory.sign_in_asks (asker_sha256, asked_at);
create index sign_in_asks_age on directory.sign_in_asks (asked_at);

-- Append-only, each row chained to the one before: a changed or missing row breaks the chain.
create table directory.audit (
    position bigint primary key,
    at timestamptz not null,
    partnership uuid,
    person uuid,
    action text not null,
    detail text not null,
    hash bytea not null
);
create function directory.audit_is_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'directory.audit is append-only'; end $$;
create trigger audit_append_only before update or delete or truncate on directory.audit
    for each statement execute function directory.audit_is_append_only();
