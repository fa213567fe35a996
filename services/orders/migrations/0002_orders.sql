SET lock_timeout = '2s';

-- Who may write a cell's rows: a write carries the epoch that it believes in.
CREATE TABLE cell_fence (
    cell  text   PRIMARY KEY,
    epoch bigint NOT NULL
);

-- The published menus from which orders are priced; one row for each store, the newest version.
CREATE TABLE menu_snapshot (
    store_id     uuid        PRIMARY KEY,
    cell         text        NOT NULL,
    menu_version bigint      NOT NULL,
    terms        jsonb       NOT NULL,
    items        jsonb       NOT NULL,
    taken_at     timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE order_number;

CREATE TABLE orders (
    order_id          uuid        PRIMARY KEY,
    number            bigint      NOT NULL DEFAULT nextval('order_number'),
    customer_id       uuid        NOT NULL,
    store_id          uuid        NOT NULL,
    cell              text        NOT NULL,
    fulfilment        text        NOT NULL CHECK (fulfilment IN ('delivery', 'pickup')),
    state             text        NOT NULL,
    cause             text,
    version           bigint      NOT NULL DEFAULT 1,
    confirmed         boolean     NOT NULL DEFAULT false,
    items             jsonb       NOT NULL,
    subtotal_minor    bigint      NOT NULL CHECK (subtotal_minor >= 0),
    tax_minor         bigint      NOT NULL CHECK (tax_minor >= 0),
    delivery_fee_minor bigint     NOT NULL CHECK (delivery_fee_minor >= 0),
    tip_minor         bigint      NOT NULL CHECK (tip_minor >= 0),
    total_minor       bigint      NOT NULL CHECK (total_minor BETWEEN 0 AND 100000000),
    currency          char(3)     NOT NULL,
    address           jsonb,
    payment_method_id text        NOT NULL,
    body_sha          bytea       NOT NULL,
    promise_at        timestamptz,
    lease_owner       uuid,
    lease_epoch       bigint      NOT NULL DEFAULT 0,
    lease_until       timestamptz,
    next_attempt_at   timestamptz NOT NULL DEFAULT now(),
    attempts          int         NOT NULL DEFAULT 0,
    deadline_at       timestamptz NOT NULL,
    projected_version bigint      NOT NULL DEFAULT 0,
    write_epoch       bigint      NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    ended_at          timestamptz,
    CONSTRAINT orders_total_adds_up
        CHECK (total_minor = subtotal_minor + delivery_fee_minor + tip_minor),
    CONSTRAINT orders_delivery_has_address CHECK (fulfilment = 'pickup' OR address IS NOT NULL)
);
CREATE INDEX orders_due ON orders (next_attempt_at)
    WHERE state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED');
CREATE INDEX orders_unprojected ON orders (order_id) WHERE projected_version < version;
CREATE INDEX orders_of_customer ON orders (customer_id, created_at DESC, order_id DESC);
CREATE INDEX orders_of_store ON orders (store_id, created_at DESC, order_id DESC);

-- The one table of legal transitions; a test compares it with the domain's.
CREATE TABLE order_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO order_legal (from_state, to_state) VALUES
    ('RECEIVED', 'RESERVING'), ('RECEIVED', 'CANCELLING'),
    ('RESERVING', 'RESERVED'), ('RESERVING', 'REJECTED'), ('RESERVING', 'CANCELLING'),
    ('RESERVED', 'AUTHORIZING'), ('RESERVED', 'AUTHORIZED'), ('RESERVED', 'CANCELLING'),
    ('AUTHORIZING', 'AUTHORIZED'), ('AUTHORIZING', 'ACTION_REQUIRED'), ('AUTHORIZING', 'CANCELLING'),
    ('ACTION_REQUIRED', 'AUTHORIZING'), ('ACTION_REQUIRED', 'CANCELLING'),
    ('AUTHORIZED', 'CONFIRMED'), ('AUTHORIZED', 'CANCELLING'),
    ('CONFIRMED', 'PREPARING'), ('CONFIRMED', 'READY'), ('CONFIRMED', 'REVISING'), ('CONFIRMED', 'CANCELLING'),
    ('REVISING', 'CONFIRMED'), ('REVISING', 'PREPARING'), ('REVISING', 'CANCELLING'),
    ('PREPARING', 'READY'), ('PREPARING', 'REVISING'), ('PREPARING', 'CANCELLING'),
    ('READY', 'DISPATCHED'), ('READY', 'DELIVERED'), ('READY', 'UNDELIVERED'), ('READY', 'PREPARING'), ('READY', 'CANCELLING'),
    ('DISPATCHED', 'DELIVERED'), ('DISPATCHED', 'UNDELIVERED'),
    ('UNDELIVERED', 'DISPATCHED'), ('UNDELIVERED', 'CAPTURING'), ('UNDELIVERED', 'CANCELLING'),
    ('DELIVERED', 'CAPTURING'),
    ('CAPTURING', 'COMPLETED'), ('CAPTURING', 'CAPTURE_FAILED'),
    ('CAPTURE_FAILED', 'CAPTURING'), ('CAPTURE_FAILED', 'COMPLETED_UNPAID'),
    ('CANCELLING', 'CANCELLED'), ('CANCELLING', 'REJECTED');

CREATE TABLE order_transition (
    order_id   uuid,
    seq        bigint,
    from_state text,
    to_state   text        NOT NULL,
    cause      text,
    actor      text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, seq)
);

-- Every change of state is legal, counted and written down, whoever makes it. The actor comes from the
-- transaction's own setting, `ce.actor`.
CREATE FUNCTION order_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND new.version = old.version AND new.state = old.state THEN
        RETURN new;
    END IF;
    IF (TG_OP = 'INSERT' AND (new.version <> 1 OR new.state NOT IN ('RECEIVED', 'RESERVING')))
       OR (TG_OP = 'UPDATE' AND (new.version <> old.version + 1
           OR (new.state <> old.state AND NOT EXISTS (
               SELECT 1 FROM order_legal l WHERE l.from_state = old.state AND l.to_state = new.state))))
    THEN
        RAISE EXCEPTION 'order % may not become % v%', new.order_id, new.state, new.version
            USING ERRCODE = 'CE001';
    END IF;
    INSERT INTO order_transition (order_id, seq, from_state, to_state, cause, actor)
    VALUES (new.order_id, new.version, CASE WHEN TG_OP = 'UPDATE' THEN old.state END, new.state,
            new.cause, coalesce(nullif(current_setting('ce.actor', true), ''), 'machine'));
    RETURN new;
END $$;
CREATE TRIGGER order_step AFTER INSERT OR UPDATE OF state, version ON orders
    FOR EACH ROW EXECUTE FUNCTION order_step();

-- Takes an order through several states at once, each a transition of its own. Answers the new version,
-- or null where lease, version or fence no longer hold.
CREATE FUNCTION order_advance(
    the_order uuid, the_lease bigint, the_version bigint, the_epoch bigint, the_states text[],
    the_cause text, the_next timestamptz, the_deadline timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v bigint := the_version;
    s text;
BEGIN
    FOREACH s IN ARRAY the_states LOOP
        UPDATE orders
           SET state = s, cause = coalesce(the_cause, cause), version = version + 1,
               write_epoch = the_epoch, confirmed = confirmed OR s = 'CONFIRMED', attempts = 0,
               lease_until = CASE WHEN the_next > now() THEN NULL ELSE lease_until END,
               next_attempt_at = the_next, deadline_at = the_deadline,
               ended_at = CASE WHEN s IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
                               THEN now() END
         WHERE order_id = the_order AND lease_epoch = the_lease AND version = v
           AND EXISTS (SELECT 1 FROM cell_fence f WHERE f.cell = orders.cell AND f.epoch = the_epoch);
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        v := v + 1;
    END LOOP;
    RETURN v;
END $$;

CREATE TABLE saga_step (
    order_id    uuid REFERENCES orders,
    step        text        NOT NULL CHECK (step IN ('reserve', 'authorize', 'deliver', 'ship', 'capture', 'release', 'void', 'recall')),
    generation  int         NOT NULL,
    call_key    text        UNIQUE NOT NULL,
    outcome     text        NOT NULL DEFAULT 'ASKED' CHECK (outcome IN ('ASKED', 'OK', 'REFUSED')),
    detail      text,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    PRIMARY KEY (order_id, step, generation)
);

CREATE TABLE idempotency (
    principal   uuid        NOT NULL,
    route       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    order_id    uuid        NOT NULL,
    status      smallint    NOT NULL,
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_old ON idempotency (created_at);
CREATE INDEX idempotency_of_order ON idempotency (order_id);

CREATE TABLE ticket (
    ticket_id   uuid        PRIMARY KEY,
    order_id    uuid        UNIQUE NOT NULL REFERENCES orders,
    store_id    uuid        NOT NULL,
    cell        text        NOT NULL,
    number      bigint      NOT NULL,
    fulfilment  text        NOT NULL,
    state       text        NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    lines       jsonb       NOT NULL,
    prep_s      bigint      NOT NULL,
    promise_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ready_at    timestamptz,
    write_epoch bigint      NOT NULL
);
CREATE INDEX ticket_board ON ticket (store_id, created_at, ticket_id)
    WHERE state IN ('SCHEDULED', 'WAITING', 'ACCEPTED', 'PREPARING', 'READY');
CREATE INDEX ticket_of_store ON ticket (store_id, created_at, ticket_id);

CREATE TABLE ticket_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO ticket_legal (from_state, to_state) VALUES
    ('SCHEDULED', 'WAITING'), ('SCHEDULED', 'CANCELLED'),
    ('WAITING', 'ACCEPTED'), ('WAITING', 'REFUSED'), ('WAITING', 'CANCELLED'),
    ('ACCEPTED', 'PREPARING'), ('ACCEPTED', 'READY'), ('ACCEPTED', 'REFUSED'), ('ACCEPTED', 'CANCELLED'),
    ('PREPARING', 'READY'), ('PREPARING', 'CANCELLED'),
    ('READY', 'HANDED_OVER'), ('READY', 'PREPARING'), ('READY', 'CANCELLED');

CREATE TABLE ticket_transition (
    ticket_id  uuid,
    seq        bigint,
    from_state text,
    to_state   text        NOT NULL,
    actor      text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ticket_id, seq)
);

CREATE FUNCTION ticket_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND (new.version <> 1 OR new.state NOT IN ('SCHEDULED', 'WAITING', 'ACCEPTED')))
       OR (TG_OP = 'UPDATE' AND (new.version <> old.version + 1 OR NOT EXISTS (
               SELECT 1 FROM ticket_legal l WHERE l.from_state = old.state AND l.to_state = new.state)))
    THEN
        RAISE EXCEPTION 'ticket % may not become % v%', new.ticket_id, new.state, new.version
            USING ERRCODE = 'CE002';
    END IF;
    INSERT INTO ticket_transition (ticket_id, seq, from_state, to_state, actor)
    VALUES (new.ticket_id, new.version, CASE WHEN TG_OP = 'UPDATE' THEN old.state END, new.state,
            coalesce(nullif(current_setting('ce.actor', true), ''), 'machine'));
    RETURN new;
END $$;
CREATE TRIGGER ticket_step AFTER INSERT OR UPDATE OF state, version ON ticket
    FOR EACH ROW EXECUTE FUNCTION ticket_step();

-- Facts that came too late for the state of their order: kept for a person, never forced, never dropped.
CREATE TABLE incident (
    incident_id uuid        PRIMARY KEY,
    order_id    uuid        NOT NULL,
    store_id    uuid        NOT NULL,
    cell        text        NOT NULL,
    fact        text        NOT NULL,
    state       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    write_epoch bigint      NOT NULL
);
