-- Money that is taken at once, or in several parts.
SET LOCAL lock_timeout = '2s';

-- `parts_minor` is what each part took, in their order. `closing`: the rest is freed with the capture that is
-- under way or, while some of it is taken, by a void.
ALTER TABLE payment
    ADD COLUMN capture_method text     NOT NULL DEFAULT 'manual',
    ADD COLUMN parts_minor    bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN closing        boolean  NOT NULL DEFAULT false;

-- Every row that was there holds these: only what is written from now on has to be looked at.
ALTER TABLE payment
    ADD CONSTRAINT payment_capture_method CHECK (capture_method IN ('manual', 'automatic', 'multiple')) NOT VALID,
    ADD CONSTRAINT payment_parts CHECK (cardinality(parts_minor) <= 20
                                        AND (state <> 'CAPTURING'
                                             OR captured_minor + capturing_minor <= authorized_minor)) NOT VALID;
