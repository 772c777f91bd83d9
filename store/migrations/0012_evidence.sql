-- What raw is: the record's exact bytes in its source, or JSON made of a record whose source gives values and no bytes. Older
-- versions do not know the difference: their entries say bytes.
ALTER TABLE headgate.quarantine ADD COLUMN evidence text NOT NULL DEFAULT 'bytes' CHECK (evidence IN ('bytes', 'json'));
