-- Which staff decisions made a group dirty: the revisions that follow say so.
alter table aggregate.dirty add column causes text[] not null default '{}';
