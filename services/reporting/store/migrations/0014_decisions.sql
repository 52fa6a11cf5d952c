-- Recommendations of the TPPS: who must do what until when. What time alone changes (overdue) is told on read.

CREATE TABLE decision (
    area_code text COLLATE "C" NOT NULL,
    decision_id uuid NOT NULL,
    revision integer NOT NULL,              -- counts changes: what an ETag names
    owner_code text COLLATE "C" NOT NULL,   -- office (OPD): domain/offices.toml
    met_on date NOT NULL,
    due_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'in_progress', 'done', 'dropped')),
    decided text NOT NULL,
    reason text,
    evidence jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (area_code, decision_id)
);
COMMENT ON TABLE decision IS 'primary; people wrote it';
CREATE UNIQUE INDEX decision_by_id ON decision (decision_id);
CREATE INDEX decision_by_due ON decision (due_on, decision_id);

CREATE TABLE decision_revision (LIKE decision, PRIMARY KEY (area_code, decision_id, revision));
COMMENT ON TABLE decision_revision IS 'primary; append-only: every state of a decision, the present one too';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['decision', 'decision_revision'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY owner ON %I TO :service_owner USING (true)', name);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING (area_visible(area_code, NULL))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO :service_api', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
    END LOOP;
END $$;
GRANT UPDATE ON decision TO :service_api;
