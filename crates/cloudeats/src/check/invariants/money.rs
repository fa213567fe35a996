//! I1 and I2.

use super::{Invariant, Rule, refunds, rule};

pub(super) fn adds_up() -> Invariant {
    Invariant {
        id: "I1",
        promise: "money adds up, here and at the provider",
        judged: "SELECT count(*) FROM payment.payment",
        rules: [ours(), books(), theirs(), refunds::rules()].into_iter().flatten().collect(),
    }
}

/// What we say ourselves.
fn ours() -> Vec<Rule> {
    vec![
        rule(
            "refunded and promised <= captured <= authorized",
            "SELECT order_id, authorized_minor, captured_minor, refunded_minor, refunding_minor
               FROM payment.payment
              WHERE NOT (0 <= refunded_minor AND 0 <= refunding_minor
                         AND refunded_minor + refunding_minor <= captured_minor
                         AND captured_minor <= authorized_minor)",
        ),
        rule(
            "what was captured, or is owed in the books, is what the order owes",
            "SELECT o.order_id, o.state, o.total_minor, p.captured_minor, p.refunded_minor, b.minor AS owed_minor
               FROM orders.orders o
               LEFT JOIN payment.payment p USING (order_id)
               LEFT JOIN (
                   SELECT t.order_id, sum(l.amount_minor) AS minor
                     FROM payment.ledger_tx t
                     JOIN payment.ledger_line l USING (tx_id)
                    WHERE l.account LIKE 'receivable:customer:%'
                    GROUP BY t.order_id
               ) b USING (order_id)
              WHERE (o.state = 'COMPLETED' AND coalesce(p.captured_minor, 0) <> o.total_minor)
                 OR (o.state = 'COMPLETED_UNPAID'
                     AND coalesce(p.captured_minor, 0) + coalesce(b.minor, 0) <> o.total_minor)
                 OR (o.state IN ('CANCELLED', 'REJECTED') AND p.captured_minor > p.refunded_minor)",
        ),
    ]
}

/// What stands in the ledger.
fn books() -> Vec<Rule> {
    vec![
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
               FULL JOIN (
                   SELECT t.order_id, sum(l.amount_minor) AS minor
                     FROM payment.ledger_tx t
                     JOIN payment.ledger_line l USING (tx_id)
                    WHERE l.account LIKE 'receivable:provider:%'
                    GROUP BY t.order_id
               ) b USING (order_id)
              WHERE p.captured_minor IS DISTINCT FROM coalesce(b.minor, 0)",
        ),
        // A hold ends with its last capture, a void or its expiry; a smaller one may stand besides for a while.
        rule(
            "the books know what is held",
            "SELECT p.order_id, p.state, p.held_minor, coalesce(b.minor, 0) AS booked_minor
               FROM (SELECT order_id, state,
                            CASE WHEN state IN ('AUTHORIZED', 'CAPTURING', 'PARTLY_CAPTURED', 'VOIDING')
                                 THEN authorized_minor - captured_minor ELSE 0 END
                            + CASE WHEN surplus_booked THEN surplus_minor ELSE 0 END AS held_minor
                       FROM payment.payment) p
               FULL JOIN (
                   SELECT t.order_id, sum(l.amount_minor) AS minor
                     FROM payment.ledger_tx t
                     JOIN payment.ledger_line l USING (tx_id)
                    WHERE l.account LIKE 'hold:provider:%'
                    GROUP BY t.order_id
               ) b USING (order_id)
              WHERE p.held_minor IS DISTINCT FROM coalesce(b.minor, 0)",
        ),
    ]
}

/// What the provider says, beside what we say.
fn theirs() -> Vec<Rule> {
    vec![
        // Nobody asks for an expiry: time does.
        rule(
            "our calls and the provider's journal agree",
            "SELECT coalesce(p.call_key, c.call_key) AS call_key, p.op, p.outcome AS provider_says,
                    p.amount_minor AS provider_minor, c.outcome AS we_say, c.amount_minor AS our_minor
               FROM (SELECT * FROM truth.provider WHERE op <> 'expire') p
               FULL JOIN payment.payment_call c USING (call_key)
              WHERE (p.call_key IS NOT NULL
                     AND (c.outcome IS DISTINCT FROM CASE p.outcome WHEN 'ok' THEN 'OK' ELSE 'REFUSED' END
                          OR c.amount_minor <> p.amount_minor))
                 OR (p.call_key IS NULL AND c.outcome = 'OK' AND c.amount_minor <> 0)",
        ),
        rule(
            "the provider took and gave back what we say",
            "SELECT coalesce(p.order_id::text, t.order_id) AS order_id, p.captured_minor,
                    t.taken_minor AS provider_took, p.refunded_minor, t.given_minor AS provider_gave
               FROM payment.payment p
               FULL JOIN (
                   SELECT order_id,
                          coalesce(sum(amount_minor) FILTER (WHERE op = 'capture'), 0) AS taken_minor,
                          coalesce(sum(amount_minor) FILTER (WHERE op = 'refund'), 0) AS given_minor
                     FROM truth.provider
                    WHERE outcome = 'ok'
                    GROUP BY order_id
               ) t ON t.order_id = p.order_id::text
              WHERE coalesce(p.captured_minor, 0) <> coalesce(t.taken_minor, 0)
                 OR coalesce(p.refunded_minor, 0) <> coalesce(t.given_minor, 0)",
        ),
        // Whose webhook was lost hears of an end from the provider's list, which is walked every 5 min.
        rule(
            "a hold is over here and at the provider",
            "SELECT p.order_id, p.state, p.provider_ref, e.op AS provider_did, e.at
               FROM payment.payment p
               LEFT JOIN truth.provider e
                 ON e.provider_ref = p.provider_ref AND e.op IN ('void', 'expire') AND e.outcome = 'ok'
              WHERE (p.state = 'EXPIRED' AND e.op IS DISTINCT FROM 'expire')
                 OR (p.state = 'VOIDED' AND p.provider_ref IS NOT NULL AND e.op IS NULL)
                 OR (p.state IN ('AUTHORIZED', 'CAPTURING') AND e.at < now() - interval '10 min')",
        ),
        // Only those of a daily file close by themselves. What was found a moment ago belongs to the next look.
        rule(
            "reconciliation left no difference open",
            "SELECT kind, call_key, order_id, payment_id, ours, ours_minor, theirs, theirs_minor, found_at
               FROM payment.recon_break
              WHERE resolved_at IS NULL AND found_at < now() - interval '5 s'",
        ),
    ]
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
                         WHERE v.provider_ref = p.provider_ref AND v.op IN ('void', 'expire') AND v.outcome = 'ok')
                  GROUP BY order_id
                 HAVING count(DISTINCT provider_ref) > 1",
            ),
            rule(
                "one capture, even if it was refunded",
                "SELECT order_id, coalesce(part, 1) AS part, count(*) AS captures
                   FROM truth.provider
                  WHERE op = 'capture' AND outcome = 'ok'
                  GROUP BY order_id, coalesce(part, 1)
                 HAVING count(*) > 1",
            ),
        ],
    }
}
