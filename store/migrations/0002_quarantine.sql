-- Rejected records with their evidence, and the runs and places in which each was rejected. Entries outlive the runs that they name.

CREATE TABLE headgate.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline text NOT NULL,
  run bigint NOT NULL,
  slice integer NOT NULL,
  input text NOT NULL,
  position bigint NOT NULL,
  raw bytea NOT NULL,
  record jsonb,
  errors jsonb NOT NULL,
  codes text[] NOT NULL,
  fingerprint text NOT NULL,
  key jsonb,
  digest bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'parked', 'corrected', 'replayed', 'superseded', 'discarded')),
  state_run bigint,
  state_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state_reason text,
  last_run bigint NOT NULL,
  pos bigint NOT NULL,
  occurrences integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX quarantine_unresolved ON headgate.quarantine (pipeline, digest)
  WHERE state IN ('open', 'parked', 'corrected');

-- No foreign key: for tens of thousands of rejected records in one batch, its check would take a third of the insert's time.
CREATE TABLE headgate.quarantine_occurrence (
  run bigint NOT NULL,
  slice integer NOT NULL,
  record_order bigint NOT NULL,
  quarantine bigint NOT NULL,
  PRIMARY KEY (run, slice, record_order)
);

CREATE INDEX quarantine_occurrence_by_entry ON headgate.quarantine_occurrence (quarantine);
