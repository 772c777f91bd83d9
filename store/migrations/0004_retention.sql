-- Lets retention find the entries to delete without reading the whole quarantine.

CREATE INDEX quarantine_closed ON headgate.quarantine (pipeline, state_at) WHERE state IN ('replayed', 'superseded', 'discarded');
