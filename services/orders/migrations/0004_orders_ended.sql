-- no-transaction
CREATE INDEX CONCURRENTLY orders_ended ON orders (ended_at) WHERE ended_at IS NOT NULL;
