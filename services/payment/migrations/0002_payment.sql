-- Payments, the calls to their provider, and the books.
SET LOCAL lock_timeout = '2s';

CREATE TABLE cell_fence (
    cell  text   PRIMARY KEY,
    epoch bigint NOT NULL
);

-- One payment for each order. A payment that was voided before it was asked for has no terms: it is the
-- tombstone that refuses the late request.
CREATE TABLE payment (
    order_id         uuid        PRIMARY KEY,
    payment_id       uuid        NOT NULL CONSTRAINT payment_id_once UNIQUE,
    customer_id      uuid,
    store_id         uuid,
    cell             text,
    method           text,
    asked_minor      bigint      NOT NULL DEFAULT 0,
    currency         text        NOT NULL,
    generation       int         NOT NULL DEFAULT 1,
    state            text        NOT NULL,
    version          bigint      NOT NULL DEFAULT 1,
    cause            text        NOT NULL,
    actor            text        NOT NULL,
    authorized_minor bigint      NOT NULL DEFAULT 0,
    capturing_minor  bigint      NOT NULL DEFAULT 0,
    captured_minor   bigint      NOT NULL DEFAULT 0,
    refunded_minor   bigint      NOT NULL DEFAULT 0,
    captures         int         NOT NULL DEFAULT 0,
    provider         text        NOT NULL,
    provider_ref     uuid,
    decline_class    text,
    work             text,
    lease_epoch      bigint      NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    attempts         int         NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    write_epoch      bigint      NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_amounts CHECK (0 <= refunded_minor AND refunded_minor <= captured_minor
                                      AND captured_minor <= authorized_minor
                                      AND capturing_minor BETWEEN 0 AND authorized_minor
                                      AND asked_minor BETWEEN 0 AND 100000000),
    CONSTRAINT payment_work CHECK (work IN ('authorize', 'capture', 'void')),
    CONSTRAINT payment_terms CHECK (state = 'VOIDED' OR (customer_id IS NOT NULL AND store_id IS NOT NULL
                                    AND cell IS NOT NULL AND method IS NOT NULL))
);

-- What a worker has to look at: little, however many payments there are.
CREATE INDEX payment_due ON payment (next_attempt_at) WHERE work IS NOT NULL;

-- The machine `payment` of FEATURES 5.1, and nothing else.
CREATE TABLE payment_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);

INSERT INTO payment_legal (from_state, to_state) VALUES
    ('CREATED', 'AUTHORIZING'), ('CREATED', 'AUTHORIZED'), ('CREATED', 'VOIDED'),
    ('AUTHORIZING', 'AUTHORIZED'), ('AUTHORIZING', 'ACTION_REQUIRED'), ('AUTHORIZING', 'DECLINED'),
    ('AUTHORIZING', 'VOIDING'), ('AUTHORIZING', 'OWED'),
    ('ACTION_REQUIRED', 'AUTHORIZING'), ('ACTION_REQUIRED', 'DECLINED'), ('ACTION_REQUIRED', 'VOIDING'),
    ('AUTHORIZED', 'AUTHORIZING'), ('AUTHORIZED', 'CAPTURING'), ('AUTHORIZED', 'VOIDING'),
    ('AUTHORIZED', 'EXPIRED'),
    ('CAPTURING', 'CAPTURED'), ('CAPTURING', 'PARTLY_CAPTURED'), ('CAPTURING', 'AUTHORIZED'),
    ('CAPTURING', 'EXPIRED'),
    ('PARTLY_CAPTURED', 'CAPTURING'), ('PARTLY_CAPTURED', 'CAPTURED'),
    ('EXPIRED', 'AUTHORIZING'), ('EXPIRED', 'OWED'),
    ('VOIDING', 'VOIDED');

CREATE TABLE payment_transition (
    order_id   uuid        NOT NULL,
    seq        bigint      NOT NULL,
    from_state text        NOT NULL,
    to_state   text        NOT NULL,
    cause      text        NOT NULL,
    actor      text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, seq)
);

-- CREATED is where a payment comes from: the row appears with its first transition.
CREATE FUNCTION payment_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state ELSE 'CREATED' END;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version AND NEW.state = OLD.state THEN
        RETURN NEW; -- lease and retry bookkeeping
    END IF;
    IF (TG_OP = 'INSERT' AND NEW.version <> 1)
       OR (TG_OP = 'UPDATE' AND NEW.version <> OLD.version + 1)
       OR NOT EXISTS (SELECT 1 FROM payment_legal l WHERE l.from_state = before AND l.to_state = NEW.state)
    THEN
        RAISE EXCEPTION 'payment of order % may not become % v%', NEW.order_id, NEW.state, NEW.version
              USING ERRCODE = 'CE001';
    END IF;
    INSERT INTO payment_transition (order_id, seq, from_state, to_state, cause, actor)
    VALUES (NEW.order_id, NEW.version, before, NEW.state, NEW.cause, NEW.actor);
    RETURN NEW;
END $$;

CREATE TRIGGER payment_step AFTER INSERT OR UPDATE OF state, version ON payment
    FOR EACH ROW EXECUTE FUNCTION payment_step();

-- Every call to the provider, kept as ASKED before it is made.
CREATE TABLE payment_call (
    call_key     text        PRIMARY KEY,
    order_id     uuid        NOT NULL,
    step         text        NOT NULL,
    generation   int         NOT NULL,
    amount_minor bigint      NOT NULL,
    fingerprint  bytea       NOT NULL,
    outcome      text        NOT NULL DEFAULT 'ASKED'
                 CONSTRAINT payment_call_outcome CHECK (outcome IN ('ASKED', 'OK', 'REFUSED', 'TOMBSTONE')),
    provider_ref text,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz,
    CONSTRAINT payment_call_once UNIQUE (order_id, step, generation)
);

CREATE TABLE ledger_tx (
    tx_id    uuid        PRIMARY KEY,
    order_id uuid,
    what     text        NOT NULL,
    lines    smallint    NOT NULL CHECK (lines >= 2),
    at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_tx_once UNIQUE (order_id, what)
);

CREATE TABLE ledger_line (
    tx_id        uuid     REFERENCES ledger_tx,
    line         smallint,
    account      text     NOT NULL,
    amount_minor bigint   NOT NULL CHECK (amount_minor <> 0),
    currency     text     NOT NULL,
    PRIMARY KEY (tx_id, line)
);

-- Checked at the commit: all lines are there and sum to zero in each currency.
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_line WHERE tx_id = NEW.tx_id) <> NEW.lines
       OR EXISTS (SELECT 1 FROM ledger_line WHERE tx_id = NEW.tx_id GROUP BY currency HAVING sum(amount_minor) <> 0)
    THEN
        RAISE EXCEPTION 'ledger tx % does not balance', NEW.tx_id USING ERRCODE = 'CE010';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_tx
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

-- A transaction names its number of lines, so a closed one takes no more.
CREATE FUNCTION ledger_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.line NOT BETWEEN 1 AND (SELECT lines FROM ledger_tx WHERE tx_id = NEW.tx_id) THEN
        RAISE EXCEPTION 'ledger tx % has no line %', NEW.tx_id, NEW.line USING ERRCODE = 'CE011';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_closed BEFORE INSERT ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION ledger_closed();

-- What is written stays written, for the owner of the schema too.
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only appended to' USING ERRCODE = 'CE012';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_tx
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'payment') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON ledger_tx, ledger_line FROM payment;
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON payment_legal FROM payment;
        REVOKE UPDATE, DELETE, TRUNCATE ON payment_transition FROM payment;
    END IF;
END $$;
