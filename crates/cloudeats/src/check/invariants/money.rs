//! I1 and I2.

use super::{Invariant, rule};

pub(super) fn adds_up() -> Invariant {
    Invariant {
        id: "I1",
        promise: "money adds up, here and at the provider",
        judged: "SELECT count(*) FROM payment.payment",
        rules: vec![
            rule(
                "refunded <= captured <= authorized",
                "SELECT order_id, authorized_minor, captured_minor, refunded_minor
                   FROM payment.payment
                  WHERE NOT (0 <= refunded_minor AND refunded_minor <= captured_minor
                             AND captured_minor <= authorized_minor)",
            ),
            rule(
                "an act in the books sums to zero",
                "SELECT tx_id, currency, sum(amount_minor) AS off_minor
                   FROM payment.ledger_line
                  GROUP BY tx_id, currency
                 HAVING sum(amount_minor) <> 0",
            ),
            rule(
                "the books hold all lines of an act",
                "SELECT t.tx_id, t.order_id, t.what, t.lines, count(l.line) AS found
                   FROM payment.ledger_tx t
                   LEFT JOIN payment.ledger_line l USING (tx_id)
                  GROUP BY t.tx_id, t.order_id, t.what, t.lines
                 HAVING count(l.line) <> t.lines",
            ),
            rule(
                "the books know what was captured",
                "SELECT p.order_id, p.captured_minor, coalesce(b.minor, 0) AS booked_minor
                   FROM payment.payment p
                   LEFT JOIN (
                       SELECT t.order_id, sum(l.amount_minor) AS minor
                         FROM payment.ledger_tx t
                         JOIN payment.ledger_line l USING (tx_id)
                        WHERE l.account LIKE 'receivable:provider:%'
                        GROUP BY t.order_id
                   ) b USING (order_id)
                  WHERE p.captured_minor <> coalesce(b.minor, 0)",
            ),
            rule(
                "our calls and the provider's journal agree",
                "SELECT coalesce(p.call_key, c.call_key) AS call_key, p.op, p.outcome AS provider_says,
                        p.amount_minor AS provider_minor, c.outcome AS we_say, c.amount_minor AS our_minor
                   FROM truth.provider p
                   FULL JOIN payment.payment_call c USING (call_key)
                  WHERE (p.call_key IS NOT NULL
                         AND (c.outcome IS DISTINCT FROM CASE p.outcome WHEN 'ok' THEN 'OK' ELSE 'REFUSED' END
                              OR c.amount_minor <> p.amount_minor))
                     OR (p.call_key IS NULL AND c.outcome = 'OK' AND c.amount_minor <> 0)",
            ),
            rule(
                "what was captured is what the order owes",
                "SELECT o.order_id, o.state, o.total_minor, p.captured_minor
                   FROM orders.orders o
                   LEFT JOIN payment.payment p USING (order_id)
                  WHERE (o.state = 'COMPLETED' AND coalesce(p.captured_minor, 0) <> o.total_minor)
                     OR (o.state IN ('CANCELLED', 'REJECTED') AND p.captured_minor > p.refunded_minor)",
            ),
        ],
    }
}

pub(super) fn is_taken_once() -> Invariant {
    Invariant {
        id: "I2",
        promise: "an order takes money once",
        judged: "SELECT count(DISTINCT order_id) FROM truth.provider WHERE op = 'authorize'",
        rules: vec![
            rule(
                "one authorization holds money",
                "SELECT order_id, count(DISTINCT provider_ref) AS held
                   FROM truth.provider p
                  WHERE op = 'authorize' AND outcome = 'ok' AND NOT EXISTS (
                        SELECT 1 FROM truth.provider v
                         WHERE v.provider_ref = p.provider_ref AND v.op = 'void' AND v.outcome = 'ok')
                  GROUP BY order_id
                 HAVING count(DISTINCT provider_ref) > 1",
            ),
            rule(
                "one capture, even if it was refunded",
                "SELECT order_id, count(*) AS captures
                   FROM truth.provider
                  WHERE op = 'capture' AND outcome = 'ok'
                  GROUP BY order_id
                 HAVING count(*) > 1",
            ),
        ],
    }
}
