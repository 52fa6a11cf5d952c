-- Audit kasus stunting (AKS): case sheets and what became of their recommendations. Confidential: nothing of it is
-- published, and only who holds the scope of audits and sees the child may read it.

CREATE TABLE case_audit (
    child_id uuid NOT NULL,              -- the child of the case
    audit_id uuid NOT NULL,
    case_id uuid NOT NULL,
    cycle text NOT NULL CHECK (cycle ~ '^\d{4}-[12]$'),
    revision integer NOT NULL,           -- counts changes: what an ETag names
    sheet jsonb NOT NULL,                -- domain/case_audit.py
    changed_by text NOT NULL,            -- account
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (child_id, audit_id)
);
COMMENT ON TABLE case_audit IS 'primary; people wrote it';
CREATE UNIQUE INDEX case_audit_id ON case_audit (audit_id);
CREATE UNIQUE INDEX case_audit_once ON case_audit (case_id, cycle);
CREATE INDEX case_audit_cycle ON case_audit (cycle, audit_id);

CREATE TABLE case_audit_revision (
    child_id uuid NOT NULL,
    audit_id uuid NOT NULL,
    revision integer NOT NULL,
    sheet jsonb NOT NULL,                -- as that change left it
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (child_id, audit_id, revision)
);
COMMENT ON TABLE case_audit_revision IS 'primary; append-only: every state of a sheet, the present one too';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['case_audit', 'case_audit_revision'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY owner ON %I TO :service_owner USING (true)', name);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING '
                       '(EXISTS (SELECT FROM child c WHERE c.child_id = %I.child_id))', name, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO :service_api', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
    END LOOP;
END $$;
GRANT UPDATE ON case_audit TO :service_api;
