-- How the fields of a batch's records differed from the declared ones, see store/observed.ts; null if they did not.
ALTER TABLE headgate.batch ADD COLUMN observed jsonb;
