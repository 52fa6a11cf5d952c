-- Files of figures and of work lists: what was asked for and by whom, and the bytes until they expire.

CREATE TABLE export_file (
    export_id uuid PRIMARY KEY REFERENCES job,  -- the job's state is the state of the file
    created_at timestamptz NOT NULL,
    asked_by text NOT NULL,                     -- only they may fetch it
    client_id text NOT NULL,
    kind text NOT NULL,
    form text NOT NULL,
    language text NOT NULL CHECK (language IN ('id', 'en')),
    area_code text COLLATE "C" NOT NULL,
    areas text[] COLLATE "C" NOT NULL,          -- the code again, or the desa of a puskesmas: what its reader must cover
    period text NOT NULL,
    as_of date,                                 -- null = as current
    asked_on date NOT NULL,                     -- the Jakarta day of asking: what the file calls today
    exact boolean NOT NULL,                     -- without suppression
    expires_at timestamptz,
    sha256 text,
    data_sha256 text,                           -- of the figures in it, the same in every form and language
    size_bytes bigint,
    rows integer,
    left_out jsonb
);
COMMENT ON TABLE export_file IS 'primary; what was exported and by whom: stays when the bytes have expired';
CREATE INDEX export_file_expires ON export_file (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE export_piece (
    export_id uuid NOT NULL REFERENCES export_file,
    number integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (export_id, number)
);
COMMENT ON TABLE export_piece IS 'derived; the bytes of an export until they expire, made anew by asking again';

ALTER TABLE export_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_file FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON export_file TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON export_file TO reporting_api
    USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));

ALTER TABLE export_piece ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_piece FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON export_piece TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON export_piece FOR SELECT TO reporting_api
    USING (EXISTS (SELECT FROM export_file f WHERE f.export_id = export_piece.export_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON export_file TO reporting_worker;
GRANT SELECT, INSERT ON export_file TO reporting_api;
GRANT SELECT, INSERT, DELETE ON export_piece TO reporting_worker;
GRANT SELECT ON export_piece TO reporting_api;
