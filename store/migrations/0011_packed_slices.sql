-- A slice may hold several inputs: their names, from its first input on. Null: it holds one, which has the slice's name.
ALTER TABLE headgate.slice ADD COLUMN inputs text[] CHECK (cardinality(inputs) > 1);
-- Input of the batch's last record if that is not `input`.
ALTER TABLE headgate.batch ADD COLUMN last_input integer CHECK (last_input > input);
