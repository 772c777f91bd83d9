-- For runs on a cluster: the object that declared a run, the run's parameters, and leases of workers.

ALTER TABLE headgate.run
  ADD COLUMN uid text,
  ADD COLUMN params jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN interval_start timestamptz,
  ADD COLUMN interval_end timestamptz;

-- The lease is not kept in headgate.slice, because a worker's slice is locked while it commits. Workers of older versions have no row.
CREATE TABLE headgate.worker (
  name text PRIMARY KEY,
  run bigint NOT NULL REFERENCES headgate.run ON DELETE CASCADE,
  lease interval NOT NULL,
  alive_until timestamptz NOT NULL
);

CREATE INDEX worker_by_run ON headgate.worker (run);
