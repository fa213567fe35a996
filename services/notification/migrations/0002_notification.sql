-- Inboxes, and messages on their way out. No name and no address is kept here.
SET LOCAL lock_timeout = '2s';

-- What somebody is told, once for each order and kind.
CREATE TABLE notification (
    notification_id uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL,
    kind            text        NOT NULL,
    title           text        NOT NULL,
    body            text        NOT NULL,
    facts           jsonb       NOT NULL,
    order_id        uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    read_at         timestamptz,
    version         bigint      NOT NULL DEFAULT 1,
    CONSTRAINT notification_once UNIQUE (order_id, kind)
);
CREATE INDEX notification_inbox ON notification (user_id, notification_id);
CREATE INDEX notification_unread ON notification (user_id) WHERE read_at IS NULL;

-- One message by one channel. The id of the event that caused it is its name outside. While it is being
-- sent, `next_attempt_at` is the end of the sender's lease.
CREATE TABLE send (
    send_id         uuid        PRIMARY KEY,
    notification_id uuid        NOT NULL REFERENCES notification,
    event_id        uuid        NOT NULL,
    channel         text        NOT NULL CONSTRAINT send_channel CHECK (channel IN ('email')),
    template        text        NOT NULL,
    state           text        NOT NULL,
    cause           text        NOT NULL,
    version         bigint      NOT NULL DEFAULT 1,
    attempts        int         NOT NULL DEFAULT 0,
    lease_epoch     bigint      NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT send_once UNIQUE (notification_id, channel)
);
CREATE INDEX send_due ON send (next_attempt_at) WHERE state IN ('QUEUED', 'SENDING');

-- The machine `notification attempt` of FEATURES 5.1, as far as there are adapters for it.
CREATE TABLE send_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO send_legal (from_state, to_state) VALUES
    ('QUEUED', 'SENDING'), ('SENDING', 'SENT'), ('SENDING', 'QUEUED'), ('SENDING', 'FAILED');

CREATE TABLE send_transition (
    send_id    uuid        NOT NULL,
    seq        bigint      NOT NULL,
    from_state text,
    to_state   text        NOT NULL,
    cause      text        NOT NULL,
    actor      text        NOT NULL DEFAULT 'machine',
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (send_id, seq)
);

CREATE FUNCTION send_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version AND NEW.state = OLD.state THEN
        RETURN NEW; -- lease and retry bookkeeping
    END IF;
    IF (TG_OP = 'INSERT' AND (NEW.version <> 1 OR NEW.state <> 'QUEUED'))
       OR (TG_OP = 'UPDATE' AND (NEW.version <> OLD.version + 1
           OR NOT EXISTS (SELECT 1 FROM send_legal l WHERE l.from_state = OLD.state AND l.to_state = NEW.state)))
    THEN
        RAISE EXCEPTION 'send % may not become % v%', NEW.send_id, NEW.state, NEW.version USING ERRCODE = 'CE001';
    END IF;
    INSERT INTO send_transition (send_id, seq, from_state, to_state, cause)
    VALUES (NEW.send_id, NEW.version, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.cause);
    RETURN NEW;
END $$;

CREATE TRIGGER send_step AFTER INSERT OR UPDATE OF state, version ON send
    FOR EACH ROW EXECUTE FUNCTION send_step();

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'notification') THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON send_legal FROM notification;
        REVOKE UPDATE, DELETE, TRUNCATE ON send_transition FROM notification;
    END IF;
END $$;
