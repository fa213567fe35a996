SET LOCAL lock_timeout = '5s';

-- Who may write the rows of a cell: a write names the epoch under which it was begun.
CREATE TABLE cell_fence (
    cell  text PRIMARY KEY,
    epoch bigint NOT NULL
);

-- `catalogue` counts every change of the store's items, published or not: recipes that a process
-- remembers are good for one value of it. `menu_version` is the version that customers see, 0: none.
CREATE TABLE store (
    store_id              uuid PRIMARY KEY,
    slug                  text NOT NULL CONSTRAINT store_slug_unique UNIQUE,
    name                  text NOT NULL,
    partner_id            uuid NOT NULL,
    cell                  text NOT NULL REFERENCES cell_fence,
    currency              text NOT NULL,
    time_zone             text NOT NULL,
    lat                   double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lon                   double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    open                  boolean NOT NULL,
    radius_m              bigint NOT NULL CHECK (radius_m BETWEEN 0 AND 100000),
    delivery_fee_minor    bigint NOT NULL CHECK (delivery_fee_minor >= 0),
    order_min_minor       bigint NOT NULL CHECK (order_min_minor >= 0),
    tax_bp                bigint NOT NULL CHECK (tax_bp BETWEEN 0 AND 10000),
    accepts_automatically boolean NOT NULL,
    version               bigint NOT NULL DEFAULT 1,
    catalogue             bigint NOT NULL DEFAULT 1,
    menu_version          bigint NOT NULL DEFAULT 0,
    write_epoch           bigint NOT NULL,
    created_at            timestamptz NOT NULL
);

CREATE TABLE item (
    item_id     uuid PRIMARY KEY,
    store_id    uuid NOT NULL REFERENCES store,
    cell        text NOT NULL,
    slug        text NOT NULL,
    name        text NOT NULL,
    description text NOT NULL,
    category    text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    station     text NOT NULL,
    prep_s      bigint NOT NULL CHECK (prep_s >= 0),
    allergens   text[] NOT NULL,
    options     jsonb NOT NULL,
    on_menu     boolean NOT NULL,
    low_at      bigint NOT NULL CHECK (low_at >= 0),
    unit        text NOT NULL CHECK (unit IN ('pieces', 'grams', 'millilitres')),
    version     bigint NOT NULL DEFAULT 1,
    write_epoch bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT item_slug_unique UNIQUE (store_id, slug)
);

-- An item with components has no stock of its own; components have no components.
CREATE TABLE item_component (
    item_id      uuid REFERENCES item,
    component_id uuid REFERENCES item,
    amount       bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (item_id, component_id),
    CHECK (item_id <> component_id)
);
CREATE INDEX item_component_used ON item_component (component_id);

-- A version is prepared, its rows are written to `menu_catalog`, then it is published: a crash between
-- leaves a version that nobody sees, never one with two contents.
CREATE TABLE menu_version (
    store_id     uuid REFERENCES store,
    menu_version bigint,
    document     jsonb NOT NULL,
    checksum     text NOT NULL,
    asked_by     uuid NOT NULL,
    asked_key    text NOT NULL,
    fingerprint  bytea NOT NULL,
    prepared_at  timestamptz NOT NULL,
    published_at timestamptz,
    PRIMARY KEY (store_id, menu_version),
    CONSTRAINT menu_version_asked_once UNIQUE (asked_by, asked_key)
);

CREATE TABLE stock (
    store_id    uuid,
    item_id     uuid REFERENCES item,
    cell        text NOT NULL,
    on_hand     bigint NOT NULL,
    reserved    bigint NOT NULL DEFAULT 0,
    write_epoch bigint NOT NULL,
    CONSTRAINT stock_never_oversold CHECK (reserved BETWEEN 0 AND on_hand),
    PRIMARY KEY (store_id, item_id)
) WITH (fillfactor = 50);

-- `store_id` is unknown only for a tombstone: a release that came before its reserve.
CREATE TABLE reservation (
    order_id    uuid PRIMARY KEY,
    store_id    uuid,
    cell        text,
    state       text NOT NULL CHECK (state IN ('HELD', 'CONFIRMED', 'SHIPPED', 'RELEASED')),
    cause       text NOT NULL,
    actor       text NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    expires_at  timestamptz,
    ask_after   timestamptz,
    write_epoch bigint NOT NULL,
    changed_at  timestamptz NOT NULL,
    CHECK (store_id IS NOT NULL AND cell IS NOT NULL OR state = 'RELEASED'),
    CHECK (expires_at IS NOT NULL OR state <> 'HELD')
) WITH (fillfactor = 70);
CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'HELD';

CREATE TABLE reservation_line (
    order_id uuid REFERENCES reservation,
    item_id  uuid,
    qty      bigint NOT NULL CHECK (qty > 0),
    PRIMARY KEY (order_id, item_id)
);

CREATE TABLE reservation_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO reservation_legal VALUES
    ('HELD', 'CONFIRMED'), ('HELD', 'SHIPPED'), ('HELD', 'RELEASED'),
    ('CONFIRMED', 'SHIPPED'), ('CONFIRMED', 'RELEASED');

CREATE TABLE reservation_transition (
    order_id   uuid,
    seq        bigint,
    from_state text,
    to_state   text NOT NULL,
    cause      text NOT NULL,
    actor      text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (order_id, seq)
);

CREATE FUNCTION reservation_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND new.state = old.state AND new.version = old.version THEN
        RETURN new; -- the sweeper's bookkeeping
    END IF;
    IF TG_OP = 'INSERT' AND (new.version <> 1 OR new.state NOT IN ('HELD', 'RELEASED'))
       OR TG_OP = 'UPDATE' AND (new.version <> old.version + 1 OR NOT EXISTS (
            SELECT 1 FROM reservation_legal l WHERE l.from_state = old.state AND l.to_state = new.state))
    THEN
        RAISE EXCEPTION 'reservation % may not become % v%', new.order_id, new.state, new.version
            USING ERRCODE = 'CE002';
    END IF;
    INSERT INTO reservation_transition (order_id, seq, from_state, to_state, cause, actor, at)
    VALUES (new.order_id, new.version, CASE WHEN TG_OP = 'UPDATE' THEN old.state END,
            new.state, new.cause, new.actor, new.changed_at);
    RETURN new;
END $$;
CREATE TRIGGER reservation_step AFTER INSERT OR UPDATE OF state, version ON reservation
    FOR EACH ROW EXECUTE FUNCTION reservation_step();

-- Append-only: what lies there is the sum of what moved. Holds are not movements.
CREATE TABLE stock_movement (
    movement_id uuid PRIMARY KEY,
    store_id    uuid NOT NULL,
    item_id     uuid NOT NULL,
    cell        text NOT NULL,
    kind        text NOT NULL CHECK (kind IN (
        'RECEIPT', 'SALE', 'RETURN', 'ADJUSTMENT', 'COUNT', 'TRANSFER_IN', 'TRANSFER_OUT', 'WASTE')),
    qty         bigint NOT NULL CHECK (qty <> 0),
    order_id    uuid,
    actor       text NOT NULL,
    write_epoch bigint NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX stock_movement_of_item ON stock_movement (store_id, item_id, at DESC, movement_id DESC);

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'CE003';
END $$;
CREATE TRIGGER stock_movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_movement
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The first answer to a key; kept 72 h.
CREATE TABLE idempotency (
    principal   uuid,
    route       text,
    key         text,
    fingerprint bytea NOT NULL,
    status      smallint,
    location    text,
    body        bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_old ON idempotency (created_at);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'inventory') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON stock_movement, reservation_transition FROM inventory;
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON reservation_legal FROM inventory;
    END IF;
END $$;
