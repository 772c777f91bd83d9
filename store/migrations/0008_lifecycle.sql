-- Finds the open entries of a key without reading other entries. key_form identifies the pipeline and the key's columns and types that
-- key_hash was computed for; 0 means not computed yet. Both are null in entries that are closed or have no key. Workers of older versions
-- leave the default. Two indexes, because a lookup of key_hash must not be planned as a scan of all entries of a pipeline.

ALTER TABLE headgate.quarantine ADD COLUMN key_form bigint, ADD COLUMN key_hash bigint;

UPDATE headgate.quarantine SET key_form = 0 WHERE key IS NOT NULL AND state IN ('open', 'parked');

ALTER TABLE headgate.quarantine ALTER COLUMN key_form SET DEFAULT 0;

CREATE INDEX quarantine_key_hash ON headgate.quarantine (key_hash) WHERE key_hash IS NOT NULL;
CREATE INDEX quarantine_key_form ON headgate.quarantine (pipeline, key_form) WHERE key_form IS NOT NULL;

-- Whether the rows were copied straight into the destination. Then the finish step closes the entries that these rows supersede.
ALTER TABLE headgate.batch ADD COLUMN straight boolean NOT NULL DEFAULT false;

-- Hash of a key; definitions are its columns (quoted names) with their types. Null if a value does not match its type.
CREATE FUNCTION headgate.key_hash(key jsonb, columns text, definitions text) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  hash bigint;
BEGIN
  BEGIN
    EXECUTE format('SELECT hash_record_extended(ROW(%s), 0) FROM jsonb_to_record($1) AS kept (%s)', columns, definitions) INTO hash USING key;
  EXCEPTION WHEN undefined_function THEN
    -- A type without a hash function.
    EXECUTE format('SELECT hashtextextended(ROW(%s)::text, 0) FROM jsonb_to_record($1) AS kept (%s)', columns, definitions) INTO hash USING key;
  END;
  RETURN hash;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
  RETURN NULL;
END
$$;

-- The worker that reads the source to plan the run; null if none does. If two workers plan, the first to persist its plan wins.
ALTER TABLE headgate.run ADD COLUMN planner text;
