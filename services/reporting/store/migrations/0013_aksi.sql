-- The convergence board (Web Aksi Bangda): what the kecamatan entered, how far it is, what was sent and answered.
-- All of it is people's own word. Current rows are changed under one lock a kabupaten and year; every state of an entry
-- and every step of a unit is also an append-only row with the account that made it.

-- Of a kabupaten's own rows its kecamatan see what concerns them all: one of the two areas lies inside the other.
CREATE FUNCTION area_overlaps(code text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(caller_areas()) AS own
        WHERE code = own OR starts_with(code, own || '.') OR starts_with(own, code || '.')
    )
$$;

CREATE TABLE aksi_programme_version (
    kabupaten_code text COLLATE "C" NOT NULL,
    programme_code text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    from_year smallint NOT NULL,
    indicators jsonb NOT NULL,              -- domain/aksi_programme.py
    sha256 bytea NOT NULL,                  -- of the workbook it was read from
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (kabupaten_code, programme_code, version)
);
COMMENT ON TABLE aksi_programme_version IS 'primary; append-only: indicators that a district loaded in place of the shipped ones';

CREATE TABLE aksi_template (
    kabupaten_code text COLLATE "C" NOT NULL,
    template_id uuid NOT NULL,
    year smallint NOT NULL,                 -- the first year it is filled for
    aksi_code text COLLATE "C" NOT NULL,
    workbook bytea NOT NULL,
    sha256 bytea NOT NULL,
    mapping jsonb,                          -- where which cell stands; null = not said yet, so not used yet
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    PRIMARY KEY (kabupaten_code, template_id)
);
COMMENT ON TABLE aksi_template IS 'primary; official workbooks to be filled';

CREATE TABLE aksi_value (
    desa_code text COLLATE "C" NOT NULL,
    year smallint NOT NULL,
    indicator_code text COLLATE "C" NOT NULL,
    value integer CHECK (value >= 0),       -- null = stated as not known, with the reason
    source text NOT NULL CHECK (source IN ('facts', 'typed', 'uploaded')),
    fact_value integer,                     -- what our facts say, kept beside what a person said instead
    fact_as_of date,
    fact_definition text,
    reason text,
    revision integer NOT NULL,
    changed_by text NOT NULL,               -- account
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (desa_code, year, indicator_code)
);
COMMENT ON TABLE aksi_value IS 'primary; people entered or confirmed it';

CREATE TABLE aksi_value_revision (LIKE aksi_value, PRIMARY KEY (desa_code, year, indicator_code, revision));
COMMENT ON TABLE aksi_value_revision IS 'primary; append-only: every state of a value, the present one too';

CREATE TABLE aksi_statement (
    area_code text COLLATE "C" NOT NULL,    -- kecamatan
    year smallint NOT NULL,
    aksi_code text COLLATE "C" NOT NULL,
    statement text NOT NULL,
    evidence text NOT NULL,
    revision integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (area_code, year, aksi_code)
);
COMMENT ON TABLE aksi_statement IS 'primary; people wrote it';

CREATE TABLE aksi_statement_revision (LIKE aksi_statement, PRIMARY KEY (area_code, year, aksi_code, revision));
COMMENT ON TABLE aksi_statement_revision IS 'primary; append-only: every state of a statement';

CREATE TABLE aksi_unit (
    area_code text COLLATE "C" NOT NULL,    -- desa, or kecamatan where the action takes a statement
    year smallint NOT NULL,
    aksi_code text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'revised', 'verified', 'submitted', 'reviewed')),
    since timestamptz NOT NULL,
    PRIMARY KEY (area_code, year, aksi_code)
);
COMMENT ON TABLE aksi_unit IS 'primary; how far a unit is; without a row it is a draft since the year began';

CREATE TABLE aksi_transition (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_code text COLLATE "C" NOT NULL,
    year smallint NOT NULL,
    aksi_code text COLLATE "C" NOT NULL,
    act text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text,
    submission_id uuid,
    account text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE aksi_transition IS 'primary; append-only: every step of a unit, who made it and when';
CREATE INDEX aksi_transition_of ON aksi_transition (year, aksi_code, area_code, number);

CREATE TABLE aksi_submission (
    kabupaten_code text COLLATE "C" NOT NULL,
    submission_id uuid NOT NULL,
    year smallint NOT NULL,
    aksi_code text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    as_of date NOT NULL,
    programme_code text NOT NULL,
    programme_version integer NOT NULL,
    template_id uuid,
    mapping jsonb,                          -- of that template as it was then
    areas jsonb NOT NULL,                   -- desa in official order with the names of that day
    digest text NOT NULL,                   -- domain/aksi_submission.py
    submitted_by text NOT NULL,
    submitted_at timestamptz NOT NULL,
    PRIMARY KEY (kabupaten_code, submission_id),
    UNIQUE (kabupaten_code, year, aksi_code, version)
);
COMMENT ON TABLE aksi_submission IS 'primary; append-only: what was sent';
CREATE UNIQUE INDEX aksi_submission_id ON aksi_submission (submission_id);

CREATE TABLE aksi_submitted_value (
    submission_id uuid NOT NULL,
    desa_code text COLLATE "C" NOT NULL,
    indicator_code text COLLATE "C" NOT NULL,
    value integer,
    PRIMARY KEY (submission_id, desa_code, indicator_code)
);
COMMENT ON TABLE aksi_submitted_value IS 'primary; append-only: values as they were sent';

CREATE TABLE aksi_submitted_statement (
    submission_id uuid NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    statement text NOT NULL,
    evidence text NOT NULL,
    PRIMARY KEY (submission_id, area_code)
);
COMMENT ON TABLE aksi_submitted_statement IS 'primary; append-only: statements as they were sent';

CREATE TABLE aksi_answer (
    kabupaten_code text COLLATE "C" NOT NULL,
    answer_id uuid NOT NULL,
    submission_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('review', 'acknowledgement')),
    outcome text NOT NULL,
    reasons jsonb NOT NULL,
    reference text,
    account text NOT NULL,
    client text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (kabupaten_code, answer_id)
);
COMMENT ON TABLE aksi_answer IS 'primary; append-only: reviews of the province, acknowledgements of partners';
CREATE INDEX aksi_answer_of ON aksi_answer (submission_id, at);

-- Numbered under one lock, so numbers become visible in their order: who read up to one has missed none before it.
CREATE TABLE aksi_change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kabupaten_code text COLLATE "C" NOT NULL,
    year smallint NOT NULL,
    aksi_code text COLLATE "C" NOT NULL,
    what text NOT NULL CHECK (what IN ('submitted', 'reviewed', 'reopened', 'acknowledged')),
    submission_id uuid NOT NULL,
    version integer NOT NULL,
    outcome text,
    at timestamptz NOT NULL
);
COMMENT ON TABLE aksi_change IS 'primary; append-only: what happened to submissions, for partners';

DO $$
DECLARE
    name text;
    visible text;
BEGIN
    FOREACH name IN ARRAY ARRAY['aksi_programme_version', 'aksi_template', 'aksi_value', 'aksi_value_revision',
        'aksi_statement', 'aksi_statement_revision', 'aksi_unit', 'aksi_transition', 'aksi_submission',
        'aksi_submitted_value', 'aksi_submitted_statement', 'aksi_answer', 'aksi_change'] LOOP
        SELECT CASE attname WHEN 'kabupaten_code' THEN 'area_overlaps(kabupaten_code)'
                            ELSE format('area_visible(%I, NULL)', attname) END
        INTO STRICT visible FROM pg_attribute
        WHERE attrelid = name::regclass AND attname IN ('kabupaten_code', 'desa_code', 'area_code');
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY owner ON %I TO :service_owner USING (true)', name);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING (%s)', name, visible);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO :service_api', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
    END LOOP;
END $$;
GRANT UPDATE ON aksi_value, aksi_statement, aksi_unit TO :service_api;
GRANT UPDATE (mapping) ON aksi_template TO :service_api;
