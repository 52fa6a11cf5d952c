-- What comes in at the doors: files, their rows, what was held back, names nobody knows yet, and the count of it all.

-- Whether the caller works anywhere above or below an area: names waiting for a code concern all who send files there.
CREATE FUNCTION area_touches(code text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ',')) AS own
        WHERE (code COLLATE "C" >= own AND code COLLATE "C" < own || '/')
           OR (own COLLATE "C" >= code AND own COLLATE "C" < code || '/')
    )
$$;

CREATE TABLE intake_file (
    intake_id uuid PRIMARY KEY REFERENCES job,  -- the job's state is the state of the file
    created_at timestamptz NOT NULL,
    uploaded_by text NOT NULL,
    areas text[] NOT NULL,                      -- of the uploader: rows outside them are not taken
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    wrapped_key bytea NOT NULL,
    sealed_name bytea NOT NULL,                 -- a file name may name a child
    sealed bytea NOT NULL,
    diagnosis jsonb,                            -- without the file's name
    confirmed text[] NOT NULL DEFAULT '{}',     -- stop reasons that a person confirmed
    committed_at timestamptz,
    committed_by text,
    discarded_at timestamptz
);
COMMENT ON TABLE intake_file IS 'primary; the original bytes, sealed, until the retention of files has passed';
CREATE INDEX intake_file_created ON intake_file (created_at);

CREATE TABLE intake_row (
    intake_id uuid NOT NULL,
    row_number integer NOT NULL,
    outcome text NOT NULL CHECK (outcome IN
        ('accepted', 'corrected', 'unchanged', 'duplicate', 'quarantined', 'rejected')),
    reasons text[] NOT NULL DEFAULT '{}',
    child_id uuid,
    fact_id uuid,
    PRIMARY KEY (intake_id, row_number)
);
COMMENT ON TABLE intake_row IS 'primary; what became of each row of a file';

CREATE TABLE quarantine (
    quarantine_id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    channel text NOT NULL CHECK (channel IN ('api', 'file')),
    source text NOT NULL,                       -- of the measurement that it may become
    intake_id uuid,
    row_number integer,
    areas text[] NOT NULL,
    reasons text[] NOT NULL,
    proposed jsonb NOT NULL DEFAULT '{}',       -- field to value: measurements and dates only
    wrapped_key bytea NOT NULL,
    sealed bytea NOT NULL,                      -- what could be read of the row, and what is doubtful
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'discarded')),
    settled_at timestamptz,
    settled_by text,
    answer text CHECK (answer IN ('accepted', 'corrected', 'rejected')),
    reject_reason text,
    child_id uuid,                              -- what the row became
    fact_id uuid
);
COMMENT ON TABLE quarantine IS 'primary; rows kept for a person to decide, and what was decided';
CREATE INDEX quarantine_open ON quarantine (quarantine_id) WHERE state = 'open';
CREATE INDEX quarantine_file ON quarantine (intake_id, row_number);

CREATE TABLE name_mapping (
    kind text NOT NULL CHECK (kind IN ('desa', 'posyandu')),
    parent_code text COLLATE "C" NOT NULL,      -- kecamatan of a desa name, desa of a posyandu name
    name text NOT NULL,                         -- normalised
    code text COLLATE "C",                      -- NULL = nobody has decided yet
    suggestions text[] NOT NULL DEFAULT '{}',
    first_intake_id uuid,
    seen_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    PRIMARY KEY (kind, parent_code, name)
);
COMMENT ON TABLE name_mapping IS 'primary; what a person decided that a name in a file means';

-- One row a batch or chunk, added up on read: a running total would make every writer wait for the one before.
CREATE TABLE intake_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    counted_at timestamptz NOT NULL,
    channel text NOT NULL CHECK (channel IN ('api', 'batch', 'file')),
    received integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    quarantined integer NOT NULL DEFAULT 0,
    pending integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE intake_count IS 'primary; the intake ledger: received = the sum of the others';

ALTER TABLE intake_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake_file FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON intake_file TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON intake_file TO measurement_api
    USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));

ALTER TABLE intake_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake_row FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON intake_row TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON intake_row FOR SELECT TO measurement_api
    USING (EXISTS (SELECT FROM intake_file f WHERE f.intake_id = intake_row.intake_id));
CREATE POLICY answer ON intake_row FOR UPDATE TO measurement_api  -- what is held back, once
    USING (outcome = 'quarantined' AND EXISTS (SELECT FROM intake_file f WHERE f.intake_id = intake_row.intake_id))
    WITH CHECK (outcome IN ('accepted', 'corrected', 'unchanged', 'rejected'));

ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON quarantine TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON quarantine TO measurement_api
    USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));

ALTER TABLE name_mapping ENABLE ROW LEVEL SECURITY;
ALTER TABLE name_mapping FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON name_mapping TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON name_mapping TO measurement_api
    USING (area_touches(parent_code)) WITH CHECK (area_touches(parent_code));

GRANT SELECT, INSERT, UPDATE ON intake_file, quarantine, name_mapping TO measurement_worker, measurement_api;
GRANT SELECT, INSERT ON intake_row TO measurement_worker;
GRANT SELECT, UPDATE (outcome, child_id, fact_id) ON intake_row TO measurement_api;
GRANT SELECT, INSERT ON intake_count TO measurement_worker, measurement_api;
