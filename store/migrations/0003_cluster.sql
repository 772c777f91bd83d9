-- Runs of a cluster: which object declared them, with which parameters; and workers whose claims lapse.

ALTER TABLE headgate.run
  ADD COLUMN uid text,
  ADD COLUMN params jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN interval_start timestamptz,
  ADD COLUMN interval_end timestamptz;

-- A row of its own for each worker: those of its slices are locked while it commits. Workers of older versions have none.
CREATE TABLE headgate.worker (
  name text PRIMARY KEY,
  run bigint NOT NULL REFERENCES headgate.run ON DELETE CASCADE,
  lease interval NOT NULL,
  alive_until timestamptz NOT NULL
);

CREATE INDEX worker_by_run ON headgate.worker (run);
