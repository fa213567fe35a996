//! Where the story of an order is written down. `$1` is the order.

/// Each a service and a question to its database; the answers have the columns of
/// [`Entry`](super::Entry).
pub(super) const LANES: [(&str, &str); 13] = [
    (
        "orders",
        "SELECT extract(epoch FROM at)::float8 AS at, 'order' AS lane,
                concat_ws(' -> ', from_state, to_state) AS what, actor, cause
           FROM order_transition
          WHERE order_id = $1",
    ),
    (
        "orders",
        "SELECT extract(epoch FROM asked_at)::float8 AS at, 'saga' AS lane,
                'asks ' || step || ':' || generation AS what, NULL::text AS actor, NULL::text AS cause
           FROM saga_step
          WHERE order_id = $1
          UNION ALL
         SELECT extract(epoch FROM answered_at)::float8, 'saga',
                'hears ' || step || ':' || generation || ' ' || outcome, NULL, detail
           FROM saga_step
          WHERE order_id = $1 AND answered_at IS NOT NULL",
    ),
    (
        "orders",
        "SELECT extract(epoch FROM s.at)::float8 AS at, 'ticket' AS lane,
                concat_ws(' -> ', s.from_state, s.to_state) AS what, s.actor, NULL::text AS cause
           FROM ticket_transition s
           JOIN ticket t USING (ticket_id)
          WHERE t.order_id = $1",
    ),
    (
        "orders",
        "SELECT extract(epoch FROM at)::float8 AS at, 'incident' AS lane, fact AS what,
                NULL::text AS actor, 'order was ' || state AS cause
           FROM incident
          WHERE order_id = $1",
    ),
    (
        "orders",
        "SELECT extract(epoch FROM asked_at)::float8 AS at, 'by hand' AS lane, concat_ws(' ', act, step) AS what,
                asked_by::text AS actor, reason AS cause
           FROM saga_act
          WHERE order_id = $1
          UNION ALL
         SELECT extract(epoch FROM agreed_at)::float8, 'by hand', concat_ws(' ', act, step, 'agreed to'),
                agreed_by::text, agreed_reason
           FROM saga_act
          WHERE order_id = $1 AND agreed_at IS NOT NULL",
    ),
    (
        "inventory",
        "SELECT extract(epoch FROM at)::float8 AS at, 'stock' AS lane,
                concat_ws(' -> ', from_state, to_state) AS what, actor, cause
           FROM reservation_transition
          WHERE order_id = $1
          UNION ALL
         SELECT extract(epoch FROM m.at)::float8, 'stock', m.kind || ' ' || m.qty || ' ' || i.slug, m.actor, NULL
           FROM stock_movement m
           JOIN item i USING (item_id)
          WHERE m.order_id = $1",
    ),
    (
        "payment",
        "SELECT extract(epoch FROM at)::float8 AS at, 'payment' AS lane,
                concat_ws(' -> ', from_state, to_state) AS what, actor, cause
           FROM payment_transition
          WHERE order_id = $1",
    ),
    (
        "payment",
        "SELECT extract(epoch FROM asked_at)::float8 AS at, 'call' AS lane,
                'asks ' || step || ':' || generation || ' ' || amount_minor AS what, NULL::text AS actor,
                NULL::text AS cause
           FROM payment_call
          WHERE order_id = $1
          UNION ALL
         SELECT extract(epoch FROM answered_at)::float8, 'call',
                'hears ' || step || ':' || generation || ' ' || outcome, NULL, NULL
           FROM payment_call
          WHERE order_id = $1 AND answered_at IS NOT NULL",
    ),
    (
        "payment",
        "SELECT extract(epoch FROM t.at)::float8 AS at, 'ledger' AS lane, t.what, NULL::text AS actor,
                string_agg(split_part(l.account, ':', 1) || ':' || split_part(l.account, ':', 2) || ' '
                           || l.amount_minor, ', ' ORDER BY l.line) AS cause
           FROM ledger_tx t
           JOIN ledger_line l USING (tx_id)
          WHERE t.order_id = $1
          GROUP BY t.tx_id, t.at, t.what",
    ),
    (
        "fleet",
        "SELECT extract(epoch FROM s.at)::float8 AS at, 'delivery' AS lane,
                concat_ws(' -> ', s.from_state, s.to_state) AS what, s.actor, s.cause
           FROM delivery_transition s
           JOIN delivery d USING (delivery_id)
          WHERE d.order_id = $1",
    ),
    (
        "fleet",
        "SELECT extract(epoch FROM f.received_at)::float8 AS at, 'courier' AS lane,
                f.kind || ' ' || f.outcome AS what, f.courier_id::text AS actor, f.code AS cause
           FROM courier_fact f
           JOIN delivery d USING (delivery_id)
          WHERE d.order_id = $1",
    ),
    (
        "fleet",
        "SELECT extract(epoch FROM max(t.fix_at))::float8 AS at, 'courier' AS lane,
                count(*) || ' positions' AS what, a.vehicle_id::text AS actor, NULL::text AS cause
           FROM delivery d
           JOIN delivery_assignment a USING (delivery_id)
           JOIN vehicle_track t ON t.vehicle_id = a.vehicle_id AND t.fix_at >= a.assigned_at
                               AND t.fix_at <= coalesce(a.ended_at, d.changed_at)
          WHERE d.order_id = $1
          GROUP BY a.vehicle_id",
    ),
    (
        "notification",
        "SELECT extract(epoch FROM n.created_at)::float8 AS at, 'message' AS lane, n.kind AS what,
                'inbox' AS actor, NULL::text AS cause
           FROM notification n
          WHERE n.order_id = $1
          UNION ALL
         SELECT extract(epoch FROM t.at)::float8, 'message', n.kind || ' ' || t.to_state, s.channel, t.cause
           FROM send_transition t
           JOIN send s USING (send_id)
           JOIN notification n USING (notification_id)
          WHERE n.order_id = $1 AND t.to_state IN ('SENT', 'FAILED')",
    ),
];

/// What a service told about an order.
pub(super) const EVENTS: &str = "
    SELECT event_id, extract(epoch FROM created_at)::float8 AS at, split_part(type, '.', 4) AS what
      FROM outbox
     WHERE correlation = $1 OR key = $1::text";

/// Who in a service heard which of these events, and when.
pub(super) const HEARD: &str = "
    SELECT consumer, event_id, extract(epoch FROM at)::float8
      FROM inbox
     WHERE event_id = ANY ($1)";
