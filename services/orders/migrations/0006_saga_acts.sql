SET lock_timeout = '2s';

-- What operations did to a saga that did not go on by itself: who, when and why. It outlives the order's row.
-- A skip is only wished for until somebody else agrees to it.
CREATE TABLE saga_act (
    act_id        uuid        PRIMARY KEY,
    order_id      uuid        NOT NULL,
    store_id      uuid        NOT NULL,
    cell          text        NOT NULL,
    act           text        NOT NULL CONSTRAINT saga_act_act CHECK (act IN ('retry', 'skip', 'compensate')),
    step          text,
    generation    int,
    order_state   text        NOT NULL,
    asked_by      uuid        NOT NULL,
    reason        text        NOT NULL,
    asked_at      timestamptz NOT NULL DEFAULT now(),
    agreed_by     uuid,
    agreed_reason text,
    agreed_at     timestamptz,
    write_epoch   bigint      NOT NULL,
    CONSTRAINT saga_act_step CHECK ((act = 'skip') = (step IS NOT NULL) AND (step IS NULL) = (generation IS NULL)),
    CONSTRAINT saga_act_second_person CHECK (agreed_by <> asked_by),
    CONSTRAINT saga_act_agreed CHECK ((agreed_by IS NULL OR act = 'skip')
        AND (agreed_by IS NULL) = (agreed_at IS NULL) AND (agreed_by IS NULL) = (agreed_reason IS NULL))
);
CREATE INDEX saga_act_of_order ON saga_act (order_id, asked_at);
