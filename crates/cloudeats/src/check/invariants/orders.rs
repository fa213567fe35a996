//! I5, I6, I7 and I10.

use super::{Invariant, rule};

pub(super) fn endure() -> Invariant {
    Invariant {
        id: "I5",
        promise: "what was acknowledged is there",
        judged: "SELECT count(*) FROM truth.history WHERE outcome = 'ok'",
        rules: vec![
            rule(
                "an accepted order is there with the body that was sent",
                "SELECT h.t_done, h.principal, h.order_id, h.body_sha
                   FROM truth.history h
                   LEFT JOIN orders.orders o
                     ON o.order_id = h.order_id AND encode(o.body_sha, 'hex') = h.body_sha
                  WHERE h.op = 'create' AND h.outcome = 'ok' AND o.order_id IS NULL",
            ),
            rule(
                "an accepted cancellation holds",
                "SELECT h.t_done, h.principal, h.order_id, o.state
                   FROM truth.history h
                   LEFT JOIN orders.orders o USING (order_id)
                  WHERE h.op = 'cancel' AND h.outcome = 'ok'
                    AND (o.state IS NULL OR o.state NOT IN ('CANCELLING', 'CANCELLED', 'REJECTED'))",
            ),
            rule(
                "what was handed over is delivered",
                "SELECT h.t_done, h.principal, h.order_id
                   FROM truth.history h
                  WHERE h.op = 'complete' AND h.outcome = 'ok' AND NOT EXISTS (
                        SELECT 1 FROM orders.order_transition t
                         WHERE t.order_id = h.order_id AND t.to_state = 'DELIVERED')",
            ),
            // Keys are kept for 72 h.
            rule(
                "goods that were received were received",
                "SELECT h.t_done, h.principal, h.idem_key
                   FROM truth.history h
                   LEFT JOIN inventory.idempotency i ON i.principal = h.principal AND i.key = h.idem_key
                  WHERE h.op = 'stock' AND h.outcome = 'ok' AND h.t_done > now() - interval '70 h'
                    AND i.status IS DISTINCT FROM 200",
            ),
        ],
    }
}

pub(super) fn are_no_phantoms() -> Invariant {
    Invariant {
        id: "I6",
        promise: "nothing exists that nobody asked for",
        judged: "SELECT count(*) FROM orders.orders
                  WHERE customer_id IN (SELECT principal FROM truth.history WHERE op = 'create')",
        rules: vec![
            rule(
                "an order was asked for",
                "SELECT o.order_id, o.customer_id, o.state, o.created_at
                   FROM orders.orders o
                  WHERE o.customer_id IN (SELECT principal FROM truth.history WHERE op = 'create')
                    AND NOT EXISTS (SELECT 1 FROM truth.history h
                                     WHERE h.order_id = o.order_id AND h.op = 'create'
                                       AND h.outcome IN ('ok', 'refused', 'info'))",
            ),
            rule(
                "what failed left nothing",
                "SELECT f.principal, f.idem_key, f.order_id
                   FROM (SELECT principal, idem_key, order_id
                           FROM truth.history
                          WHERE op = 'create'
                          GROUP BY principal, idem_key, order_id
                         HAVING bool_and(outcome = 'fail' OR t_done IS NULL)
                            AND bool_or(outcome = 'fail')
                            AND count(*) FILTER (WHERE t_done IS NULL)
                                = count(*) FILTER (WHERE outcome = 'fail')) f
                  WHERE EXISTS (SELECT 1 FROM orders.orders o WHERE o.order_id = f.order_id)
                     OR EXISTS (SELECT 1 FROM inventory.reservation r WHERE r.order_id = f.order_id)
                     OR EXISTS (SELECT 1 FROM truth.provider p WHERE p.order_id = f.order_id::text)",
            ),
        ],
    }
}

pub(super) fn do_not_hang() -> Invariant {
    Invariant {
        id: "I7",
        promise: "no order hangs",
        judged: "SELECT count(*) FROM orders.orders",
        rules: vec![
            rule(
                "no order is beyond the deadline of its state",
                "SELECT order_id, state, deadline_at
                   FROM orders.orders
                  WHERE state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
                    AND deadline_at < now()",
            ),
            rule(
                "what the machine drives moved within 60 s",
                "SELECT o.order_id, o.state, max(t.at) AS since
                   FROM orders.orders o
                   JOIN orders.order_transition t USING (order_id)
                  WHERE o.state IN ('RECEIVED', 'RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED',
                                    'DELIVERED', 'CAPTURING', 'CAPTURE_FAILED', 'CANCELLING')
                  GROUP BY o.order_id, o.state
                 HAVING max(t.at) < now() - interval '60 s'",
            ),
        ],
    }
}

pub(super) fn are_undone_whole() -> Invariant {
    Invariant {
        id: "I10",
        promise: "what was rejected or cancelled holds nothing",
        judged: "SELECT count(*) FROM orders.orders WHERE state IN ('REJECTED', 'CANCELLED')",
        rules: vec![
            rule(
                "it holds no stock",
                "SELECT o.order_id, o.state, r.state AS reservation
                   FROM orders.orders o
                   JOIN inventory.reservation r USING (order_id)
                  WHERE o.state IN ('REJECTED', 'CANCELLED') AND r.state <> 'RELEASED'",
            ),
            rule(
                "it holds no money of ours",
                "SELECT o.order_id, o.state, p.state AS payment, p.captured_minor, p.refunded_minor
                   FROM orders.orders o
                   JOIN payment.payment p USING (order_id)
                  WHERE o.state IN ('REJECTED', 'CANCELLED')
                    AND NOT (p.state IN ('VOIDED', 'DECLINED') OR (p.state = 'EXPIRED' AND p.wanted_minor = 0)
                             OR (p.state = 'CAPTURED' AND p.refunded_minor = p.captured_minor))",
            ),
            // What was taken and given back again is not held.
            rule(
                "it holds no money at the provider",
                "SELECT o.order_id, o.state, p.call_key, p.amount_minor
                   FROM orders.orders o
                   JOIN truth.provider p ON p.order_id = o.order_id::text
                  WHERE o.state IN ('REJECTED', 'CANCELLED') AND p.op = 'authorize' AND p.outcome = 'ok'
                    AND NOT EXISTS (SELECT 1 FROM truth.provider v
                                     WHERE v.provider_ref = p.provider_ref AND v.op IN ('void', 'expire')
                                       AND v.outcome = 'ok')
                    AND (SELECT coalesce(bool_or(t.op = 'capture'), false)
                                AND sum(CASE t.op WHEN 'capture' THEN t.amount_minor ELSE -t.amount_minor END) = 0
                           FROM truth.provider t
                          WHERE t.provider_ref = p.provider_ref AND t.op IN ('capture', 'refund')
                            AND t.outcome = 'ok') IS NOT TRUE",
            ),
            rule(
                "nobody cooks it",
                "SELECT o.order_id, o.state, t.state AS ticket
                   FROM orders.orders o
                   JOIN orders.ticket t USING (order_id)
                  WHERE o.state IN ('REJECTED', 'CANCELLED') AND t.state NOT IN ('CANCELLED', 'REFUSED')",
            ),
            rule(
                "nobody brings it",
                "SELECT o.order_id, o.state, d.state AS delivery
                   FROM orders.orders o
                   JOIN fleet.delivery d USING (order_id)
                  WHERE o.state IN ('REJECTED', 'CANCELLED')
                    AND d.state IN ('PENDING', 'OFFERED', 'ASSIGNED', 'AT_PICKUP')",
            ),
        ],
    }
}
