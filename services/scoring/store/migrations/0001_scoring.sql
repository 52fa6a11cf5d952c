-- Evidence per child (from measurement's facts), judgements, cases and follow-ups.

CREATE TABLE child (
    child_id uuid PRIMARY KEY,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,              -- 0 = a stub: something about the child came before the child
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    root_id uuid NOT NULL,               -- the child this one was merged into, else itself
    sex smallint NOT NULL,               -- assessment_codes.Sex
    birth_date date,
    birth_weight_kg double precision,
    gestation_weeks smallint,
    died_on date,
    departed_on date,
    voided boolean NOT NULL,
    desa_code text COLLATE "C",          -- present residence
    posyandu_code text COLLATE "C"
);
COMMENT ON TABLE child IS 'derived; republish of measurement fills it again';
CREATE INDEX child_root ON child (root_id);
CREATE INDEX child_desa ON child (desa_code, child_id);

CREATE TABLE measurement (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    measured_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    channel smallint NOT NULL,           -- assessment_codes.Channel
    is_remeasurement boolean NOT NULL,
    weight_kg double precision,
    length_height_cm double precision,
    position smallint NOT NULL,          -- assessment_codes.Position
    muac_cm double precision,
    oedema smallint NOT NULL,            -- assessment_codes.Oedema
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE measurement IS 'derived; republish of measurement fills it again';

CREATE TABLE assessment (
    child_id uuid NOT NULL,
    measurement_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    measurement_epoch integer NOT NULL,
    measurement_revision integer NOT NULL,
    ruleset_version text NOT NULL,
    codes bytea NOT NULL,                -- int32, little endian; columns in domain/assessment_codes.py
    PRIMARY KEY (child_id, measurement_id)
);
COMMENT ON TABLE assessment IS 'derived; the rule set and the evidence make it again';

CREATE TABLE risk_status (
    child_id uuid PRIMARY KEY,           -- a root
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    ruleset_version text NOT NULL,
    tier text NOT NULL,
    priority boolean NOT NULL,
    measured_on date,
    voided boolean NOT NULL,
    fingerprint bigint NOT NULL,         -- of the content, domain/fingerprint.py: unchanged is found without an object
    content json NOT NULL                -- the status as published
) WITH (fillfactor = 70);                -- rewritten at every visit: room for the new version on the same page
COMMENT ON TABLE risk_status IS 'derived; the rule set and the evidence make it again';

CREATE TABLE child_case (
    child_id uuid NOT NULL,              -- the root the case was opened for
    fact_id uuid NOT NULL,               -- case_id
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    state text NOT NULL,
    state_before text,                   -- of a closed case: where it stood, in case the child comes back
    content json NOT NULL ,              -- the case as published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE child_case IS 'primary; people moved it';
-- One open case per child, whatever two batches think at the same moment.
CREATE UNIQUE INDEX child_case_open ON child_case (child_id) WHERE state <> 'closed';

CREATE TABLE follow_up (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    task text NOT NULL,
    owner_role text NOT NULL,
    due_on date NOT NULL,
    state text NOT NULL,
    content json NOT NULL ,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE follow_up IS 'primary; people closed it';
-- One open task of a kind per child: a second trigger does not double the work list.
CREATE UNIQUE INDEX follow_up_open ON follow_up (child_id, task) WHERE state = 'open';
CREATE INDEX follow_up_due ON follow_up (due_on, child_id) WHERE state = 'open';

-- Rows are visible by the child's present residence: history goes with the child.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['child', 'measurement', 'assessment', 'risk_status', 'child_case', 'follow_up'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY owner ON %I TO :service_owner USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO :service_api', name);
        IF name <> 'child' THEN
            EXECUTE format('CREATE POLICY api ON %I TO :service_api USING '
                           '(EXISTS (SELECT FROM child c WHERE c.child_id = %I.child_id))', name, name);
        END IF;
    END LOOP;
END $$;
CREATE POLICY api ON child TO :service_api USING (area_visible(desa_code, posyandu_code));
GRANT INSERT, UPDATE ON child_case, follow_up TO :service_api;
CREATE POLICY api_write ON child_case FOR UPDATE TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_case.child_id));
