-- Offsets follow the last record; nobody counts them up in log_partition any more. Whoever still does, as
-- releases before this one do, goes on behind the last record too.
SET LOCAL lock_timeout = '2s';

CREATE FUNCTION log_partition_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.next_offset := NEW.next_offset - OLD.next_offset + greatest(OLD.next_offset, (
        SELECT record_offset + 1
          FROM log_record
         WHERE topic = NEW.topic AND part = NEW.part
         ORDER BY record_offset DESC
         LIMIT 1));
    RETURN NEW;
END
$$;

CREATE TRIGGER log_partition_end
    BEFORE UPDATE OF next_offset ON log_partition
    FOR EACH ROW EXECUTE FUNCTION log_partition_end();
