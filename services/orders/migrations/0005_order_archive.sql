SET lock_timeout = '2s';

-- Orders that ended 72 h ago, by the month in which they were placed. What is looked for in the history is
-- looked for here too.
CREATE TABLE order_archive (
    order_id          uuid        NOT NULL,
    number            bigint      NOT NULL,
    customer_id       uuid        NOT NULL,
    store_id          uuid        NOT NULL,
    cell              text        NOT NULL,
    fulfilment        text        NOT NULL,
    state             text        NOT NULL,
    cause             text,
    version           bigint      NOT NULL,
    confirmed         boolean     NOT NULL,
    items             jsonb       NOT NULL,
    subtotal_minor    bigint      NOT NULL,
    tax_minor         bigint      NOT NULL,
    delivery_fee_minor bigint     NOT NULL,
    tip_minor         bigint      NOT NULL,
    total_minor       bigint      NOT NULL,
    currency          char(3)     NOT NULL,
    address           jsonb,
    payment_method_id text        NOT NULL,
    body_sha          bytea       NOT NULL,
    promise_at        timestamptz,
    deadline_at       timestamptz NOT NULL,
    generation        int         NOT NULL,
    attempts          int         NOT NULL,
    write_epoch       bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    ended_at          timestamptz NOT NULL,
    PRIMARY KEY (order_id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX order_archive_of_customer ON order_archive (customer_id, created_at DESC, order_id DESC);
CREATE INDEX order_archive_of_store ON order_archive (store_id, created_at DESC, order_id DESC);

-- Every order that left `orders`, and its month: an id is never given twice, and is found without a look
-- into every partition.
CREATE TABLE order_past (
    order_id   uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL
);

-- Their rows outlive the order's row.
ALTER TABLE saga_step DROP CONSTRAINT saga_step_order_id_fkey;
ALTER TABLE ticket DROP CONSTRAINT ticket_order_id_fkey;

-- Makes sure that the month of `the_time` has its partition. It belongs to the schema's owner, since those
-- who serve may not change the schema.
CREATE FUNCTION order_archive_month(the_time timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', the_time AT TIME ZONE 'UTC');
    name  text := 'order_archive_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Built beside the table and then attached, which holds up nobody who reads or writes there.
    EXECUTE format('CREATE TABLE %I (LIKE order_archive INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE order_archive ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
END $$;
