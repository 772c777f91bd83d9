-- Several tenants in one store: a role can read and write only the runs of its namespaces. The owner of the tables is exempt, and therefore
-- a store with a single role. docs/security.md describes what is separated; docs/architecture.md, how to add the policies of a new table.

-- In the order in which a batch locks the tables, so that a batch of an older version waits instead of deadlocking.
LOCK TABLE headgate.slice, headgate.run, headgate.worker, headgate.quarantine, headgate.quarantine_occurrence, headgate.batch, headgate.run_event,
  headgate.destination, headgate.migration IN ACCESS EXCLUSIVE MODE;

-- The namespaces of a role and of its members. * means every namespace, and pipelines without one.
CREATE TABLE headgate.tenant (
  role text NOT NULL,
  namespace text NOT NULL CHECK (namespace = '*' OR namespace ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
  PRIMARY KEY (role, namespace)
);

ALTER TABLE headgate.tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.tenant FOR SELECT USING (pg_has_role(to_regrole(quote_ident(role)), 'USAGE'));

-- Prefixes of the pipeline names that the current role may access, such as sales/, or * for all.
-- In plpgsql, which caches the plan of its query for the session; a function in SQL does not.
CREATE FUNCTION headgate.tenant_prefixes() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT CASE namespace WHEN '*' THEN '*' ELSE namespace || '/' END FROM headgate.tenant);
END
$$;

-- Whether the current role may load into a destination (schema.table), or may create it.
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

-- The prefixes are a subquery, so they are read once per statement. coalesce() hides the condition from the planner's estimates, so that
-- plans are the same as without policies: statements already select by pipeline = $1, and the condition does not narrow that further.
ALTER TABLE headgate.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.run
  USING (coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false))
  WITH CHECK (
    coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false)
    -- Runs that a user starts by hand have names without a namespace.
    AND (strpos(name, '/') = 0 OR coalesce(ARRAY['*', substr(name, 1, strpos(name, '/'))] && (SELECT headgate.tenant_prefixes()), false))
  );

ALTER TABLE headgate.quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.quarantine
  USING (coalesce(ARRAY['*', substr(pipeline, 1, strpos(pipeline, '/'))] && (SELECT headgate.tenant_prefixes()), false));

-- A role that can read a run can read the rows that belong to the run.
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

-- A run may name any table; planning fails if its role may not load that table. Only a role that may load a table can record that the table
-- was published, because a tenant chooses the destination that its runs name. whole_run cannot exceed the latest id of a run, so a tenant
-- cannot overtake runs that do not exist yet. All destinations are readable, because names of tables are no secret in PostgreSQL.
ALTER TABLE headgate.destination ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.destination FOR SELECT USING (true);
CREATE POLICY named ON headgate.destination FOR INSERT WITH CHECK (whole_run = 0);
CREATE POLICY published ON headgate.destination FOR UPDATE
  USING (headgate.may_load(name))
  WITH CHECK (whole_run <= (SELECT last_value FROM headgate.run_id_seq));

ALTER TABLE headgate.migration ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON headgate.migration FOR SELECT USING (true);

-- Ids must come from the sequence. Otherwise a tenant could use OVERRIDING SYSTEM VALUE to take ids that other tenants are about to get.
CREATE POLICY own_id ON headgate.run AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.run_id_seq'));
CREATE POLICY own_id ON headgate.run_event AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.run_event_id_seq'));
CREATE POLICY own_id ON headgate.quarantine AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.quarantine_id_seq'));
CREATE POLICY own_id ON headgate.destination AS RESTRICTIVE FOR INSERT WITH CHECK (id = currval('headgate.destination_id_seq'));

-- The view runs with the rights of the querying role. The function never calls functions of the same name in another schema.
ALTER VIEW headgate.run_summary SET (security_invoker = true);
ALTER FUNCTION headgate.run_warnings(bigint) SET search_path = pg_catalog;

-- Created here, because a tenant that owned this schema could drop the tables of all other tenants in it.
DO $$
BEGIN
  IF to_regnamespace('headgate_stage') IS NULL AND has_database_privilege(current_database(), 'CREATE') THEN
    CREATE SCHEMA headgate_stage;
  END IF;
END
$$;

-- Roles that already have rights on these tables keep access to every namespace.
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
