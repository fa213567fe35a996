//! I1, as far as it is about money that was given back.

use super::{Rule, rule};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // What the provider refuses for good stays promised: a person gives it back in another way.
        rule(
            "what was given back and what is promised are the sums of its refunds",
            "SELECT p.order_id, p.refunded_minor, coalesce(r.given_minor, 0) AS given_minor,
                    p.refunding_minor, coalesce(r.promised_minor, 0) AS promised_minor
               FROM payment.payment p
               FULL JOIN (
                   SELECT order_id,
                          sum(amount_minor) FILTER (WHERE state = 'SUCCEEDED') AS given_minor,
                          sum(amount_minor) FILTER (WHERE state NOT IN ('SUCCEEDED', 'REFUSED')) AS promised_minor
                     FROM payment.refund
                    GROUP BY order_id
               ) r USING (order_id)
              WHERE p.refunded_minor IS DISTINCT FROM coalesce(r.given_minor, 0)
                 OR p.refunding_minor IS DISTINCT FROM coalesce(r.promised_minor, 0)",
        ),
        rule(
            "the books know what was given back",
            "SELECT p.order_id, p.refunded_minor, coalesce(b.minor, 0) AS booked_minor
               FROM payment.payment p
               FULL JOIN (
                   SELECT t.order_id, -sum(l.amount_minor) AS minor
                     FROM payment.ledger_tx t
                     JOIN payment.ledger_line l USING (tx_id)
                    WHERE l.account LIKE 'payable:provider:%'
                    GROUP BY t.order_id
               ) b USING (order_id)
              WHERE p.refunded_minor IS DISTINCT FROM coalesce(b.minor, 0)",
        ),
        rule(
            "a refund was made at the provider, once, and no other was",
            "SELECT r.refund_id, r.order_id, r.state, r.amount_minor, d.order_id AS provider_order,
                    d.keys AS provider_keys, d.minor AS provider_minor
               FROM payment.refund r
               FULL JOIN (
                   SELECT c.refund_id, min(p.order_id) AS order_id, array_agg(p.call_key) AS keys,
                          sum(p.amount_minor) AS minor
                     FROM truth.provider p
                     LEFT JOIN payment.payment_call c USING (call_key)
                    WHERE p.op = 'refund' AND p.outcome = 'ok'
                    GROUP BY c.refund_id
               ) d USING (refund_id)
              WHERE (r.state = 'SUCCEEDED') IS DISTINCT FROM (d.keys IS NOT NULL)
                 OR cardinality(d.keys) > 1
                 OR d.minor <> r.amount_minor
                 OR d.order_id <> r.order_id::text",
        ),
        rule(
            "a refund that was made has its credit note, over the same sum",
            "SELECT r.refund_id, r.order_id, r.state, r.amount_minor, n.store_id, n.number,
                    n.amount_minor AS note_minor
               FROM payment.refund r
               FULL JOIN payment.credit_note n USING (refund_id)
              WHERE (r.state = 'SUCCEEDED' AND n.refund_id IS NULL)
                 OR (n.refund_id IS NOT NULL
                     AND (r.state, r.order_id, r.amount_minor, r.currency)
                         IS DISTINCT FROM ('SUCCEEDED', n.order_id, n.amount_minor, n.currency))",
        ),
        rule(
            "credit notes of a store are numbered without gaps",
            "SELECT store_id, number, nth
               FROM (SELECT store_id, number,
                            row_number() OVER (PARTITION BY store_id ORDER BY number) AS nth
                       FROM payment.credit_note) n
              WHERE number <> nth",
        ),
    ]
}
