-- no-transaction
CREATE INDEX CONCURRENTLY reservation_released ON reservation (store_id, changed_at DESC) WHERE state = 'RELEASED';
