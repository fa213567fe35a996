//! I15.

use super::{Invariant, rule};

pub(super) fn stand_for_one_thing() -> Invariant {
    Invariant {
        id: "I15",
        promise: "a key stands for one order, of one customer, with one answer",
        judged: "SELECT count(*) FROM truth.history WHERE op = 'create' AND outcome = 'ok'",
        rules: vec![
            rule(
                "one key of one customer is one order",
                "SELECT principal, idem_key, count(DISTINCT order_id) AS orders
                   FROM truth.history
                  WHERE op = 'create' AND outcome = 'ok'
                  GROUP BY principal, idem_key
                 HAVING count(DISTINCT order_id) > 1",
            ),
            rule(
                "one key is one body",
                "SELECT principal, idem_key, count(DISTINCT body_sha) AS bodies
                   FROM truth.history
                  WHERE op = 'create' AND outcome IN ('ok', 'refused')
                  GROUP BY principal, idem_key
                 HAVING count(DISTINCT body_sha) > 1",
            ),
            rule(
                "one key has one answer",
                "SELECT principal, idem_key, count(DISTINCT answer_sha) AS answers
                   FROM truth.history
                  WHERE op = 'create' AND http = 201
                  GROUP BY principal, idem_key
                 HAVING count(DISTINCT answer_sha) > 1",
            ),
            rule(
                "another customer's key is another key",
                "SELECT h.principal, h.idem_key, h.order_id, h.http
                   FROM truth.history h
                  WHERE h.op = 'create'
                    AND EXISTS (SELECT 1 FROM truth.history other
                                 WHERE other.op = 'create' AND other.idem_key = h.idem_key
                                   AND other.principal <> h.principal
                                   AND (h.http = 422
                                        OR (h.outcome = 'ok' AND other.outcome = 'ok'
                                            AND other.order_id = h.order_id)))
                    AND NOT EXISTS (SELECT 1 FROM truth.history own
                                     WHERE own.op = 'create' AND own.idem_key = h.idem_key
                                       AND own.principal = h.principal AND own.body_sha <> h.body_sha)",
            ),
        ],
    }
}
