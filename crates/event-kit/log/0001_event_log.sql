-- The event log in PostgreSQL, a database of its own.
SET LOCAL lock_timeout = '2s';

-- The row lock makes offsets dense and visible in their order.
CREATE TABLE log_partition (
    topic       text NOT NULL,
    part        smallint NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, part)
) WITH (fillfactor = 50);

CREATE TABLE log_record (
    topic         text NOT NULL,
    part          smallint NOT NULL,
    record_offset bigint NOT NULL,
    event_id      uuid NOT NULL,
    key           text NOT NULL,
    headers       jsonb NOT NULL,
    body          bytea NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, part, record_offset)
);
CREATE INDEX log_record_at ON log_record USING brin (at) WITH (autosummarize = on);

-- How far each group has come, and who reads for it. A commit names owner and generation, so that one
-- who lost the partition cannot move it.
CREATE TABLE log_group (
    consumer_group   text NOT NULL,
    topic            text NOT NULL,
    part             smallint NOT NULL,
    committed_offset bigint NOT NULL DEFAULT 0,
    owner            uuid,
    generation       bigint NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    PRIMARY KEY (consumer_group, topic, part)
) WITH (fillfactor = 50);

-- Who is there to share the partitions of a group.
CREATE TABLE log_member (
    consumer_group text NOT NULL,
    member         uuid NOT NULL,
    seen_until     timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, member)
) WITH (fillfactor = 50);
