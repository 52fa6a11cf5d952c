-- Danger signs and temperature of a visit; what is known of a child's family, and rows of files that name nobody we know.

ALTER TABLE measurement
    ADD COLUMN danger_signs text[],             -- empty: looked for, none seen; NULL: not stated
    ADD COLUMN temperature_c double precision;
ALTER TABLE measurement_revision
    ADD COLUMN danger_signs text[],
    ADD COLUMN temperature_c double precision;

ALTER TABLE child ADD COLUMN household jsonb NOT NULL DEFAULT '[]';
ALTER TABLE child_revision ADD COLUMN household jsonb NOT NULL DEFAULT '[]';

CREATE TABLE household_row (
    held_id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    source text NOT NULL,                       -- client that sent the file
    areas text[] NOT NULL,                      -- of the sender: who covers them may look at it
    line integer NOT NULL,                      -- of the file
    reason text NOT NULL,
    wrapped_key bytea NOT NULL,
    sealed bytea NOT NULL,                      -- the row as it came: it may hold an NIK
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'taken', 'discarded')),
    child_id uuid,                              -- whose it turned out to be
    settled_at timestamptz,
    settled_by text
);
COMMENT ON TABLE household_row IS 'primary; rows about families of children who are not registered, until a person answers';
CREATE INDEX household_row_open ON household_row (held_id) WHERE state = 'open';

ALTER TABLE household_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE household_row FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON household_row TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON household_row TO measurement_api
    USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));
GRANT SELECT, INSERT, UPDATE ON household_row TO measurement_worker, measurement_api;
