-- no-transaction
CREATE INDEX CONCURRENTLY reservation_line_held ON reservation_line (item_id, held_at DESC);
