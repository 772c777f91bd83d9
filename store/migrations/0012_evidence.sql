-- What raw is: the record's exact bytes in its source, or JSON made of a record whose source gives values and no bytes. Entries of older
-- versions, and those that their workers still write, say bytes, whatever they are.
ALTER TABLE headgate.quarantine ADD COLUMN evidence text NOT NULL DEFAULT 'bytes' CHECK (evidence IN ('bytes', 'json'));
