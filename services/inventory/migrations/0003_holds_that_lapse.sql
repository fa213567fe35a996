SET LOCAL lock_timeout = '5s';

-- What a cart holds lapses by the clock; what an order holds lasts until orders was asked.
ALTER TABLE reservation ADD COLUMN lapses boolean NOT NULL DEFAULT false;

-- When a line was held: allocations are listed by it. Lines older than this column have no time.
ALTER TABLE reservation_line ADD COLUMN held_at timestamptz;
