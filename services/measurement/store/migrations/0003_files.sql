-- Files beyond taking them: what a row changed and how it stood before, so that a file can be taken back; names of
-- kecamatan and puskesmas in the queue; profiles that a district adds.

ALTER TABLE intake_file
    ADD COLUMN expected jsonb,                  -- what taking the file would change, as the register stood at the diagnosis
    ADD COLUMN profile_versions jsonb NOT NULL DEFAULT '{}', -- the profiles it was read with: name to version
    ADD COLUMN phase_started_at timestamptz,    -- of diagnosing or taking
    ADD COLUMN void_asked_at timestamptz,       -- from here on nothing more of it is taken
    ADD COLUMN void_asked_by text,
    ADD COLUMN void_reason text,
    ADD COLUMN void_job_id uuid,
    ADD COLUMN voided_at timestamptz;

ALTER TABLE intake_row
    ADD COLUMN place_name text,                 -- kind, code above and plain name that was not known
    ADD COLUMN revision integer,                -- of the measurement, as this row left it
    ADD COLUMN registered boolean NOT NULL DEFAULT false, -- the child is of this row
    ADD COLUMN child_revision integer,          -- of the child, as this row left it
    ADD COLUMN undone text CHECK (undone IN
        ('voided', 'restored', 'rejected', 'kept_changed_since', 'kept_other_file', 'void_before'));
CREATE INDEX intake_row_fact ON intake_row (fact_id) WHERE fact_id IS NOT NULL;
CREATE INDEX intake_row_child ON intake_row (child_id) WHERE child_revision IS NOT NULL;
CREATE INDEX intake_row_place ON intake_row (place_name) WHERE place_name IS NOT NULL;

GRANT UPDATE (outcome, child_id, fact_id, place_name, revision, registered, child_revision)
    ON intake_row TO measurement_api;
GRANT UPDATE (outcome, child_id, fact_id, place_name, revision, registered, child_revision, undone)
    ON intake_row TO measurement_worker;

ALTER TABLE quarantine
    ADD COLUMN reject_note text,                -- what the person who rejected it wrote
    ADD COLUMN answer_job_id uuid;              -- answered together with others
CREATE INDEX quarantine_reason ON quarantine USING gin (reasons) WHERE state = 'open';

-- Suggestions are made when they are looked at: the register may have grown since the name was seen.
ALTER TABLE name_mapping DROP COLUMN suggestions;
ALTER TABLE name_mapping DROP CONSTRAINT name_mapping_kind_check;
ALTER TABLE name_mapping ADD CONSTRAINT name_mapping_kind_check
    CHECK (kind IN ('kecamatan', 'desa', 'posyandu', 'puskesmas'));

CREATE TABLE name_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    by text NOT NULL,
    kind text NOT NULL,
    parent_code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    code text COLLATE "C"                       -- NULL = a decision was taken back
);
COMMENT ON TABLE name_decision IS 'primary; append-only: who decided what a name means, and who took it back';
ALTER TABLE name_decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE name_decision FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON name_decision TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON name_decision TO measurement_api
    USING (area_touches(parent_code)) WITH CHECK (area_touches(parent_code));
GRANT SELECT, INSERT ON name_decision TO measurement_api, measurement_worker;

CREATE TABLE file_profile (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    effective_from date NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE file_profile IS 'primary; append-only: versions of file profiles beyond those that are shipped; of no area';
GRANT SELECT, INSERT ON file_profile TO measurement_api;
GRANT SELECT ON file_profile TO measurement_worker;

-- A child that was entered in error holds its number no longer. The worker answers held rows too, many at a time.
CREATE OR REPLACE FUNCTION nik_is_registered(digest bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = measurement AS $$
    SELECT EXISTS (SELECT FROM child_identity i JOIN child c USING (child_id) WHERE i.nik_hash = digest AND NOT c.voided)
$$;
GRANT EXECUTE ON FUNCTION nik_is_registered TO measurement_worker;
