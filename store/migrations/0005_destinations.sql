-- Destinations order the runs of one table, across pipelines. Also adds the number of rows that a run removed.

CREATE TABLE headgate.destination (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- schema.table
  name text NOT NULL UNIQUE,
  -- The latest run that published the table as a whole (Replace, Snapshot). Older runs are overtaken.
  whole_run bigint NOT NULL DEFAULT 0
);

ALTER TABLE headgate.run
  -- Null for a destination of a plugin.
  ADD COLUMN destination integer REFERENCES headgate.destination,
  ADD COLUMN allow_removal boolean NOT NULL DEFAULT false,
  ADD COLUMN removed bigint NOT NULL DEFAULT 0;

ALTER TABLE headgate.batch ADD COLUMN removed bigint NOT NULL DEFAULT 0 CHECK (removed >= 0);

WITH named AS (
  SELECT id, CASE WHEN position('.' IN name) = 0 THEN 'public.' || name ELSE name END AS name
  FROM (SELECT id, spec #>> '{destination,postgres,table}' AS name FROM headgate.run) AS declared WHERE name IS NOT NULL
), added AS (
  INSERT INTO headgate.destination (name) SELECT DISTINCT name FROM named RETURNING id, name
)
UPDATE headgate.run SET destination = added.id FROM named JOIN added USING (name) WHERE run.id = named.id;

CREATE INDEX run_by_destination ON headgate.run (destination, id DESC);

CREATE INDEX run_open ON headgate.run (destination, id) WHERE state = 'Running' OR (state = 'Failed' AND (failure ->> 'retryable')::boolean);

CREATE OR REPLACE VIEW headgate.run_summary AS
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
  run.failure ->> 'message' AS failure_message,
  run.removed
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
