-- Vehicles, couriers, deliveries, and what devices say.
SET LOCAL lock_timeout = '2s';

-- The epoch in which a cell may be written here (RELIABILITY 7.2).
CREATE TABLE cell_fence (
    cell  text PRIMARY KEY,
    epoch bigint NOT NULL
);

CREATE TABLE vehicle (
    vehicle_id uuid PRIMARY KEY,
    name       text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('bike', 'cargo_bike', 'scooter', 'car', 'van', 'truck', 'trailer')),
    cell       text NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);

CREATE TABLE courier (
    courier_id uuid PRIMARY KEY,
    name       text NOT NULL,
    vehicle_id uuid NOT NULL,
    cell       text NOT NULL,
    state      text NOT NULL CHECK (state IN ('OFF', 'AVAILABLE', 'OFFERED', 'BUSY', 'ON_BREAK', 'SUSPENDED')),
    version    bigint NOT NULL DEFAULT 1,
    CONSTRAINT courier_vehicle_known FOREIGN KEY (vehicle_id) REFERENCES vehicle,
    -- A device speaks for its vehicle, so a vehicle speaks for one courier.
    CONSTRAINT courier_vehicle_once UNIQUE (vehicle_id)
) WITH (fillfactor = 70);
CREATE INDEX courier_free ON courier (cell) WHERE state = 'AVAILABLE';

-- What is known of an order beside its delivery: whether the kitchen is done, and the tombstone of a
-- cancellation that came first. Its row lock comes before every other.
CREATE TABLE order_note (
    order_id     uuid PRIMARY KEY,
    ready        boolean NOT NULL DEFAULT false,
    cancelled_at timestamptz,
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX order_note_at ON order_note USING brin (at);

CREATE TABLE delivery (
    delivery_id  uuid PRIMARY KEY,
    order_id     uuid NOT NULL,
    store_id     uuid NOT NULL,
    customer_id  uuid NOT NULL,
    cell         text NOT NULL,
    state        text NOT NULL,
    cause        text NOT NULL,
    actor        text NOT NULL,
    courier_id   uuid,
    vehicle_id   uuid,
    assigned_at  timestamptz,
    pickup_lat   double precision NOT NULL,
    pickup_lon   double precision NOT NULL,
    pickup_name  text NOT NULL,
    dropoff_lat  double precision NOT NULL,
    dropoff_lon  double precision NOT NULL,
    dropoff_text text NOT NULL,
    instructions text,
    ready        boolean NOT NULL,
    promise_at   timestamptz,
    nearby_at    timestamptz,
    version      bigint NOT NULL,
    write_epoch  bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    CONSTRAINT delivery_once_per_order UNIQUE (order_id),
    CONSTRAINT delivery_holder_whole CHECK (
        (courier_id IS NULL) = (vehicle_id IS NULL) AND (courier_id IS NULL) = (assigned_at IS NULL)
    ),
    CONSTRAINT delivery_holder_where_needed CHECK (
        state = 'CANCELLED' OR (courier_id IS NULL) = (state = 'PENDING')
    )
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX delivery_one_open_per_courier ON delivery (courier_id)
    WHERE state IN ('OFFERED', 'ASSIGNED', 'AT_PICKUP', 'PICKED_UP', 'AT_DROPOFF', 'HELD');
CREATE INDEX delivery_due ON delivery (created_at, delivery_id) WHERE state = 'PENDING';
CREATE INDEX delivery_by_age ON delivery (created_at, delivery_id);
CREATE INDEX delivery_by_courier ON delivery (courier_id, created_at, delivery_id);
CREATE INDEX delivery_under_way ON delivery (vehicle_id)
    WHERE state IN ('OFFERED', 'ASSIGNED', 'AT_PICKUP', 'PICKED_UP', 'AT_DROPOFF', 'HELD');

-- FEATURES 5.1, and nothing else.
CREATE TABLE delivery_legal (
    from_state text,
    to_state   text,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO delivery_legal (from_state, to_state) VALUES
    ('PENDING', 'OFFERED'), ('PENDING', 'ASSIGNED'), ('PENDING', 'CANCELLED'),
    ('OFFERED', 'ASSIGNED'), ('OFFERED', 'PENDING'), ('OFFERED', 'CANCELLED'),
    ('ASSIGNED', 'AT_PICKUP'), ('ASSIGNED', 'PICKED_UP'), ('ASSIGNED', 'PENDING'), ('ASSIGNED', 'CANCELLED'),
    ('AT_PICKUP', 'PICKED_UP'), ('AT_PICKUP', 'PENDING'), ('AT_PICKUP', 'CANCELLED'),
    ('PICKED_UP', 'AT_DROPOFF'), ('PICKED_UP', 'DELIVERED'), ('PICKED_UP', 'HELD'), ('PICKED_UP', 'FAILED'),
    ('AT_DROPOFF', 'DELIVERED'), ('AT_DROPOFF', 'HELD'), ('AT_DROPOFF', 'FAILED'),
    ('HELD', 'PICKED_UP'), ('HELD', 'DELIVERED'), ('HELD', 'RETURNING'),
    ('FAILED', 'PICKED_UP'), ('FAILED', 'RETURNING'),
    ('RETURNING', 'RETURNED');

-- Every version of a delivery: `seq` is the version, dense from 1. A version that keeps the state tells
-- of something else, such as the kitchen being done.
CREATE TABLE delivery_transition (
    delivery_id uuid,
    seq         bigint,
    from_state  text,
    to_state    text NOT NULL,
    cause       text NOT NULL,
    actor       text NOT NULL,
    courier_id  uuid,
    at          timestamptz NOT NULL,
    PRIMARY KEY (delivery_id, seq)
);

CREATE FUNCTION delivery_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' AND (new.version <> 1 OR new.state <> 'PENDING')
       OR tg_op = 'UPDATE' AND (
           new.version <> old.version + 1
           OR new.state <> old.state AND NOT EXISTS (
               SELECT FROM delivery_legal l WHERE l.from_state = old.state AND l.to_state = new.state
           )
       )
    THEN
        RAISE EXCEPTION 'delivery % may not become % v%', new.delivery_id, new.state, new.version
            USING ERRCODE = 'CE001';
    END IF;
    INSERT INTO delivery_transition (delivery_id, seq, from_state, to_state, cause, actor, courier_id, at)
    VALUES (new.delivery_id, new.version, CASE WHEN tg_op = 'UPDATE' THEN old.state END, new.state,
            new.cause, new.actor, new.courier_id, new.changed_at);
    RETURN new;
END
$$;
CREATE TRIGGER delivery_step AFTER INSERT OR UPDATE OF state, version ON delivery
    FOR EACH ROW EXECUTE FUNCTION delivery_step();

-- Who had a delivery when; `version` is the one that began it.
CREATE TABLE delivery_assignment (
    delivery_id uuid,
    version     bigint,
    courier_id  uuid NOT NULL,
    vehicle_id  uuid NOT NULL,
    assigned_at timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_by    text,
    PRIMARY KEY (delivery_id, version)
);

-- What couriers said they did. KEPT waits for what must come before it.
CREATE TABLE courier_fact (
    event_id    uuid PRIMARY KEY,
    delivery_id uuid NOT NULL,
    courier_id  uuid NOT NULL,
    vehicle_id  uuid NOT NULL,
    seq         bigint NOT NULL,
    kind        text NOT NULL,
    device_time timestamptz NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    proof       text,
    outcome     text NOT NULL CHECK (outcome IN ('APPLIED', 'PASSED', 'KEPT', 'REFUSED')),
    code        text,
    received_at timestamptz NOT NULL,
    CHECK ((outcome = 'REFUSED') = (code IS NOT NULL))
);
CREATE INDEX courier_fact_kept ON courier_fact (delivery_id) WHERE outcome = 'KEPT';

-- What a person has to look at.
CREATE TABLE incident (
    incident_id uuid PRIMARY KEY,
    delivery_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    store_id    uuid NOT NULL,
    cell        text NOT NULL,
    code        text NOT NULL,
    event_id    uuid,
    courier_id  uuid,
    at          timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE INDEX incident_open ON incident (at) WHERE resolved_at IS NULL;

-- Starts of a device in the order in which they were first seen.
CREATE TABLE vehicle_boot (
    vehicle_id uuid,
    boot_id    uuid,
    boot_ord   bigint NOT NULL,
    seen_at    timestamptz NOT NULL,
    PRIMARY KEY (vehicle_id, boot_id),
    CONSTRAINT vehicle_boot_in_order UNIQUE (vehicle_id, boot_ord)
);

-- Where each vehicle is; never goes back in (boot_ord, seq).
CREATE TABLE vehicle_position (
    vehicle_id uuid PRIMARY KEY,
    boot_ord   bigint NOT NULL,
    seq        bigint NOT NULL,
    fix_at     timestamptz NOT NULL,
    lat        double precision NOT NULL,
    lon        double precision NOT NULL,
    speed_mps  double precision,
    course_deg double precision
) WITH (fillfactor = 70);

-- When each vehicle last gave a sign of life, and whether its will has been read since.
CREATE TABLE vehicle_presence (
    vehicle_id uuid PRIMARY KEY,
    seen_at    timestamptz,
    gone       boolean NOT NULL DEFAULT false,
    firmware   text
) WITH (fillfactor = 70);

-- Where vehicles were, late points too.
CREATE TABLE vehicle_track (
    vehicle_id  uuid,
    boot_ord    bigint,
    seq         bigint,
    fix_at      timestamptz NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    speed_mps   double precision,
    course_deg  double precision,
    accuracy_m  double precision,
    battery_pct double precision,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (vehicle_id, boot_ord, seq)
);
CREATE INDEX vehicle_track_received_at ON vehicle_track USING brin (received_at);

-- The newest messages that were turned away, with the beginning of their payload.
CREATE TABLE telemetry_quarantine (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vehicle_id uuid NOT NULL,
    kind       text NOT NULL,
    cause      text NOT NULL,
    payload    bytea NOT NULL,
    at         timestamptz NOT NULL
);
