-- When an employer said last that a need they had taken back is open again.
alter table normalize.needs add column reopened_at timestamptz;
