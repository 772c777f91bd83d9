-- The fewest of the slice's bytes that an accepted record takes: what is left of a slice bounds how many can follow. Null: not known,
-- as in plans of older versions.
ALTER TABLE headgate.slice ADD COLUMN least_record_bytes bigint CHECK (least_record_bytes > 0);
