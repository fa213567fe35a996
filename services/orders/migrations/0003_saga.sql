SET lock_timeout = '2s';

-- When a person is told that an order waits too long, before the machine acts at its deadline.
ALTER TABLE orders ADD COLUMN alert_at timestamptz;
-- Number of the try that may charge: it rises where a capture is refused for good.
ALTER TABLE orders ADD COLUMN generation int NOT NULL DEFAULT 1;

-- Incidents of every kind, and who resolved them.
ALTER TABLE incident ADD COLUMN kind text NOT NULL DEFAULT 'late-fact'
    CONSTRAINT incident_kind CHECK (kind IN ('late-fact', 'refused', 'overdue', 'unpaid'));
ALTER TABLE incident ADD COLUMN severity text NOT NULL DEFAULT 'alert'
    CONSTRAINT incident_severity CHECK (severity IN ('alert', 'page'));
ALTER TABLE incident ADD COLUMN detail text;
ALTER TABLE incident ADD COLUMN resolved_at timestamptz;
ALTER TABLE incident ADD COLUMN resolved_by uuid;
ALTER TABLE incident ADD COLUMN note text;
CREATE INDEX incident_of_order ON incident (order_id);
CREATE INDEX incident_newest ON incident (at DESC, incident_id DESC);

-- `order_advance` with the time of the alert and the generation. The one without serves the release before
-- this one while both run.
CREATE FUNCTION order_advance(
    the_order uuid, the_lease bigint, the_version bigint, the_epoch bigint, the_states text[],
    the_cause text, the_next timestamptz, the_deadline timestamptz, the_alert timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v bigint := the_version;
    s text;
BEGIN
    FOREACH s IN ARRAY the_states LOOP
        UPDATE orders
           SET state = s, cause = coalesce(the_cause, cause), version = version + 1,
               write_epoch = the_epoch, confirmed = confirmed OR s = 'CONFIRMED',
               generation = generation + CASE WHEN s = 'CAPTURE_FAILED' THEN 1 ELSE 0 END, attempts = 0,
               lease_until = CASE WHEN the_next > now() THEN NULL ELSE lease_until END,
               next_attempt_at = the_next, deadline_at = the_deadline, alert_at = the_alert,
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
CREATE OR REPLACE FUNCTION order_advance(
    the_order uuid, the_lease bigint, the_version bigint, the_epoch bigint, the_states text[],
    the_cause text, the_next timestamptz, the_deadline timestamptz
) RETURNS bigint LANGUAGE sql AS $$
    SELECT order_advance(the_order, the_lease, the_version, the_epoch, the_states, the_cause, the_next,
                         the_deadline, NULL);
$$;
