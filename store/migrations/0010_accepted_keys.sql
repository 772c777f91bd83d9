-- Hashes of the keys of all records that the batch loaded, for destinations that have no relation with these keys. Set to null when the run
-- is finished.
ALTER TABLE headgate.batch ADD COLUMN accepted_keys bytea CHECK (octet_length(accepted_keys) % 8 = 0);
