-- Lower bound for the bytes that an accepted record takes in the slice. With it, the unread bytes of a slice bound the number of records
-- that can still be accepted. Null if unknown, as in plans of older versions.
ALTER TABLE headgate.slice ADD COLUMN least_record_bytes bigint CHECK (least_record_bytes > 0);
