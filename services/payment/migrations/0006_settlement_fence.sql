-- A reader whose lease ran out does no more to a file that another one reads; a file that stays away holds up
-- none of the days after it.
SET LOCAL lock_timeout = '2s';

ALTER TABLE settlement_file
    ADD COLUMN lease_epoch    bigint NOT NULL DEFAULT 0,
    ADD COLUMN asked_again_at timestamptz;
