-- o1: delivered and completed, a part of it given back; o2: collected at the counter, cancelled before;
-- o3: rejected, card declined; o5: cancelled, its authorization had expired; o6: cancelled when the money was taken,
-- by a second authorization, as the first had expired.
INSERT INTO truth.raw_history (doc)
SELECT jsonb_build_object('t_invoke', now(), 't_done', t.done, 'client', 'c', 'op', t.op, 'principal', t.who,
                          'idem_key', t.key, 'body_sha', t.sha, 'outcome', t.outcome, 'order_id', t.order_id)
  FROM (VALUES
    (NULL, 'create', 'a0000000-0000-4000-8000-000000000001', 'k1', '01', 'info', '10000000-0000-4000-8000-000000000001'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k1', '01', 'ok', '10000000-0000-4000-8000-000000000001'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k2', '02', 'ok', '10000000-0000-4000-8000-000000000002'),
    ('2026-11-21T12:00:00Z', 'cancel', 'a0000000-0000-4000-8000-000000000001', 'x2', '0c', 'ok', '10000000-0000-4000-8000-000000000002'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k3', '03', 'refused', '10000000-0000-4000-8000-000000000003'),
    (NULL, 'create', 'a0000000-0000-4000-8000-000000000001', 'k4', '04', 'info', '10000000-0000-4000-8000-000000000004'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k4', '04', 'fail', '10000000-0000-4000-8000-000000000004'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k5', '05', 'ok', '10000000-0000-4000-8000-000000000005'),
    ('2026-11-21T12:00:00Z', 'create', 'a0000000-0000-4000-8000-000000000001', 'k6', '06', 'ok', '10000000-0000-4000-8000-000000000006'),
    ('2026-11-21T12:00:00Z', 'complete', 'a0000000-0000-4000-8000-000000000009', NULL, '0d', 'ok', '10000000-0000-4000-8000-000000000001'),
    (now()::text, 'stock', 'a0000000-0000-4000-8000-000000000008', 's1', '0e', 'ok', NULL)
  ) AS t (done, op, who, key, sha, outcome, order_id);

INSERT INTO orders.orders (order_id, customer_id, state, version, total_minor, body_sha, deadline_at, created_at) VALUES
    ('10000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'COMPLETED', 11, 1000, '\x01', now() + interval '1 h', now()),
    ('10000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'CANCELLED', 7, 500, '\x02', now() + interval '1 h', now()),
    ('10000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'REJECTED', 5, 700, '\x03', now() + interval '1 h', now()),
    ('10000000-0000-4000-8000-000000000005', 'a0000000-0000-4000-8000-000000000001', 'CANCELLED', 7, 600, '\x05', now() + interval '1 h', now()),
    ('10000000-0000-4000-8000-000000000006', 'a0000000-0000-4000-8000-000000000001', 'CANCELLED', 7, 800, '\x06', now() + interval '1 h', now());

INSERT INTO orders.order_transition (order_id, seq, from_state, to_state, actor, at)
SELECT t.id, p.n, t.path[p.n - 1], t.path[p.n], 'machine', now()
  FROM (VALUES
    ('10000000-0000-4000-8000-000000000001'::uuid, ARRAY['RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'CONFIRMED', 'PREPARING', 'READY', 'DISPATCHED', 'DELIVERED', 'CAPTURING', 'COMPLETED']),
    ('10000000-0000-4000-8000-000000000002', ARRAY['RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'CONFIRMED', 'CANCELLING', 'CANCELLED']),
    ('10000000-0000-4000-8000-000000000005', ARRAY['RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'CONFIRMED', 'CANCELLING', 'CANCELLED']),
    ('10000000-0000-4000-8000-000000000006', ARRAY['RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'CONFIRMED', 'CANCELLING', 'CANCELLED']),
    ('10000000-0000-4000-8000-000000000003', ARRAY['RESERVING', 'RESERVED', 'AUTHORIZING', 'CANCELLING', 'REJECTED'])
  ) AS t (id, path), generate_series(1, cardinality(t.path)) AS p (n);

INSERT INTO orders.ticket (ticket_id, order_id, state, version) VALUES
    ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'HANDED_OVER', 4),
    ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000002', 'CANCELLED', 2);
INSERT INTO orders.ticket_transition (ticket_id, seq, from_state, to_state) VALUES
    ('20000000-0000-4000-8000-000000000001', 1, NULL, 'ACCEPTED'),
    ('20000000-0000-4000-8000-000000000001', 2, 'ACCEPTED', 'PREPARING'),
    ('20000000-0000-4000-8000-000000000001', 3, 'PREPARING', 'READY'),
    ('20000000-0000-4000-8000-000000000001', 4, 'READY', 'HANDED_OVER'),
    ('20000000-0000-4000-8000-000000000002', 1, NULL, 'ACCEPTED'),
    ('20000000-0000-4000-8000-000000000002', 2, 'ACCEPTED', 'CANCELLED');

INSERT INTO inventory.stock (store_id, item_id, on_hand, reserved) VALUES
    ('30000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000001', 95, 3);
INSERT INTO inventory.reservation (order_id, store_id, state, version) VALUES
    ('10000000-0000-4000-8000-000000000001', '30000000-0000-4000-8000-000000000001', 'SHIPPED', 3),
    ('10000000-0000-4000-8000-000000000002', '30000000-0000-4000-8000-000000000001', 'RELEASED', 2),
    ('10000000-0000-4000-8000-000000000003', '30000000-0000-4000-8000-000000000001', 'RELEASED', 2),
    ('10000000-0000-4000-8000-000000000009', '30000000-0000-4000-8000-000000000001', 'CONFIRMED', 2);
INSERT INTO inventory.reservation_line (order_id, item_id, qty) VALUES
    ('10000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000001', 5),
    ('10000000-0000-4000-8000-000000000002', '40000000-0000-4000-8000-000000000001', 2),
    ('10000000-0000-4000-8000-000000000003', '40000000-0000-4000-8000-000000000001', 1),
    ('10000000-0000-4000-8000-000000000009', '40000000-0000-4000-8000-000000000001', 3);
INSERT INTO inventory.reservation_transition (order_id, seq, from_state, to_state) VALUES
    ('10000000-0000-4000-8000-000000000001', 1, NULL, 'HELD'), ('10000000-0000-4000-8000-000000000001', 2, 'HELD', 'CONFIRMED'),
    ('10000000-0000-4000-8000-000000000001', 3, 'CONFIRMED', 'SHIPPED'),
    ('10000000-0000-4000-8000-000000000002', 1, NULL, 'HELD'), ('10000000-0000-4000-8000-000000000002', 2, 'HELD', 'RELEASED'),
    ('10000000-0000-4000-8000-000000000003', 1, NULL, 'HELD'), ('10000000-0000-4000-8000-000000000003', 2, 'HELD', 'RELEASED'),
    ('10000000-0000-4000-8000-000000000009', 1, NULL, 'HELD'), ('10000000-0000-4000-8000-000000000009', 2, 'HELD', 'CONFIRMED');
INSERT INTO inventory.stock_movement (movement_id, store_id, item_id, kind, qty, order_id) VALUES
    ('50000000-0000-4000-8000-000000000001', '30000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000001', 'RECEIPT', 100, NULL),
    ('50000000-0000-4000-8000-000000000002', '30000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000001', 'SALE', -5, '10000000-0000-4000-8000-000000000001');
INSERT INTO inventory.idempotency (principal, route, key, status) VALUES
    ('a0000000-0000-4000-8000-000000000008', 'PUT', 's1', 200);

INSERT INTO payment.payment (order_id, state, version, authorized_minor, captured_minor, refunded_minor, refunding_minor,
                             wanted_minor, provider_ref) VALUES
    ('10000000-0000-4000-8000-000000000001', 'CAPTURED', 4, 1000, 1000, 300, 200, 0, '70000000-0000-4000-8000-000000000001'),
    ('10000000-0000-4000-8000-000000000002', 'VOIDED', 4, 500, 0, 0, 0, 0, '70000000-0000-4000-8000-000000000002'),
    ('10000000-0000-4000-8000-000000000003', 'DECLINED', 2, 0, 0, 0, 0, 0, NULL),
    ('10000000-0000-4000-8000-000000000005', 'EXPIRED', 3, 0, 0, 0, 0, 0, '70000000-0000-4000-8000-000000000005'),
    ('10000000-0000-4000-8000-000000000006', 'CAPTURED', 8, 800, 800, 800, 0, 0, '70000000-0000-4000-8000-000000000007');
INSERT INTO payment.payment_transition (order_id, seq, from_state, to_state) VALUES
    ('10000000-0000-4000-8000-000000000001', 1, 'CREATED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000001', 2, 'AUTHORIZING', 'AUTHORIZED'),
    ('10000000-0000-4000-8000-000000000001', 3, 'AUTHORIZED', 'CAPTURING'), ('10000000-0000-4000-8000-000000000001', 4, 'CAPTURING', 'CAPTURED'),
    ('10000000-0000-4000-8000-000000000002', 1, 'CREATED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000002', 2, 'AUTHORIZING', 'AUTHORIZED'),
    ('10000000-0000-4000-8000-000000000002', 3, 'AUTHORIZED', 'VOIDING'), ('10000000-0000-4000-8000-000000000002', 4, 'VOIDING', 'VOIDED'),
    ('10000000-0000-4000-8000-000000000003', 1, 'CREATED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000003', 2, 'AUTHORIZING', 'DECLINED'),
    ('10000000-0000-4000-8000-000000000005', 1, 'CREATED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000005', 2, 'AUTHORIZING', 'AUTHORIZED'),
    ('10000000-0000-4000-8000-000000000005', 3, 'AUTHORIZED', 'EXPIRED'),
    ('10000000-0000-4000-8000-000000000006', 1, 'CREATED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000006', 2, 'AUTHORIZING', 'AUTHORIZED'),
    ('10000000-0000-4000-8000-000000000006', 3, 'AUTHORIZED', 'CAPTURING'), ('10000000-0000-4000-8000-000000000006', 4, 'CAPTURING', 'EXPIRED'),
    ('10000000-0000-4000-8000-000000000006', 5, 'EXPIRED', 'AUTHORIZING'), ('10000000-0000-4000-8000-000000000006', 6, 'AUTHORIZING', 'AUTHORIZED'),
    ('10000000-0000-4000-8000-000000000006', 7, 'AUTHORIZED', 'CAPTURING'), ('10000000-0000-4000-8000-000000000006', 8, 'CAPTURING', 'CAPTURED');
INSERT INTO payment.payment_call (call_key, order_id, step, generation, amount_minor, outcome) VALUES
    ('o1:authorize:1', '10000000-0000-4000-8000-000000000001', 'authorize', 1, 1000, 'OK'),
    ('o1:capture:1', '10000000-0000-4000-8000-000000000001', 'capture', 1, 1000, 'OK'),
    ('o2:authorize:1', '10000000-0000-4000-8000-000000000002', 'authorize', 1, 500, 'OK'),
    ('o2:void:1', '10000000-0000-4000-8000-000000000002', 'void', 1, 500, 'OK'),
    ('o3:authorize:1', '10000000-0000-4000-8000-000000000003', 'authorize', 1, 700, 'REFUSED'),
    ('o3:void:1', '10000000-0000-4000-8000-000000000003', 'void', 1, 0, 'REFUSED'),
    ('o5:authorize:1', '10000000-0000-4000-8000-000000000005', 'authorize', 1, 600, 'OK'),
    ('o6:authorize:1', '10000000-0000-4000-8000-000000000006', 'authorize', 1, 800, 'OK'),
    ('o6:capture:1', '10000000-0000-4000-8000-000000000006', 'capture', 1, 800, 'REFUSED'),
    ('o6:authorize:2', '10000000-0000-4000-8000-000000000006', 'authorize', 2, 800, 'OK'),
    ('o6:capture:2', '10000000-0000-4000-8000-000000000006', 'capture', 2, 800, 'OK');
INSERT INTO payment.payment_call (call_key, order_id, step, generation, amount_minor, outcome, refund_id) VALUES
    ('o1:refund:1', '10000000-0000-4000-8000-000000000001', 'refund', 1, 300, 'REFUSED', 'e0000000-0000-4000-8000-000000000001'),
    ('o1:refund:2', '10000000-0000-4000-8000-000000000001', 'refund', 2, 300, 'OK', 'e0000000-0000-4000-8000-000000000001'),
    ('o6:refund:1', '10000000-0000-4000-8000-000000000006', 'refund', 1, 800, 'OK', 'e0000000-0000-4000-8000-000000000006');

-- Given back at the second try; waits for a second person; not agreed to; all that was taken.
INSERT INTO payment.refund (refund_id, order_id, number, amount_minor, currency, state, version, call) VALUES
    ('e0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 1, 300, 'USD', 'SUCCEEDED', 4, 2),
    ('e0000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 2, 200, 'USD', 'AWAITING_APPROVAL', 1, 0),
    ('e0000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 3, 100, 'USD', 'REFUSED', 2, 0),
    ('e0000000-0000-4000-8000-000000000006', '10000000-0000-4000-8000-000000000006', 1, 800, 'USD', 'SUCCEEDED', 2, 1);
INSERT INTO payment.refund_transition (refund_id, seq, from_state, to_state) VALUES
    ('e0000000-0000-4000-8000-000000000001', 1, 'REQUESTED', 'SUBMITTING'), ('e0000000-0000-4000-8000-000000000001', 2, 'SUBMITTING', 'FAILED'),
    ('e0000000-0000-4000-8000-000000000001', 3, 'FAILED', 'SUBMITTING'), ('e0000000-0000-4000-8000-000000000001', 4, 'SUBMITTING', 'SUCCEEDED'),
    ('e0000000-0000-4000-8000-000000000002', 1, 'REQUESTED', 'AWAITING_APPROVAL'),
    ('e0000000-0000-4000-8000-000000000003', 1, 'REQUESTED', 'AWAITING_APPROVAL'), ('e0000000-0000-4000-8000-000000000003', 2, 'AWAITING_APPROVAL', 'REFUSED'),
    ('e0000000-0000-4000-8000-000000000006', 1, 'REQUESTED', 'SUBMITTING'), ('e0000000-0000-4000-8000-000000000006', 2, 'SUBMITTING', 'SUCCEEDED');
INSERT INTO payment.credit_note (store_id, number, refund_id, order_id, amount_minor, currency) VALUES
    ('30000000-0000-4000-8000-000000000001', 1, 'e0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 300, 'USD'),
    ('30000000-0000-4000-8000-000000000001', 2, 'e0000000-0000-4000-8000-000000000006', '10000000-0000-4000-8000-000000000006', 800, 'USD');
INSERT INTO payment.recon_break (break_id, provider, kind, call_key, ours, theirs, found_at, resolved_at, resolution) VALUES
    ('f0000000-0000-4000-8000-000000000001', 'sandbox', 'unknown-operation', 'x', 'nothing', 'Captured', now() - interval '1 h', now(), 'theirs'),
    ('f0000000-0000-4000-8000-000000000002', 'sandbox', 'contradiction', 'y', 'nothing', 'Captured', now(), NULL, NULL);
INSERT INTO payment.ledger_tx (tx_id, order_id, what, lines) VALUES
    ('60000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'authorize:1', 2),
    ('60000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'capture:1', 4),
    ('60000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 'refund:2', 2),
    ('60000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000005', 'authorize:1', 2),
    ('60000000-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000005', 'expire:1', 2),
    ('60000000-0000-4000-8000-000000000006', '10000000-0000-4000-8000-000000000006', 'authorize:1', 2),
    ('60000000-0000-4000-8000-000000000007', '10000000-0000-4000-8000-000000000006', 'capture:2', 4),
    ('60000000-0000-4000-8000-000000000008', '10000000-0000-4000-8000-000000000006', 'refund:1', 2),
    ('60000000-0000-4000-8000-000000000009', '10000000-0000-4000-8000-000000000006', 'expire:1', 2),
    ('60000000-0000-4000-8000-00000000000a', '10000000-0000-4000-8000-000000000006', 'authorize:2', 2);
INSERT INTO payment.ledger_line (tx_id, line, account, amount_minor, currency) VALUES
    ('60000000-0000-4000-8000-000000000001', 1, 'hold:provider:sandbox', 1000, 'USD'),
    ('60000000-0000-4000-8000-000000000001', 2, 'hold:store:s', -1000, 'USD'),
    ('60000000-0000-4000-8000-000000000002', 1, 'hold:provider:sandbox', -1000, 'USD'),
    ('60000000-0000-4000-8000-000000000002', 2, 'hold:store:s', 1000, 'USD'),
    ('60000000-0000-4000-8000-000000000002', 3, 'receivable:provider:sandbox', 1000, 'USD'),
    ('60000000-0000-4000-8000-000000000002', 4, 'payable:store:s', -1000, 'USD'),
    ('60000000-0000-4000-8000-000000000003', 1, 'payable:store:s', 300, 'USD'),
    ('60000000-0000-4000-8000-000000000003', 2, 'payable:provider:sandbox', -300, 'USD'),
    ('60000000-0000-4000-8000-000000000004', 1, 'hold:provider:sandbox', 600, 'USD'),
    ('60000000-0000-4000-8000-000000000004', 2, 'hold:store:s', -600, 'USD'),
    ('60000000-0000-4000-8000-000000000005', 1, 'hold:provider:sandbox', -600, 'USD'),
    ('60000000-0000-4000-8000-000000000005', 2, 'hold:store:s', 600, 'USD'),
    ('60000000-0000-4000-8000-000000000006', 1, 'hold:provider:sandbox', 800, 'USD'),
    ('60000000-0000-4000-8000-000000000006', 2, 'hold:store:s', -800, 'USD'),
    ('60000000-0000-4000-8000-000000000007', 1, 'hold:provider:sandbox', -800, 'USD'),
    ('60000000-0000-4000-8000-000000000007', 2, 'hold:store:s', 800, 'USD'),
    ('60000000-0000-4000-8000-000000000007', 3, 'receivable:provider:sandbox', 800, 'USD'),
    ('60000000-0000-4000-8000-000000000007', 4, 'payable:store:s', -800, 'USD'),
    ('60000000-0000-4000-8000-000000000009', 1, 'hold:provider:sandbox', -800, 'USD'),
    ('60000000-0000-4000-8000-000000000009', 2, 'hold:store:s', 800, 'USD'),
    ('60000000-0000-4000-8000-00000000000a', 1, 'hold:provider:sandbox', 800, 'USD'),
    ('60000000-0000-4000-8000-00000000000a', 2, 'hold:store:s', -800, 'USD'),
    ('60000000-0000-4000-8000-000000000008', 1, 'expense:refund:platform', 800, 'USD'),
    ('60000000-0000-4000-8000-000000000008', 2, 'payable:provider:sandbox', -800, 'USD');
INSERT INTO truth.raw_provider (doc) VALUES
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o1:authorize:1", "authorization_id": "70000000-0000-4000-8000-000000000001", "reference": "10000000-0000-4000-8000-000000000001", "amount_minor": 1000, "outcome": "ok", "state": "authorized"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "capture", "key": "o1:capture:1", "authorization_id": "70000000-0000-4000-8000-000000000001", "reference": "10000000-0000-4000-8000-000000000001", "amount_minor": 1000, "outcome": "ok", "state": "captured"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o2:authorize:1", "authorization_id": "70000000-0000-4000-8000-000000000002", "reference": "10000000-0000-4000-8000-000000000002", "amount_minor": 500, "outcome": "ok", "state": "authorized"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "void", "key": "o2:void:1", "authorization_id": "70000000-0000-4000-8000-000000000002", "reference": "10000000-0000-4000-8000-000000000002", "amount_minor": 500, "outcome": "ok", "state": "voided"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o3:authorize:1", "authorization_id": null, "reference": "10000000-0000-4000-8000-000000000003", "amount_minor": 700, "outcome": "declined", "state": "declined"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "refund", "key": "o1:refund:1", "authorization_id": "70000000-0000-4000-8000-000000000001", "reference": "10000000-0000-4000-8000-000000000001", "amount_minor": 300, "outcome": "declined", "state": "captured"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "refund", "key": "o1:refund:2", "authorization_id": "70000000-0000-4000-8000-000000000001", "reference": "10000000-0000-4000-8000-000000000001", "amount_minor": 300, "outcome": "ok", "state": "captured"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o5:authorize:1", "authorization_id": "70000000-0000-4000-8000-000000000005", "reference": "10000000-0000-4000-8000-000000000005", "amount_minor": 600, "outcome": "ok", "state": "authorized"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "expire", "key": "seven-days", "authorization_id": "70000000-0000-4000-8000-000000000005", "reference": "10000000-0000-4000-8000-000000000005", "amount_minor": 600, "outcome": "ok", "state": "expired"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o6:authorize:1", "authorization_id": "70000000-0000-4000-8000-000000000006", "reference": "10000000-0000-4000-8000-000000000006", "amount_minor": 800, "outcome": "ok", "state": "authorized"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "expire", "key": "seven-days-more", "authorization_id": "70000000-0000-4000-8000-000000000006", "reference": "10000000-0000-4000-8000-000000000006", "amount_minor": 800, "outcome": "ok", "state": "expired"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "authorize", "key": "o6:authorize:2", "authorization_id": "70000000-0000-4000-8000-000000000007", "reference": "10000000-0000-4000-8000-000000000006", "amount_minor": 800, "outcome": "ok", "state": "authorized"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "capture", "key": "o6:capture:2", "authorization_id": "70000000-0000-4000-8000-000000000007", "reference": "10000000-0000-4000-8000-000000000006", "amount_minor": 800, "outcome": "ok", "state": "captured"}'),
    ('{"at": "2026-11-21T12:00:00Z", "op": "refund", "key": "o6:refund:1", "authorization_id": "70000000-0000-4000-8000-000000000007", "reference": "10000000-0000-4000-8000-000000000006", "amount_minor": 800, "outcome": "ok", "state": "captured"}');

INSERT INTO fleet.delivery (delivery_id, order_id, state, version) VALUES
    ('80000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'DELIVERED', 5);
INSERT INTO fleet.delivery_transition (delivery_id, seq, from_state, to_state) VALUES
    ('80000000-0000-4000-8000-000000000001', 1, NULL, 'PENDING'), ('80000000-0000-4000-8000-000000000001', 2, 'PENDING', 'ASSIGNED'),
    ('80000000-0000-4000-8000-000000000001', 3, 'ASSIGNED', 'ASSIGNED'), ('80000000-0000-4000-8000-000000000001', 4, 'ASSIGNED', 'PICKED_UP'),
    ('80000000-0000-4000-8000-000000000001', 5, 'PICKED_UP', 'DELIVERED');

INSERT INTO orders.outbox (event_id, source, key, seq, type, created_at) VALUES
    ('90000000-0000-4000-8000-000000000001', 'orders', 'o1', 1, 'com.cloudeats.orders.order_placed.v1', now()),
    ('90000000-0000-4000-8000-000000000002', 'orders', 'o1', 2, 'com.cloudeats.orders.order_confirmed.v1', now()),
    ('90000000-0000-4000-8000-000000000003', 'orders', 'o1', 3, 'com.cloudeats.orders.order_ready.v1', now());
INSERT INTO inventory.inbox (consumer, event_id) VALUES ('inventory', '90000000-0000-4000-8000-000000000002');
INSERT INTO notification.inbox (consumer, event_id) VALUES
    ('notification', '90000000-0000-4000-8000-000000000002'), ('notification', '90000000-0000-4000-8000-000000000003');
INSERT INTO inventory.event_position (consumer, source, key, seq) VALUES ('inventory', 'orders', 'o1', 3);
INSERT INTO notification.event_position (consumer, source, key, seq) VALUES ('notification', 'orders', 'o1', 3);
INSERT INTO notification.dead_letter (consumer, source, key, seq, type, event_id, code, settled_at) VALUES
    ('notification', 'orders', 'o1', 2, 'com.cloudeats.orders.order_confirmed.v1', '90000000-0000-4000-8000-000000000002', 'x', now());
INSERT INTO notification.send (send_id, event_id, template, state, version) VALUES
    ('b0000000-0000-4000-8000-000000000001', '90000000-0000-4000-8000-000000000002', 'order_confirmed', 'SENT', 3);
INSERT INTO notification.send_transition (send_id, seq, from_state, to_state) VALUES
    ('b0000000-0000-4000-8000-000000000001', 1, NULL, 'QUEUED'), ('b0000000-0000-4000-8000-000000000001', 2, 'QUEUED', 'SENDING'),
    ('b0000000-0000-4000-8000-000000000001', 3, 'SENDING', 'SENT');
INSERT INTO truth.raw_letter (doc) VALUES
    (jsonb_build_object('at', now(), 'raw', E'Subject: x\r\nMessage-ID: <90000000-0000-4000-8000-000000000002.email@cloudeats.example>\r\n\r\nhi'));

-- What the device's journal says, and where the vehicle stands.
INSERT INTO truth.raw_vehicle (doc) VALUES
    ('{"at": "2026-11-21T12:00:00Z", "vehicle_id": "c0000000-0000-4000-8000-000000000001", "event_id": "d0000000-0000-4000-8000-000000000001", "kind": "deliver", "refused": null}'),
    ('{"at": "2026-11-21T12:00:00Z", "vehicle_id": "c0000000-0000-4000-8000-000000000001", "event_id": "d0000000-0000-4000-8000-000000000002", "kind": "deliver", "refused": "not-yours"}');
INSERT INTO fleet.courier_fact (event_id, vehicle_id, kind) VALUES
    ('d0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'deliver');
INSERT INTO fleet.vehicle_track (vehicle_id, boot_ord, seq) VALUES
    ('c0000000-0000-4000-8000-000000000001', 1, 9), ('c0000000-0000-4000-8000-000000000001', 2, 1), ('c0000000-0000-4000-8000-000000000001', 2, 2);
INSERT INTO fleet.vehicle_position (vehicle_id, boot_ord, seq) VALUES ('c0000000-0000-4000-8000-000000000001', 2, 2);

-- A customer who asks again, another who uses the same key, and one who tries it for something else.
INSERT INTO truth.raw_history (doc)
SELECT jsonb_build_object('t_invoke', now(), 't_done', now(), 'client', 'c', 'op', 'create', 'principal', t.who, 'idem_key', t.key,
                          'body_sha', t.sha, 'outcome', t.outcome, 'http', t.http, 'order_id', t.order_id, 'answer_sha', t.answer)
  FROM (VALUES
    ('a0000000-0000-4000-8000-000000000001', 'k1', '01', 'ok', 201, '10000000-0000-4000-8000-000000000001', 'aa'),
    ('a0000000-0000-4000-8000-000000000001', 'k1', '01', 'ok', 201, '10000000-0000-4000-8000-000000000001', 'aa'),
    ('a0000000-0000-4000-8000-000000000001', 'k1', 'ff', 'fail', 422, '10000000-0000-4000-8000-000000000001', 'bb')
  ) AS t (who, key, sha, outcome, http, order_id, answer);
UPDATE orders.outbox SET published_at = now();
UPDATE inventory.inbox SET at = now();
UPDATE notification.inbox SET at = now();
