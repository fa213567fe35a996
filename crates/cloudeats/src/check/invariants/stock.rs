//! I3 and I4.

use super::{Invariant, rule};

pub(super) fn is_counted() -> Invariant {
    Invariant {
        id: "I3",
        promise: "stock is the sum of what moved, holds the sum of their lines",
        judged: "SELECT count(*) FROM inventory.stock",
        rules: vec![
            rule(
                "on_hand = movements, reserved = holds, 0 <= reserved <= on_hand",
                "SELECT s.store_id, s.item_id, s.on_hand, coalesce(m.moved, 0) AS moved, s.reserved,
                        coalesce(h.held, 0) AS held
                   FROM inventory.stock s
                   LEFT JOIN (
                       SELECT store_id, item_id, sum(qty) AS moved
                         FROM inventory.stock_movement
                        GROUP BY store_id, item_id
                   ) m USING (store_id, item_id)
                   LEFT JOIN (
                       SELECT r.store_id, l.item_id, sum(l.qty) AS held
                         FROM inventory.reservation r
                         JOIN inventory.reservation_line l USING (order_id)
                        WHERE r.state IN ('HELD', 'CONFIRMED')
                        GROUP BY r.store_id, l.item_id
                   ) h USING (store_id, item_id)
                  WHERE s.on_hand <> coalesce(m.moved, 0) OR s.reserved <> coalesce(h.held, 0)
                     OR s.reserved NOT BETWEEN 0 AND s.on_hand",
            ),
            rule(
                "what moved or is held has a place on a shelf",
                "SELECT store_id, item_id
                   FROM (SELECT store_id, item_id FROM inventory.stock_movement
                          UNION
                         SELECT r.store_id, l.item_id
                           FROM inventory.reservation r
                           JOIN inventory.reservation_line l USING (order_id)
                          WHERE r.state IN ('HELD', 'CONFIRMED')) t
                  WHERE NOT EXISTS (SELECT 1 FROM inventory.stock s
                                     WHERE s.store_id = t.store_id AND s.item_id = t.item_id)",
            ),
        ],
    }
}

pub(super) fn is_not_oversold() -> Invariant {
    Invariant {
        id: "I4",
        promise: "nothing is sold that was not received",
        judged: "SELECT (SELECT count(*) FROM inventory.stock_movement WHERE kind = 'SALE')
                      + (SELECT count(*) FROM inventory.reservation WHERE state = 'CONFIRMED')",
        rules: vec![
            rule(
                "sold and confirmed <= received",
                "SELECT store_id, item_id, coalesce(sum(received), 0) AS received, coalesce(sum(sold), 0) AS sold
                   FROM (SELECT store_id, item_id,
                                CASE WHEN kind <> 'SALE' THEN qty END AS received,
                                CASE WHEN kind = 'SALE' THEN -qty END AS sold
                           FROM inventory.stock_movement
                          UNION ALL
                         SELECT r.store_id, l.item_id, NULL, l.qty
                           FROM inventory.reservation r
                           JOIN inventory.reservation_line l USING (order_id)
                          WHERE r.state = 'CONFIRMED') t
                  GROUP BY store_id, item_id
                 HAVING coalesce(sum(sold), 0) > coalesce(sum(received), 0)",
            ),
            // Goods that an order was confirmed with, and that were let go for another, are sold twice.
            rule(
                "a confirmed order has its goods",
                "SELECT o.order_id, o.state, r.state AS reservation
                   FROM orders.orders o
                   JOIN inventory.reservation r USING (order_id)
                  WHERE o.state IN ('CONFIRMED', 'PREPARING', 'READY', 'DISPATCHED', 'DELIVERED', 'CAPTURING',
                                    'CAPTURE_FAILED', 'COMPLETED', 'COMPLETED_UNPAID')
                    AND r.state = 'RELEASED'",
            ),
            rule(
                "what was shipped was sold once, and nothing else",
                "SELECT order_id, item_id, coalesce(l.qty, 0) AS shipped, coalesce(m.qty, 0) AS sold
                   FROM (SELECT order_id, l.item_id, l.qty
                           FROM inventory.reservation r
                           JOIN inventory.reservation_line l USING (order_id)
                          WHERE r.state = 'SHIPPED') l
                   FULL JOIN (SELECT order_id, item_id, -sum(qty) AS qty
                                FROM inventory.stock_movement
                               WHERE kind = 'SALE'
                               GROUP BY order_id, item_id) m USING (order_id, item_id)
                  WHERE l.qty IS DISTINCT FROM m.qty",
            ),
        ],
    }
}
