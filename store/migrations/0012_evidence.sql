-- Kind of `raw`: the record's exact bytes in its source, or JSON made from a record whose source provides values and no bytes. Entries of
-- older versions say bytes in either case.
ALTER TABLE headgate.quarantine ADD COLUMN evidence text NOT NULL DEFAULT 'bytes' CHECK (evidence IN ('bytes', 'json'));
