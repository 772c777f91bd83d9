-- Runs, the slices they are planned into, and the ledger of committed batches.

CREATE TABLE headgate.run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  pipeline text NOT NULL,
  spec jsonb NOT NULL,
  spec_hash text NOT NULL,
  load_plan jsonb,
  state text NOT NULL DEFAULT 'Running' CHECK (state IN ('Running', 'Succeeded', 'Failed', 'Cancelled')),
  workers integer NOT NULL CHECK (workers > 0),
  batch_size integer NOT NULL CHECK (batch_size > 0),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  read bigint NOT NULL DEFAULT 0,
  loaded bigint NOT NULL DEFAULT 0,
  unchanged bigint NOT NULL DEFAULT 0,
  superseded bigint NOT NULL DEFAULT 0,
  filtered bigint NOT NULL DEFAULT 0,
  quarantined bigint NOT NULL DEFAULT 0,
  parked bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  extract_ms double precision NOT NULL DEFAULT 0,
  validate_ms double precision NOT NULL DEFAULT 0,
  transform_ms double precision NOT NULL DEFAULT 0,
  load_ms double precision NOT NULL DEFAULT 0,
  failure jsonb,
  warnings jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT run_balanced CHECK (
    state <> 'Succeeded' OR read = loaded + unchanged + superseded + filtered + quarantined + parked
  ),
  CONSTRAINT run_failure CHECK ((failure IS NOT NULL) = (state = 'Failed'))
);

CREATE INDEX run_by_pipeline ON headgate.run (pipeline, id DESC);

CREATE TABLE headgate.run_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run bigint NOT NULL REFERENCES headgate.run ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  code text NOT NULL,
  message text NOT NULL
);

CREATE INDEX run_event_by_run ON headgate.run_event (run, id);

CREATE TABLE headgate.slice (
  run bigint NOT NULL REFERENCES headgate.run ON DELETE CASCADE,
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  kind text NOT NULL CHECK (kind IN ('read', 'finish')),
  input integer NOT NULL CHECK (input >= 0 AND input < 524288),
  name text NOT NULL,
  spec jsonb NOT NULL,
  bytes bigint,
  position jsonb,
  records bigint NOT NULL DEFAULT 0,
  batches integer NOT NULL DEFAULT 0,
  epoch integer NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'done')),
  worker text,
  PRIMARY KEY (run, ordinal),
  CONSTRAINT slice_leased CHECK ((state = 'leased') = (worker IS NOT NULL))
);

CREATE TABLE headgate.batch (
  run bigint NOT NULL,
  slice integer NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  epoch integer NOT NULL,
  input integer NOT NULL,
  read bigint NOT NULL CHECK (read >= 0),
  loaded bigint NOT NULL,
  unchanged bigint NOT NULL,
  superseded bigint NOT NULL,
  filtered bigint NOT NULL,
  quarantined bigint NOT NULL,
  parked bigint NOT NULL,
  overwrote bigint NOT NULL DEFAULT 0,
  warnings jsonb NOT NULL DEFAULT '{}',
  from_position jsonb,
  to_position jsonb,
  first_order bigint,
  last_order bigint,
  unchanged_keys bytea,
  overwritten_keys bytea,
  extract_ms double precision NOT NULL DEFAULT 0,
  validate_ms double precision NOT NULL DEFAULT 0,
  transform_ms double precision NOT NULL DEFAULT 0,
  load_ms double precision NOT NULL DEFAULT 0,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run, slice, ordinal),
  FOREIGN KEY (run, slice) REFERENCES headgate.slice ON DELETE CASCADE,
  CONSTRAINT batch_balanced CHECK (read = loaded + unchanged + superseded + filtered + quarantined + parked)
);

-- Hashes do not compress, so PostgreSQL should not try.
ALTER TABLE headgate.batch ALTER COLUMN unchanged_keys SET STORAGE EXTERNAL;
ALTER TABLE headgate.batch ALTER COLUMN overwritten_keys SET STORAGE EXTERNAL;

-- Warning code → count, over all batches of a run.
CREATE FUNCTION headgate.run_warnings(bigint) RETURNS jsonb STABLE LANGUAGE sql AS $$
  SELECT coalesce(jsonb_object_agg(code, times ORDER BY code), '{}')
  FROM (
    SELECT code, sum(times::bigint) AS times
    FROM headgate.batch, jsonb_each_text(warnings) AS warning (code, times)
    WHERE run = $1
    GROUP BY code
  ) AS warnings
$$;

-- Totals of a Succeeded run are in its row; those of any other run are summed from the ledger.
CREATE VIEW headgate.run_summary AS
SELECT
  run.id,
  run.name,
  run.pipeline,
  run.state,
  run.created_at,
  run.started_at,
  run.finished_at,
  coalesce(run.finished_at, clock_timestamp()) - run.started_at AS duration,
  total.read,
  total.loaded,
  total.unchanged,
  total.superseded,
  total.filtered,
  total.quarantined,
  total.parked,
  round(total.read / nullif(extract(epoch FROM coalesce(run.finished_at, clock_timestamp()) - run.started_at), 0), 1)
    AS records_per_second,
  round((total.quarantined + total.parked)::numeric / nullif(total.read, 0), 6) AS rejected_ratio,
  run.failure ->> 'code' AS failure_code,
  run.failure ->> 'message' AS failure_message
FROM headgate.run
CROSS JOIN LATERAL (
  SELECT run.read, run.loaded, run.unchanged, run.superseded, run.filtered, run.quarantined, run.parked
  WHERE run.state = 'Succeeded'
  UNION ALL
  SELECT
    coalesce(sum(batch.read), 0)::bigint,
    coalesce(sum(batch.loaded), 0)::bigint,
    coalesce(sum(batch.unchanged), 0)::bigint,
    coalesce(sum(batch.superseded), 0)::bigint,
    coalesce(sum(batch.filtered), 0)::bigint,
    coalesce(sum(batch.quarantined), 0)::bigint,
    coalesce(sum(batch.parked), 0)::bigint
  FROM headgate.batch
  WHERE batch.run = run.id AND run.state <> 'Succeeded'
  HAVING run.state <> 'Succeeded'
) AS total;
