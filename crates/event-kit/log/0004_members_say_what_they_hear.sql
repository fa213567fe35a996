-- A member says which types it hears, so that nobody is woken for others. Members of releases before this
-- one say nothing: they are woken for all.
SET LOCAL lock_timeout = '2s';

ALTER TABLE log_member ADD COLUMN types text[];
