-- Runs of a cluster: which object declared them, with which parameters; and claims that lapse by themselves.

ALTER TABLE headgate.run
  ADD COLUMN uid text,
  ADD COLUMN params jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN interval_start timestamptz,
  ADD COLUMN interval_end timestamptz;

-- NULL in both: claimed by a version that gives no sign of life in the store; such a claim does not lapse.
ALTER TABLE headgate.slice
  ADD COLUMN lease interval,
  ADD COLUMN leased_until timestamptz;
