-- The provider's daily file, beside the books.
SET LOCAL lock_timeout = '2s';

-- How far the file of a day was read, and whether it was compared. One process at a time reads.
CREATE TABLE settlement_file (
    provider    text        NOT NULL,
    day         date        NOT NULL,
    read_to     bigint      NOT NULL DEFAULT 0,
    lease_until timestamptz,
    done_at     timestamptz,
    PRIMARY KEY (provider, day)
);

-- The lines of the files. `what` is the act that should stand in the books; null where the key is none of ours.
CREATE TABLE settlement_row (
    provider     text   NOT NULL,
    call_key     text   NOT NULL,
    day          date   NOT NULL,
    kind         text   NOT NULL,
    order_id     uuid,
    what         text,
    amount_minor bigint NOT NULL,
    currency     text   NOT NULL,
    PRIMARY KEY (provider, call_key, day)
);

CREATE INDEX settlement_row_by_day ON settlement_row (provider, day, call_key);

-- Each line with what the books say of it, on the account that faces the provider.
CREATE VIEW settlement_beside_books AS
SELECT r.provider, r.call_key, r.day, r.kind, r.order_id, r.amount_minor, r.currency,
       b.amount_minor AS booked_minor, b.currency AS booked_currency,
       b.amount_minor IS NOT DISTINCT FROM r.amount_minor AND b.currency IS NOT DISTINCT FROM r.currency AS agrees
  FROM settlement_row r
  LEFT JOIN LATERAL (
      SELECT abs(sum(l.amount_minor))::bigint AS amount_minor, l.currency
        FROM ledger_tx t
        JOIN ledger_line l USING (tx_id)
       WHERE t.order_id = r.order_id AND t.what = r.what
         AND l.account = CASE r.kind WHEN 'capture' THEN 'receivable' WHEN 'refund' THEN 'payable' ELSE 'hold' END
                         || ':provider:' || r.provider
       GROUP BY l.currency
       LIMIT 1
  ) b ON true
 -- Nobody asks for an expiry, so its key says nothing; the walk takes it in.
 WHERE r.kind <> 'expiry';

-- In which day's file a difference was seen. Such a break closes by itself when books and file agree.
ALTER TABLE recon_break ADD COLUMN file_day date;
