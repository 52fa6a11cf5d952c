-- Files for the ministry and what a comparison with the ministry's own file found.

CREATE TABLE export_file (
    export_id uuid PRIMARY KEY REFERENCES job,  -- the job's state is the state of the file
    created_at timestamptz NOT NULL,
    made_by text NOT NULL,
    client_id text NOT NULL,
    role text NOT NULL,
    purpose text NOT NULL,
    area_code text COLLATE "C" NOT NULL,        -- an area or posyandu; who covers it may ask for the file
    from_day date NOT NULL,
    to_day date NOT NULL,
    profile text NOT NULL CHECK (profile IN ('A', 'B')),
    form text NOT NULL CHECK (form IN ('xlsx', 'csv')),
    wrapped_key bytea,                          -- of the pieces; gone when the file has expired
    expires_at timestamptz,
    sha256 text,
    size_bytes bigint,
    rows integer,
    left_out jsonb,
    child_ids uuid[] NOT NULL DEFAULT '{}'      -- whose identity is in it: each download is logged for each of them
);
COMMENT ON TABLE export_file IS 'primary; what was exported, by whom, for what: stays when the bytes have expired';
CREATE INDEX export_file_expires ON export_file (expires_at) WHERE wrapped_key IS NOT NULL;

CREATE TABLE export_piece (
    export_id uuid NOT NULL REFERENCES export_file,
    number integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (export_id, number)
);
COMMENT ON TABLE export_piece IS 'primary; the bytes of an export, sealed, until they expire';

CREATE TABLE reconciliation (
    reconciliation_id uuid PRIMARY KEY REFERENCES job,
    created_at timestamptz NOT NULL,
    uploaded_by text NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    wrapped_key bytea,                          -- of the file and of numbers in its rows; gone when it has expired
    sealed_name bytea,
    sealed bytea,
    diagnosis jsonb,                            -- without the file's name
    summary jsonb
);
COMMENT ON TABLE reconciliation IS 'primary; a file of the ministry held against our measurements, and what came out';
CREATE INDEX reconciliation_expires ON reconciliation (expires_at) WHERE wrapped_key IS NOT NULL;

CREATE TABLE reconciliation_row (
    reconciliation_id uuid NOT NULL REFERENCES reconciliation,
    number integer NOT NULL,
    cause text NOT NULL,
    file_row integer,                           -- the line in the file; none where only we know the visit
    child_id uuid,
    fact_id uuid,                               -- our measurement; none where only the file knows the visit
    evidence jsonb NOT NULL,                    -- values, scores, the hypothesis that explains theirs: no identity
    sealed_nik bytea,                           -- of a row whose child we do not know
    PRIMARY KEY (reconciliation_id, number)
);
COMMENT ON TABLE reconciliation_row IS 'primary; each row of either side once, with its one cause';
CREATE INDEX reconciliation_row_cause ON reconciliation_row (reconciliation_id, cause, number);

ALTER TABLE export_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_file FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON export_file TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON export_file TO measurement_api
    USING (areas_inside_callers(ARRAY[area_code])) WITH CHECK (areas_inside_callers(ARRAY[area_code]));

ALTER TABLE export_piece ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_piece FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON export_piece TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON export_piece FOR SELECT TO measurement_api
    USING (EXISTS (SELECT FROM export_file f WHERE f.export_id = export_piece.export_id));

ALTER TABLE reconciliation ENABLE ROW LEVEL SECURITY;
ALTER TABLE reconciliation FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON reconciliation TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON reconciliation TO measurement_api
    USING (areas_inside_callers(ARRAY[area_code])) WITH CHECK (areas_inside_callers(ARRAY[area_code]));

ALTER TABLE reconciliation_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE reconciliation_row FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON reconciliation_row TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON reconciliation_row FOR SELECT TO measurement_api
    USING (EXISTS (SELECT FROM reconciliation r WHERE r.reconciliation_id = reconciliation_row.reconciliation_id));

GRANT SELECT, INSERT, UPDATE ON export_file, reconciliation TO measurement_worker;
GRANT SELECT, INSERT ON export_file, reconciliation TO measurement_api;
GRANT SELECT, INSERT, DELETE ON export_piece, reconciliation_row TO measurement_worker;
GRANT SELECT ON export_piece, reconciliation_row TO measurement_api;
