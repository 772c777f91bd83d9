-- Fields that runs of a pipeline declared sensitive, and the last run that did. Rows outlive the runs: a field that is no longer sensitive,
-- or no longer declared, stays hidden in records rejected while it was. A trigger fills the table, so that workers of older versions do too.

CREATE TABLE headgate.sensitive_field (
  pipeline text NOT NULL,
  -- Name in the schema or in the source. * means all fields, for runs whose declaration has been deleted.
  name text NOT NULL,
  last_run bigint NOT NULL,
  PRIMARY KEY (pipeline, name)
);

CREATE FUNCTION headgate.declared_fields(spec jsonb) RETURNS TABLE (name text, sensitive boolean) IMMUTABLE LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT name, bool_or(field ->> 'sensitive' = 'true')
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(spec #> '{schema,fields}') = 'array' THEN spec #> '{schema,fields}' ELSE '[]' END) AS field,
    unnest(ARRAY[field ->> 'name', field ->> 'from']) AS name
  WHERE name IS NOT NULL
  GROUP BY name
$$;

-- SECURITY DEFINER, because roles that may write runs have no right to write headgate.sensitive_field.
CREATE FUNCTION headgate.note_sensitive_fields() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO headgate.sensitive_field AS known (pipeline, name, last_run)
  SELECT NEW.pipeline, name, NEW.id FROM headgate.declared_fields(NEW.spec) WHERE coalesce(sensitive, false) ORDER BY name
  ON CONFLICT (pipeline, name) DO UPDATE SET last_run = greatest(known.last_run, excluded.last_run);
  -- A field that is declared no more is still in the records.
  UPDATE headgate.sensitive_field AS known SET last_run = NEW.id
  WHERE known.pipeline = NEW.pipeline AND known.name <> '*' AND known.last_run < NEW.id
    AND NOT EXISTS (SELECT 1 FROM headgate.declared_fields(NEW.spec) AS declared WHERE declared.name = known.name);
  RETURN NULL;
END
$$;

-- Otherwise any role could create a trigger with this function on its own table.
REVOKE EXECUTE ON FUNCTION headgate.note_sensitive_fields() FROM PUBLIC;

CREATE TRIGGER note_sensitive_fields AFTER INSERT ON headgate.run FOR EACH ROW EXECUTE FUNCTION headgate.note_sensitive_fields();

INSERT INTO headgate.sensitive_field (pipeline, name, last_run)
SELECT run.pipeline, declared.name, max(run.id)
FROM headgate.run, headgate.declared_fields(run.spec) AS declared
WHERE declared.sensitive
GROUP BY run.pipeline, declared.name;

-- Deleted runs may have declared any field sensitive.
INSERT INTO headgate.sensitive_field (pipeline, name, last_run)
SELECT entry.pipeline, '*', max(entry.run)
FROM headgate.quarantine AS entry
WHERE NOT EXISTS (SELECT 1 FROM headgate.run WHERE run.id = entry.run)
GROUP BY entry.pipeline;

ALTER TABLE headgate.sensitive_field ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.sensitive_field FOR SELECT
  USING (coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false));
