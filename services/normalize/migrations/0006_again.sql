-- A decision writes the bodies of many needs anew. No index looks at the body any more, and pages have room for a second
-- version of their rows: so a row stays on its page, and no index is written.
create index needs_of_employer on normalize.needs (partnership, employer, stated_at desc, id);
create index needs_of_partnership on normalize.needs (partnership, stated_at desc, id);
drop index normalize.needs_employer;
drop index normalize.needs_partnership;
alter table normalize.needs set (fillfactor = 50);

-- Only an import asks which needs mean a concept or have open texts, and it may read the whole table for that; every decision
-- had to write these two.
drop index normalize.terms_concept;
drop index normalize.terms_open;
