-- What people wrote when they put a task off or ended it. Free text may hold a name: it stays here, and neither the fact
-- as published nor the stored answer of a request repeats it.
CREATE TABLE follow_up_note (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    revision integer NOT NULL,           -- of the task: the one this act made
    act text NOT NULL CHECK (act IN ('snooze', 'end')),
    text text,                           -- empty: nothing was written, which hides what an earlier act said
    PRIMARY KEY (child_id, fact_id, revision)
);
COMMENT ON TABLE follow_up_note IS 'primary; people wrote it';

-- Visible by the child's present residence, as everything about a child.
ALTER TABLE follow_up_note ENABLE ROW LEVEL SECURITY;
ALTER TABLE follow_up_note FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON follow_up_note TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON follow_up_note TO :service_owner USING (true);
CREATE POLICY api ON follow_up_note TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = follow_up_note.child_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON follow_up_note TO :service_worker;
GRANT SELECT, INSERT ON follow_up_note TO :service_api;
