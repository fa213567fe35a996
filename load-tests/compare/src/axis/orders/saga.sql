-- One order in five commits, as our services store it, by nobody but PostgreSQL: the physical limit.
-- Tables, triggers and functions are those of the services' migrations. The stock is spread over 100
-- rows, so that commits and not one row's lock are measured; ours sells a single item.
-- A colon before a letter or digit begins a variable of pgbench, in quotes as well.
\set item random(1, 100)
\set part random(0, 15)

-- 1: order, outbox
BEGIN;
INSERT INTO orders.orders (order_id, customer_id, store_id, cell, fulfilment, state, items, subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor, currency, payment_method_id, body_sha, promise_at, lease_owner, lease_epoch, lease_until, deadline_at, write_epoch)
SELECT gen_random_uuid(), gen_random_uuid(), '00000000-0000-4000-8000-000000000001', f.cell, 'pickup', 'RESERVING', '[{"item_id": "00000000-0000-4000-8000-000000000001", "name": "Filter coffee", "quantity": 1, "options": [], "unit_minor": 300, "total_minor": 300, "prep_s": 60, "station": "bar", "allergens": []}]', 300, 22, 0, 0, 300, 'USD', 'pm_approved', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', now() + interval '15 min', gen_random_uuid(), 1, now() + interval '15 s', now() + interval '1 min', f.epoch
  FROM orders.cell_fence f
 WHERE f.cell = 'east-a'
RETURNING order_id \gset
WITH place AS (INSERT INTO orders.event_sequence AS s (key, seq) VALUES (:order_id, 1) ON CONFLICT (key) DO UPDATE SET seq = s.seq + 1 RETURNING seq)
INSERT INTO orders.outbox (event_id, source, key, seq, part, type, payload, cell, correlation)
SELECT gen_random_uuid(), 'orders', :order_id, place.seq, :part, 'com.cloudeats.orders.order_placed.v1', '{"order_id": "00000000-0000-4000-8000-000000000001", "customer_id": "00000000-0000-4000-8000-000000000001", "store_id": "00000000-0000-4000-8000-000000000001", "cell": "east-a", "fulfilment": "pickup", "lines": [{"item_id": "00000000-0000-4000-8000-000000000001", "quantity": 1, "unit_minor": 300, "options": []}], "total_minor": 300, "currency": "USD"}', 'east-a', :order_id
  FROM place;
COMMIT;

-- 2: stock, reservation, outbox
BEGIN;
UPDATE inventory.stock SET reserved = reserved + 1, write_epoch = 1 WHERE store_id = '00000000-0000-4000-8000-000000000001' AND item_id = ('00000000-0000-4000-8000-' || lpad(:item::text, 12, '0'))::uuid AND on_hand - reserved >= 1;
INSERT INTO inventory.reservation (order_id, store_id, cell, state, cause, actor, expires_at, write_epoch, changed_at) VALUES (:order_id, '00000000-0000-4000-8000-000000000001', 'east-a', 'HELD', 'order', 'orders', now() + interval '15 min', 1, now());
WITH place AS (INSERT INTO inventory.event_sequence AS s (key, seq) VALUES (:order_id, 1) ON CONFLICT (key) DO UPDATE SET seq = s.seq + 1 RETURNING seq)
INSERT INTO inventory.outbox (event_id, source, key, seq, part, type, payload, cell, correlation)
SELECT gen_random_uuid(), 'inventory', :order_id, place.seq, :part, 'com.cloudeats.inventory.stock_reserved.v1', '{"order_id": "00000000-0000-4000-8000-000000000001", "store_id": "00000000-0000-4000-8000-000000000001", "cell": "east-a", "lines": [{"item_id": "00000000-0000-4000-8000-000000000001", "quantity": 1}]}', 'east-a', :order_id
  FROM place;
COMMIT;

-- 3: payment
INSERT INTO payment.payment (order_id, payment_id, customer_id, store_id, cell, method, asked_minor, currency, state, cause, actor, provider) VALUES (:order_id, gen_random_uuid(), gen_random_uuid(), '00000000-0000-4000-8000-000000000001', 'east-a', 'pm_approved', 300, 'USD', 'AUTHORIZING', 'asked', 'orders', 'sandbox');

-- 4: two ledger rows, outbox
BEGIN;
INSERT INTO payment.ledger_tx (tx_id, order_id, what, lines) VALUES (gen_random_uuid(), :order_id, 'authorize', 2) RETURNING tx_id \gset
INSERT INTO payment.ledger_line (tx_id, line, account, amount_minor, currency) VALUES (:tx_id, 1, 'hold: provider: sandbox', 300, 'USD'), (:tx_id, 2, 'hold: store: 00000000-0000-4000-8000-000000000001', -300, 'USD');
WITH place AS (INSERT INTO payment.event_sequence AS s (key, seq) VALUES (:order_id, 1) ON CONFLICT (key) DO UPDATE SET seq = s.seq + 1 RETURNING seq)
INSERT INTO payment.outbox (event_id, source, key, seq, part, type, payload, cell, correlation)
SELECT gen_random_uuid(), 'payment', :order_id, place.seq, :part, 'com.cloudeats.payment.payment_authorized.v1', '{"order_id": "00000000-0000-4000-8000-000000000001", "payment_id": "00000000-0000-4000-8000-000000000001", "store_id": "00000000-0000-4000-8000-000000000001", "cell": "east-a", "amount_minor": 300, "currency": "USD", "provider": "sandbox"}', 'east-a', :order_id
  FROM place;
COMMIT;

-- 5: order state, outbox
BEGIN;
SELECT orders.order_advance(:order_id, 1, 1, 1, '{RESERVED,AUTHORIZING,AUTHORIZED,CONFIRMED}', NULL, now() + interval '4 hours', now() + interval '4 hours');
WITH place AS (INSERT INTO orders.event_sequence AS s (key, seq) VALUES (:order_id, 1) ON CONFLICT (key) DO UPDATE SET seq = s.seq + 1 RETURNING seq)
INSERT INTO orders.outbox (event_id, source, key, seq, part, type, payload, cell, correlation)
SELECT gen_random_uuid(), 'orders', :order_id, place.seq, :part, 'com.cloudeats.orders.order_confirmed.v1', '{"order_id": "00000000-0000-4000-8000-000000000001", "customer_id": "00000000-0000-4000-8000-000000000001", "store_id": "00000000-0000-4000-8000-000000000001", "cell": "east-a", "fulfilment": "pickup", "promise_at": "20260101T000000Z", "lines": [{"item_id": "00000000-0000-4000-8000-000000000001", "quantity": 1, "unit_minor": 300, "options": []}], "authorized_minor": 300, "currency": "USD"}', 'east-a', :order_id
  FROM place;
COMMIT;
