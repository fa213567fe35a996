-- What event-kit keeps in the database of every service: facts on their way out, facts heard.
SET LOCAL lock_timeout = '2s';

-- Facts staged in the transaction of the change, published by the relay.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid NOT NULL UNIQUE,
    source       text NOT NULL,
    key          text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 128),
    seq          bigint NOT NULL,
    part         smallint NOT NULL CHECK (part BETWEEN 0 AND 15),
    type         text NOT NULL,
    payload      jsonb NOT NULL CONSTRAINT outbox_payload_size CHECK (octet_length(payload::text) <= 65536),
    cell         text,
    epoch        bigint NOT NULL DEFAULT 0,
    correlation  uuid,
    causation    uuid,
    trace        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    UNIQUE (key, seq)
);
CREATE INDEX outbox_due ON outbox (part, id) WHERE published_at IS NULL;

-- The last number given to a fact about a key. Its row lock makes numbers dense and ordered by commit.
CREATE TABLE event_sequence (
    key text PRIMARY KEY,
    seq bigint NOT NULL
) WITH (fillfactor = 70);

-- Facts whose effect is in this database.
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_at ON inbox USING brin (at) WITH (autosummarize = on);

-- How far each consumer has come in the history of each key of each producer. Two producers may use
-- one key: each counts for itself. The source is the service without its region, so that a failover
-- goes on counting.
CREATE TABLE event_position (
    consumer text NOT NULL,
    source   text NOT NULL,
    key      text NOT NULL,
    seq      bigint NOT NULL,
    epoch    bigint NOT NULL,
    PRIMARY KEY (consumer, source, key)
) WITH (fillfactor = 70);

-- Facts that could not be applied: unreadable, refused, failed too often, or too early for too long.
CREATE TABLE dead_letter (
    id          uuid PRIMARY KEY,
    consumer    text NOT NULL,
    source      text NOT NULL,
    key         text NOT NULL,
    seq         bigint NOT NULL,
    epoch       bigint NOT NULL DEFAULT 0,
    type        text NOT NULL,
    event_id    uuid NOT NULL,
    code        text NOT NULL,
    detail      text NOT NULL,
    attempts    integer NOT NULL,
    headers     jsonb NOT NULL,
    body        bytea NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    redriven_at timestamptz,
    settled_at  timestamptz,
    UNIQUE (consumer, event_id)
);
CREATE INDEX dead_letter_open ON dead_letter (consumer, source, key, seq) WHERE settled_at IS NULL;
