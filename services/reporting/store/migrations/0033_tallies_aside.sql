-- What cannot be counted by our own fault waits for a later turn, and the rest goes on.
ALTER TABLE tally_due ADD COLUMN tried_at timestamptz;
