-- Money given back, what the provider tells by itself, and where its books and ours differ.
SET LOCAL lock_timeout = '2s';

-- `tries` is the highest generation that was asked for, `generation` the one in force. `wanted_minor` is to
-- be taken as soon as a renewed authorization stands. The surplus is a hold besides the one in force: it is
-- let go first.
ALTER TABLE payment
    ADD COLUMN tries              int     NOT NULL DEFAULT 1,
    ADD COLUMN renewed            boolean NOT NULL DEFAULT false,
    ADD COLUMN wanted_minor       bigint  NOT NULL DEFAULT 0,
    ADD COLUMN surplus_generation int,
    ADD COLUMN surplus_ref        uuid,
    ADD COLUMN surplus_minor      bigint  NOT NULL DEFAULT 0,
    ADD COLUMN surplus_booked     boolean NOT NULL DEFAULT false,
    ADD COLUMN refunding_minor    bigint  NOT NULL DEFAULT 0,
    ADD COLUMN refunds            int     NOT NULL DEFAULT 0,
    ADD COLUMN refund_calls       int     NOT NULL DEFAULT 0;

-- Every row that was there holds these: only what is written from now on has to be looked at.
ALTER TABLE payment
    ADD CONSTRAINT payment_refunds CHECK (refunding_minor >= 0
                                          AND refunded_minor + refunding_minor <= captured_minor) NOT VALID,
    ADD CONSTRAINT payment_wanted CHECK (wanted_minor BETWEEN 0 AND asked_minor) NOT VALID,
    ADD CONSTRAINT payment_surplus CHECK ((surplus_generation IS NULL) = (surplus_ref IS NULL)) NOT VALID;

-- A void may find that the provider has taken the money already.
INSERT INTO payment_legal (from_state, to_state) VALUES ('VOIDING', 'CAPTURED');

-- Money on its way back. `call` is the number of the call to the provider that is under way.
CREATE TABLE refund (
    refund_id       uuid        PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES payment,
    number          int         NOT NULL,
    amount_minor    bigint      NOT NULL,
    currency        text        NOT NULL,
    reason          text        NOT NULL,
    liable          text        NOT NULL,
    lines           jsonb       NOT NULL DEFAULT '[]',
    asked_by        uuid,
    approved_by     uuid,
    state           text        NOT NULL,
    version         bigint      NOT NULL DEFAULT 1,
    cause           text        NOT NULL,
    actor           text        NOT NULL,
    call            int         NOT NULL DEFAULT 0,
    failures        int         NOT NULL DEFAULT 0,
    lease_epoch     bigint      NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    attempts        int         NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL,
    CONSTRAINT refund_number_once UNIQUE (order_id, number),
    CONSTRAINT refund_amount CHECK (amount_minor > 0),
    CONSTRAINT refund_second_person CHECK (approved_by <> asked_by)
);

-- Which refund a call is for.
ALTER TABLE payment_call ADD COLUMN refund_id uuid;

CREATE INDEX refund_due ON refund (next_attempt_at) WHERE state IN ('SUBMITTING', 'FAILED');

-- The machine `refund` of FEATURES 5.1, and nothing else.
CREATE TABLE refund_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);

INSERT INTO refund_legal (from_state, to_state) VALUES
    ('REQUESTED', 'SUBMITTING'), ('REQUESTED', 'AWAITING_APPROVAL'),
    ('AWAITING_APPROVAL', 'SUBMITTING'), ('AWAITING_APPROVAL', 'REFUSED'),
    ('SUBMITTING', 'SUCCEEDED'), ('SUBMITTING', 'FAILED'),
    ('FAILED', 'SUBMITTING'), ('FAILED', 'MANUAL');

CREATE TABLE refund_transition (
    refund_id  uuid        NOT NULL,
    seq        bigint      NOT NULL,
    from_state text        NOT NULL,
    to_state   text        NOT NULL,
    cause      text        NOT NULL,
    actor      text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (refund_id, seq)
);

-- REQUESTED is where a refund comes from: the row appears with its first transition.
CREATE FUNCTION refund_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state ELSE 'REQUESTED' END;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version AND NEW.state = OLD.state THEN
        RETURN NEW; -- lease and retry bookkeeping
    END IF;
    IF (TG_OP = 'INSERT' AND NEW.version <> 1)
       OR (TG_OP = 'UPDATE' AND NEW.version <> OLD.version + 1)
       OR NOT EXISTS (SELECT 1 FROM refund_legal l WHERE l.from_state = before AND l.to_state = NEW.state)
    THEN
        RAISE EXCEPTION 'refund % may not become % v%', NEW.refund_id, NEW.state, NEW.version
              USING ERRCODE = 'CE001';
    END IF;
    INSERT INTO refund_transition (refund_id, seq, from_state, to_state, cause, actor)
    VALUES (NEW.refund_id, NEW.version, before, NEW.state, NEW.cause, NEW.actor);
    RETURN NEW;
END $$;

CREATE TRIGGER refund_step AFTER INSERT OR UPDATE OF state, version ON refund
    FOR EACH ROW EXECUTE FUNCTION refund_step();

-- Credit notes are numbered without gaps for each legal entity, which is the store: the counter's row lock
-- is held until the note is committed.
CREATE TABLE credit_note_counter (
    store_id uuid   PRIMARY KEY,
    last     bigint NOT NULL
);

CREATE TABLE credit_note (
    store_id     uuid        NOT NULL,
    number       bigint      NOT NULL,
    refund_id    uuid        NOT NULL CONSTRAINT credit_note_once UNIQUE REFERENCES refund,
    order_id     uuid        NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    lines        jsonb       NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (store_id, number)
);

-- What the provider told by webhook, by its own id: a second time changes nothing. The body is kept while
-- nobody here knows the payment.
CREATE TABLE provider_notice (
    provider    text        NOT NULL,
    notice_id   text        NOT NULL,
    outcome     text        NOT NULL
                CONSTRAINT provider_notice_outcome
                CHECK (outcome IN ('APPLIED', 'STALE', 'PARKED', 'CONTRADICTION', 'IGNORED')),
    body        bytea,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (provider, notice_id)
);

CREATE INDEX provider_notice_by_age ON provider_notice (received_at);
CREATE INDEX provider_notice_parked ON provider_notice (received_at) WHERE outcome = 'PARKED';

-- How far the provider's list was compared with ours. One process at a time walks.
CREATE TABLE recon_walk (
    provider    text        PRIMARY KEY,
    walked_to   timestamptz NOT NULL,
    lease_until timestamptz
);

-- Where the provider's books and ours differ, until a person has settled it.
CREATE TABLE recon_break (
    break_id     uuid        PRIMARY KEY,
    provider     text        NOT NULL,
    kind         text        NOT NULL,
    call_key     text        NOT NULL,
    order_id     uuid,
    payment_id   uuid,
    ours         text        NOT NULL,
    ours_minor   bigint,
    theirs       text        NOT NULL,
    theirs_minor bigint,
    found_at     timestamptz NOT NULL,
    resolved_at  timestamptz,
    resolved_by  uuid,
    resolution   text,
    CONSTRAINT recon_break_once UNIQUE (provider, kind, call_key),
    CONSTRAINT recon_break_resolved CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);

CREATE INDEX recon_break_open ON recon_break (break_id) WHERE resolved_at IS NULL;

-- First answers of requests that carry a key.
CREATE TABLE idempotency (
    principal   uuid        NOT NULL,
    route       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      smallint,
    location    text,
    body        bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key)
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'payment') THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON refund_legal FROM payment;
        REVOKE UPDATE, DELETE, TRUNCATE ON refund_transition, credit_note FROM payment;
    END IF;
END $$;
