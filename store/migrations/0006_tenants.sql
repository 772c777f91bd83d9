-- Several tenants in one store: a role sees and writes the runs of its namespaces only. Whoever owns the tables is exempt, and so is a
-- store with a single role. docs/security.md says what this separates; docs/architecture.md how a new table gets its policy.

-- In the order in which a batch locks them, so that a batch of an older version waits instead of deadlocking.
LOCK TABLE headgate.slice, headgate.run, headgate.worker, headgate.quarantine, headgate.quarantine_occurrence, headgate.batch, headgate.run_event,
  headgate.destination, headgate.migration IN ACCESS EXCLUSIVE MODE;

-- The namespaces of a role and of its members; * is every namespace, and the pipelines without one.
CREATE TABLE headgate.tenant (
  role text NOT NULL,
  namespace text NOT NULL CHECK (namespace = '*' OR namespace ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
  PRIMARY KEY (role, namespace)
);

ALTER TABLE headgate.tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.tenant FOR SELECT USING (pg_has_role(to_regrole(quote_ident(role)), 'USAGE'));

-- What the names of pipelines begin with that the current role may see: such as sales/, or * for all.
-- plpgsql keeps the plan of its query for the session, which a function in SQL does not.
CREATE FUNCTION headgate.tenant_prefixes() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT CASE namespace WHEN '*' THEN '*' ELSE namespace || '/' END FROM headgate.tenant);
END
$$;

-- Whether the current role may load into a destination, given as schema.table, or may create it.
CREATE FUNCTION headgate.may_load(destination text) RETURNS boolean STABLE PARALLEL SAFE LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT CASE
    WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
    WHEN c.oid IS NULL THEN has_schema_privilege(n.oid, 'CREATE')
    ELSE has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT')
  END
  FROM (VALUES (split_part(destination, '.', 1), split_part(destination, '.', 2))) AS wanted (schema, name)
  LEFT JOIN pg_namespace AS n ON n.nspname = wanted.schema
  LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
$$;

-- The prefixes are read once per statement, because they are a subquery. coalesce() hides the condition from the planner's estimates, so
-- that plans are those of a store without policies: pipeline = $1 says already what the condition says once more.
ALTER TABLE headgate.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.run
  USING (coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false))
  WITH CHECK (
    coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false)
    -- Names without a namespace are those of runs that somebody starts by hand.
    AND (strpos(name, '/') = 0 OR coalesce(ARRAY['*', substr(name, 1, strpos(name, '/'))] && (SELECT headgate.tenant_prefixes()), false))
  );

ALTER TABLE headgate.quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.quarantine
  USING (coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false));

-- What belongs to a run is seen by whoever sees the run.
ALTER TABLE headgate.run_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.run_event USING (EXISTS (SELECT FROM headgate.run WHERE run.id = run_event.run));
ALTER TABLE headgate.slice ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.slice USING (EXISTS (SELECT FROM headgate.run WHERE run.id = slice.run));
ALTER TABLE headgate.batch ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.batch USING (EXISTS (SELECT FROM headgate.run WHERE run.id = batch.run));
ALTER TABLE headgate.worker ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.worker USING (EXISTS (SELECT FROM headgate.run WHERE run.id = worker.run));
ALTER TABLE headgate.quarantine_occurrence ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.quarantine_occurrence USING (EXISTS (SELECT FROM headgate.run WHERE run.id = quarantine_occurrence.run));

-- A run may name any table, and learns when it is planned what it may not load. Only who may load a table says that it was published: what a
-- run says of its destination is its tenant's word. No row may be ahead of all runs there are. Names of tables are no secret in PostgreSQL.
ALTER TABLE headgate.destination ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.destination FOR SELECT USING (true);
CREATE POLICY named ON headgate.destination FOR INSERT WITH CHECK (whole_run = 0);
CREATE POLICY published ON headgate.destination FOR UPDATE
  USING (headgate.may_load(name))
  WITH CHECK (whole_run <= (SELECT last_value FROM headgate.run_id_seq));

ALTER TABLE headgate.migration ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.migration FOR SELECT USING (true);

-- Ids come from the sequence. Without this a tenant could take those that others are about to get, with OVERRIDING SYSTEM VALUE.
CREATE POLICY own_id ON headgate.run AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.run_id_seq'));
CREATE POLICY own_id ON headgate.run_event AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.run_event_id_seq'));
CREATE POLICY own_id ON headgate.quarantine AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.quarantine_id_seq'));
CREATE POLICY own_id ON headgate.destination AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.destination_id_seq'));

-- With the rights of whoever asks, and never by functions of the same name in another schema.
ALTER VIEW headgate.run_summary SET (security_invoker = true);
ALTER FUNCTION headgate.run_warnings(bigint) SET search_path = pg_catalog;

-- A tenant that made this schema could drop the tables of all others in it.
DO $$
BEGIN
  IF to_regnamespace('headgate_stage') IS NULL AND has_database_privilege(current_database(), 'CREATE') THEN
    CREATE SCHEMA headgate_stage;
  END IF;
END
$$;

-- Roles that had rights on these tables before there were tenants keep what they had: every namespace.
DO $$
DECLARE
  grantee name;
BEGIN
  FOR grantee IN
    SELECT DISTINCT r.rolname
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = 'headgate'::regnamespace AND c.relkind IN ('r', 'v') AND a.grantee <> c.relowner
  LOOP
    INSERT INTO headgate.tenant (role, namespace) VALUES (grantee, '*');
    EXECUTE format('REVOKE ALL ON headgate.tenant FROM %I', grantee);
    EXECUTE format('GRANT SELECT ON headgate.tenant TO %I', grantee);
    EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA headgate TO %I', grantee);
    IF has_table_privilege(grantee, 'headgate.run', 'INSERT') AND pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'headgate_stage'), 'USAGE') THEN
      EXECUTE format('GRANT USAGE, CREATE ON SCHEMA headgate_stage TO %I', grantee);
    END IF;
  END LOOP;
END
$$;
