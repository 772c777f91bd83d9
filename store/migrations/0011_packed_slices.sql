-- Names of the slice's inputs, from its first input on. Null if the slice has a single input, which has the slice's name.
ALTER TABLE headgate.slice ADD COLUMN inputs text[] CHECK (cardinality(inputs) > 1);
-- Input of the batch's last record, if it is not `input`.
ALTER TABLE headgate.batch ADD COLUMN last_input integer CHECK (last_input > input);
