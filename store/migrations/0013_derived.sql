-- Records that transformers made of a source record, beyond the first. Workers of older versions leave the default.

ALTER TABLE headgate.run ADD COLUMN derived bigint NOT NULL DEFAULT 0;
ALTER TABLE headgate.batch ADD COLUMN derived bigint NOT NULL DEFAULT 0;

-- Existing rows satisfy the old constraints, and therefore the new ones, because derived is 0 in them. NOT VALID skips checking them again.
ALTER TABLE headgate.run DROP CONSTRAINT run_balanced;
ALTER TABLE headgate.run ADD CONSTRAINT run_balanced CHECK (
  state <> 'Succeeded' OR read + derived = loaded + unchanged + superseded + filtered + quarantined + parked
) NOT VALID;
ALTER TABLE headgate.batch DROP CONSTRAINT batch_balanced;
ALTER TABLE headgate.batch ADD CONSTRAINT batch_balanced
  CHECK (read + derived = loaded + unchanged + superseded + filtered + quarantined + parked) NOT VALID;

-- Replacing a view resets its options.
CREATE OR REPLACE VIEW headgate.run_summary WITH (security_invoker = true) AS
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
  run.removed,
  total.derived
FROM headgate.run
CROSS JOIN LATERAL (
  SELECT run.read, run.loaded, run.unchanged, run.superseded, run.filtered, run.quarantined, run.parked, run.derived
  WHERE run.state = 'Succeeded'
  UNION ALL
  SELECT
    coalesce(sum(batch.read), 0)::bigint,
    coalesce(sum(batch.loaded), 0)::bigint,
    coalesce(sum(batch.unchanged), 0)::bigint,
    coalesce(sum(batch.superseded), 0)::bigint,
    coalesce(sum(batch.filtered), 0)::bigint,
    coalesce(sum(batch.quarantined), 0)::bigint,
    coalesce(sum(batch.parked), 0)::bigint,
    coalesce(sum(batch.derived), 0)::bigint
  FROM headgate.batch
  WHERE batch.run = run.id AND run.state <> 'Succeeded'
  HAVING run.state <> 'Succeeded'
) AS total;
