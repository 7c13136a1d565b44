-- What was learned from the texts of a release, by kind of concept; can be learned again from the release at any time.
create table normalize.models (
    release bigint not null references normalize.releases on delete cascade,
    kind text not null,
    model bytea not null,
    primary key (release, kind)
);
