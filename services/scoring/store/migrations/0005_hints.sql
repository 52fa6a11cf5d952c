-- Hints at values that are probably wrong, and which sessions are to be judged (again) for them.

-- Where a session took place: the posyandu of the weighing, else its desa, else the child by itself. Visits from before
-- this migration belong to a session of their own child until their next revision: their service point was not kept.
ALTER TABLE measurement ADD COLUMN place text COLLATE "C";
UPDATE measurement SET place = child_id::text;
ALTER TABLE measurement ALTER COLUMN place SET NOT NULL;
CREATE INDEX measurement_session ON measurement (place, measured_on);

-- Appended by whoever changes a fact that verdicts rest on, in that transaction, and deleted by who has judged the
-- session. Never updated and without any unique key: nobody ever waits for a mark, and one that is written while its
-- session is being judged stays, so that the session is judged once more.
CREATE TABLE session_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place text COLLATE "C" NOT NULL,
    measured_on date NOT NULL,
    child_ids uuid[] NOT NULL,           -- whose values changed: their later sessions count, too; empty = only this session
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at timestamptz                 -- when judging it failed; it waits a while, the others do not
);
COMMENT ON TABLE session_mark IS 'derived; gone when the session is judged';
GRANT SELECT, INSERT, UPDATE, DELETE ON session_mark TO :service_worker;
GRANT SELECT (id, marked_at) ON session_mark TO :service_api;  -- how much waits, not where

CREATE TABLE hint (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    error_kind text NOT NULL,
    state text NOT NULL,
    probability double precision NOT NULL,
    content json NOT NULL,               -- the hint as published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE hint IS 'primary; people accepted some';
CREATE INDEX hint_fact ON hint (fact_id);
CREATE INDEX hint_open ON hint (probability DESC, child_id, fact_id) WHERE state = 'open';

-- Visible by the child's present residence, as everything about a child.
ALTER TABLE hint ENABLE ROW LEVEL SECURITY;
ALTER TABLE hint FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON hint TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON hint TO :service_owner USING (true);
CREATE POLICY api ON hint TO :service_api USING (EXISTS (SELECT FROM child c WHERE c.child_id = hint.child_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON hint TO :service_worker;
GRANT SELECT, INSERT, UPDATE ON hint TO :service_api;
