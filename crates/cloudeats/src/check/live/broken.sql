-- Each block: the rule, then what breaks it.

-- refunded and promised <= captured <= authorized
UPDATE payment.payment SET refunded_minor = 1001 WHERE state = 'CAPTURED';
-- refunded and promised <= captured <= authorized
UPDATE payment.payment SET refunding_minor = 701 WHERE refunding_minor = 200;
-- an act in the books sums to zero
UPDATE payment.ledger_line SET amount_minor = 999 WHERE account LIKE 'receivable%';
-- the books hold all lines of an act
DELETE FROM payment.ledger_line WHERE account LIKE 'payable%';
-- the books know what was captured
DELETE FROM payment.ledger_line WHERE tx_id = '60000000-0000-4000-8000-000000000002'; DELETE FROM payment.ledger_tx WHERE what = 'capture:1';
-- the books know what is held
DELETE FROM payment.ledger_line WHERE tx_id = '60000000-0000-4000-8000-000000000005'; DELETE FROM payment.ledger_tx WHERE tx_id = '60000000-0000-4000-8000-000000000005';
-- the books know what is held
UPDATE payment.payment SET state = 'AUTHORIZED', authorized_minor = 600 WHERE state = 'EXPIRED';
-- our calls and the provider's journal agree
DELETE FROM payment.payment_call WHERE call_key = 'o1:capture:1';
-- our calls and the provider's journal agree
DELETE FROM truth.raw_provider WHERE doc->>'key' = 'o1:capture:1';
-- our calls and the provider's journal agree
UPDATE payment.payment_call SET outcome = 'ASKED' WHERE call_key = 'o2:void:1';
-- our calls and the provider's journal agree
UPDATE payment.payment_call SET amount_minor = 1 WHERE call_key = 'o3:authorize:1';
-- our calls and the provider's journal agree
UPDATE payment.payment_call SET outcome = 'OK' WHERE call_key = 'o1:refund:1';
-- the provider took and gave back what we say
INSERT INTO truth.raw_provider (doc) SELECT doc || '{"key": "somebody-else"}' FROM truth.raw_provider WHERE doc->>'key' = 'o1:capture:1';
-- the provider took and gave back what we say
UPDATE payment.payment SET refunded_minor = 0 WHERE refunded_minor = 300;
-- a hold is over here and at the provider
DELETE FROM truth.raw_provider WHERE doc->>'op' = 'expire';
-- a hold is over here and at the provider
DELETE FROM truth.raw_provider WHERE doc->>'op' = 'void';
-- a hold is over here and at the provider
UPDATE payment.payment SET state = 'AUTHORIZED' WHERE state = 'EXPIRED'; UPDATE truth.raw_provider SET doc = doc || jsonb_build_object('at', now() - interval '11 min') WHERE doc->>'op' = 'expire';
-- reconciliation left no difference open
UPDATE payment.recon_break SET found_at = now() - interval '6 s' WHERE resolved_at IS NULL;
-- what was given back and what is promised are the sums of its refunds
DELETE FROM payment.refund WHERE state = 'SUCCEEDED';
-- what was given back and what is promised are the sums of its refunds
UPDATE payment.payment SET refunding_minor = 300 WHERE refunding_minor = 200;
-- the books know what was given back
DELETE FROM payment.ledger_line WHERE account LIKE '%refund%' OR account LIKE 'payable:provider:%';
-- a refund was made at the provider, once, and no other was
DELETE FROM truth.raw_provider WHERE doc->>'key' = 'o1:refund:2';
-- a refund was made at the provider, once, and no other was
INSERT INTO truth.raw_provider (doc) SELECT doc || '{"key": "somebody-else"}' FROM truth.raw_provider WHERE doc->>'key' = 'o1:refund:2';
-- a refund was made at the provider, once, and no other was
UPDATE truth.raw_provider SET doc = doc || '{"outcome": "ok"}' WHERE doc->>'key' = 'o1:refund:1';
-- a refund was made at the provider, once, and no other was
UPDATE payment.refund SET state = 'SUBMITTING' WHERE call = 2;
-- a refund that was made has its credit note, over the same sum
DELETE FROM payment.credit_note WHERE number = 2;
-- a refund that was made has its credit note, over the same sum
UPDATE payment.credit_note SET amount_minor = 299 WHERE number = 1;
-- a refund that was made has its credit note, over the same sum
UPDATE payment.refund SET state = 'MANUAL' WHERE call = 2;
-- credit notes of a store are numbered without gaps
UPDATE payment.credit_note SET number = 3 WHERE number = 2;
-- what was captured, or is owed in the books, is what the order owes
UPDATE orders.orders SET total_minor = 900 WHERE state = 'COMPLETED';
-- what was captured, or is owed in the books, is what the order owes
UPDATE orders.orders SET state = 'COMPLETED_UNPAID' WHERE state = 'COMPLETED'; UPDATE payment.payment SET captured_minor = 0 WHERE captured_minor = 1000;
-- what was captured, or is owed in the books, is what the order owes
UPDATE payment.payment SET captured_minor = 500 WHERE state = 'VOIDED';
-- one authorization holds money
INSERT INTO truth.raw_provider (doc) SELECT doc || '{"key": "o1:authorize:2", "authorization_id": "70000000-0000-4000-8000-000000000009"}' FROM truth.raw_provider WHERE doc->>'key' = 'o1:authorize:1';
-- one capture, even if it was refunded
INSERT INTO truth.raw_provider (doc) SELECT doc || '{"key": "o1:capture:2"}' FROM truth.raw_provider WHERE doc->>'key' = 'o1:capture:1';
-- on_hand = movements, reserved = holds, 0 <= reserved <= on_hand
UPDATE inventory.stock SET on_hand = 96;
-- on_hand = movements, reserved = holds, 0 <= reserved <= on_hand
UPDATE inventory.reservation SET state = 'RELEASED' WHERE state = 'CONFIRMED';
-- what moved or is held has a place on a shelf
DELETE FROM inventory.stock;
-- sold and confirmed <= received
UPDATE inventory.stock_movement SET qty = 7 WHERE kind = 'RECEIPT';
-- a confirmed order has its goods
UPDATE inventory.reservation SET state = 'RELEASED' WHERE state = 'SHIPPED';
-- what was shipped was sold once, and nothing else
INSERT INTO inventory.stock_movement (movement_id, store_id, item_id, kind, qty, order_id) SELECT gen_random_uuid(), store_id, item_id, kind, qty, order_id FROM inventory.stock_movement WHERE kind = 'SALE';
-- an accepted order is there with the body that was sent
DELETE FROM orders.orders WHERE state = 'COMPLETED';
-- an accepted order is there with the body that was sent
UPDATE orders.orders SET body_sha = '\xff' WHERE state = 'COMPLETED';
-- an accepted cancellation holds
UPDATE orders.orders SET state = 'READY' WHERE state = 'CANCELLED';
-- what was handed over is delivered
DELETE FROM orders.order_transition WHERE to_state = 'DELIVERED';
-- goods that were received were received
DELETE FROM inventory.idempotency;
-- an order was asked for
INSERT INTO orders.orders (order_id, customer_id, state) VALUES (gen_random_uuid(), 'a0000000-0000-4000-8000-000000000001', 'CONFIRMED');
-- what failed left nothing
INSERT INTO orders.orders (order_id, customer_id, state) VALUES ('10000000-0000-4000-8000-000000000004', 'a0000000-0000-4000-8000-000000000001', 'CONFIRMED');
-- what failed left nothing
INSERT INTO inventory.reservation (order_id, state) VALUES ('10000000-0000-4000-8000-000000000004', 'HELD');
-- no order is beyond the deadline of its state
UPDATE orders.orders SET state = 'CONFIRMED', deadline_at = now() - interval '1 s' WHERE state = 'CANCELLED';
-- what the machine drives moved within 60 s
UPDATE orders.orders SET state = 'CAPTURING' WHERE state = 'COMPLETED'; UPDATE orders.order_transition SET at = now() - interval '61 s';
-- orders take legal steps, counted from 1
UPDATE orders.order_transition SET to_state = 'CAPTURING' WHERE to_state = 'PREPARING'; UPDATE orders.order_transition SET from_state = 'CAPTURING' WHERE from_state = 'PREPARING';
-- orders take legal steps, counted from 1
DELETE FROM orders.order_transition WHERE to_state = 'RESERVED';
-- an order is where its last step led
UPDATE orders.orders SET version = 12 WHERE state = 'COMPLETED';
-- tickets take legal steps, counted from 1
DELETE FROM orders.ticket_transition WHERE to_state = 'READY';
-- a ticket is where its last step led
UPDATE orders.ticket SET state = 'READY' WHERE state = 'HANDED_OVER';
-- reservations take legal steps, counted from 1
UPDATE inventory.reservation_transition SET seq = 4 WHERE to_state = 'SHIPPED';
-- a reservation is where its last step led
UPDATE inventory.reservation SET state = 'HELD' WHERE state = 'SHIPPED';
-- payments take legal steps, counted from 1
UPDATE payment.payment_transition SET from_state = 'CAPTURING' WHERE seq = 1;
-- a payment is where its last step led
DELETE FROM payment.payment_transition WHERE to_state = 'DECLINED';
-- refunds take legal steps, counted from 1
UPDATE payment.refund_transition SET from_state = 'SUBMITTING' WHERE seq = 1;
-- refunds take legal steps, counted from 1
DELETE FROM payment.refund_transition WHERE to_state = 'FAILED';
-- a refund is where its last step led
UPDATE payment.refund SET state = 'SUBMITTING' WHERE state = 'AWAITING_APPROVAL';
-- deliveries take legal steps, counted from 1
DELETE FROM fleet.delivery_transition WHERE seq IN (3, 4);
-- a delivery is where its last step led
UPDATE fleet.delivery SET version = 6;
-- sends take legal steps, counted from 1
UPDATE notification.send_transition SET to_state = 'FAILED' WHERE seq = 2;
-- a send is where its last step led
UPDATE notification.send SET state = 'FAILED';
-- a subscriber has taken it
DELETE FROM notification.inbox WHERE event_id = '90000000-0000-4000-8000-000000000003';
-- a subscriber has taken it once
INSERT INTO notification.inbox SELECT * FROM notification.inbox;
-- events of a key are counted without gaps
DELETE FROM orders.outbox WHERE seq = 2;
-- a subscriber stands at the last event of a key
UPDATE notification.event_position SET seq = 2;
-- no dead letter waits
UPDATE notification.dead_letter SET settled_at = NULL;
-- a message that was sent is in the mailbox
DELETE FROM truth.raw_letter;
-- it holds no stock
UPDATE inventory.reservation SET state = 'HELD' WHERE order_id = '10000000-0000-4000-8000-000000000002';
-- it holds no money of ours
UPDATE payment.payment SET state = 'AUTHORIZED' WHERE state = 'VOIDED';
-- it holds no money of ours
UPDATE payment.payment SET wanted_minor = 600 WHERE state = 'EXPIRED';
-- it holds no money of ours
UPDATE payment.payment SET refunded_minor = 799 WHERE refunded_minor = 800;
-- it holds no money at the provider
DELETE FROM truth.raw_provider WHERE doc->>'op' = 'void';
-- it holds no money at the provider
DELETE FROM truth.raw_provider WHERE doc->>'op' = 'expire';
-- it holds no money at the provider
UPDATE truth.raw_provider SET doc = doc || '{"amount_minor": 799}' WHERE doc->>'key' = 'o6:refund:1';
-- nobody cooks it
UPDATE orders.ticket SET state = 'PREPARING' WHERE state = 'CANCELLED';
-- nobody brings it
INSERT INTO fleet.delivery (delivery_id, order_id, state) VALUES (gen_random_uuid(), '10000000-0000-4000-8000-000000000002', 'PENDING');
-- a position is the newest that was heard
UPDATE fleet.vehicle_position SET boot_ord = 1, seq = 9;
-- a fact that was taken is there
DELETE FROM fleet.courier_fact;
-- one key of one customer is one order
UPDATE truth.raw_history SET doc = doc || '{"idem_key": "k1"}' WHERE doc->>'idem_key' = 'k2';
-- one key is one body
UPDATE truth.raw_history SET doc = doc || '{"outcome": "ok"}' WHERE doc->>'body_sha' = 'ff';
-- one key has one answer
UPDATE truth.raw_history SET doc = doc || '{"answer_sha": "cc"}' WHERE n = (SELECT max(n) FROM truth.raw_history WHERE doc->>'answer_sha' = 'aa');
-- another customer's key is another key
INSERT INTO truth.raw_history (doc) SELECT doc || '{"principal": "a0000000-0000-4000-8000-000000000002", "outcome": "fail", "http": 422}' FROM truth.raw_history WHERE doc->>'answer_sha' = 'aa' LIMIT 1;
-- another customer's key is another key
INSERT INTO truth.raw_history (doc) SELECT doc || '{"principal": "a0000000-0000-4000-8000-000000000002"}' FROM truth.raw_history WHERE doc->>'answer_sha' = 'aa' LIMIT 1;
-- a fact is told soon
UPDATE orders.outbox SET published_at = NULL, created_at = now() - interval '1 min' WHERE seq = 3;
-- what was told is forgotten after 72 h
UPDATE orders.outbox SET published_at = now() - interval '80 h' WHERE seq = 1;
-- what was heard is forgotten after 14 days
UPDATE inventory.inbox SET at = now() - interval '400 h';
-- nobody heard what was never told
INSERT INTO notification.inbox (consumer, event_id, at) VALUES ('notification', gen_random_uuid(), now());
