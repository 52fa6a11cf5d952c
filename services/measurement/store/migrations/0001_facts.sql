-- Register, children with their sealed identities, measurements: the facts this service owns.
-- Every table with an area has row-level security, forced: the worker sees all, the API what its caller's areas cover.

CREATE TABLE register_entry (
    fact_id uuid PRIMARY KEY,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    change text NOT NULL,
    entry text NOT NULL CHECK (entry IN ('area', 'posyandu', 'puskesmas', 'target')),
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    level text,
    parent_code text COLLATE "C",
    desa_codes text[] NOT NULL DEFAULT '{}',
    valid_from date NOT NULL,
    valid_to date,
    target_children integer,
    elevation_m double precision,        -- of a desa, above the sea
    voided boolean NOT NULL DEFAULT false,
    UNIQUE (entry, code)
);
COMMENT ON TABLE register_entry IS 'primary; areas, posyandu, puskesmas, targets: public, so no row-level security';
CREATE INDEX register_entry_parent ON register_entry (entry, parent_code);

CREATE TABLE child (
    child_id uuid PRIMARY KEY,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    change text NOT NULL,
    sex text,
    birth_date date NOT NULL,
    birth_weight_kg double precision,
    birth_length_cm double precision,
    gestation_weeks integer,
    residences jsonb NOT NULL,
    household_risks text[] NOT NULL DEFAULT '{}',
    died_on date,
    departed_on date,
    merged_into uuid,
    voided boolean NOT NULL DEFAULT false,
    desa_code text COLLATE "C" NOT NULL,        -- of the last residence
    posyandu_code text COLLATE "C"
);
COMMENT ON TABLE child IS 'primary; one row a child, no names';
CREATE INDEX child_desa ON child (desa_code);
CREATE INDEX child_posyandu ON child (posyandu_code);
CREATE INDEX child_merged ON child (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE child_identity (
    child_id uuid PRIMARY KEY REFERENCES child,
    wrapped_key bytea NOT NULL,                 -- the child's own key, wrapped by the master key
    sealed bytea NOT NULL,                      -- AES-GCM of NIK, names and address under the child's key
    nik_hash bytea,                             -- HMAC of NIK, birth date, sex: a claim, so not unique
    name_hash bytea                             -- HMAC of normalised name, birth date, sex
);
COMMENT ON TABLE child_identity IS 'primary; erasure destroys wrapped_key';
CREATE INDEX child_identity_nik ON child_identity (nik_hash) WHERE nik_hash IS NOT NULL;
CREATE INDEX child_identity_name ON child_identity (name_hash) WHERE name_hash IS NOT NULL;

CREATE TABLE identity_access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject text NOT NULL,
    client_id text NOT NULL,
    role text NOT NULL,
    child_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('read', 'registered', 'corrected')),
    purpose text NOT NULL
);
COMMENT ON TABLE identity_access_log IS 'primary; append-only: no role may change or delete a row';

CREATE TABLE measurement (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    change text NOT NULL,
    measured_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    channel text NOT NULL,
    source text NOT NULL,
    is_remeasurement boolean NOT NULL,
    weight_kg double precision,
    length_height_cm double precision,
    measurement_position text,
    head_circumference_cm double precision,
    muac_cm double precision,
    oedema boolean,
    desa_code text COLLATE "C",                 -- service point; where the child lives is the child's to say
    posyandu_code text COLLATE "C",
    reported_letter text,
    official jsonb,
    measurer_id text,
    device_id text,
    replaces uuid,
    voided boolean NOT NULL DEFAULT false,
    void_reason text,
    file_digest bigint,                         -- of the values a file gave last: a person may have corrected them since
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE measurement IS 'primary; one row a visit, voided rows stay';
CREATE UNIQUE INDEX measurement_fact ON measurement (fact_id);
CREATE UNIQUE INDEX measurement_natural_key ON measurement (child_id, measured_on, source)
    WHERE NOT voided AND NOT is_remeasurement;

ALTER TABLE child ENABLE ROW LEVEL SECURITY;
ALTER TABLE child FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON child TO measurement_api
    USING (area_visible(desa_code, posyandu_code)) WITH CHECK (area_visible(desa_code, posyandu_code));

-- Whose child it is decides over identity and history: the subquery itself runs under the policy of `child`.
ALTER TABLE child_identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_identity FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_identity TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON child_identity TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_identity.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = child_identity.child_id));

ALTER TABLE measurement ENABLE ROW LEVEL SECURITY;
ALTER TABLE measurement FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON measurement TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON measurement TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = measurement.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = measurement.child_id));

-- The ledger counts and digests all facts, and whoever asks for it has no area: ids and revisions, nothing else.
CREATE POLICY census ON child FOR SELECT TO measurement_owner USING (true);
CREATE POLICY census ON measurement FOR SELECT TO measurement_owner USING (true);
CREATE POLICY census ON child_identity FOR SELECT TO measurement_owner USING (true);
CREATE VIEW child_census AS SELECT child_id AS fact_id, epoch, revision, known_at FROM child;
CREATE VIEW measurement_census AS SELECT fact_id, epoch, revision, known_at FROM measurement;
GRANT SELECT ON child_census, measurement_census TO measurement_worker, measurement_api;

-- A person who answers a row sees their own children only: whether another area has a child of this NIK, and no more.
CREATE FUNCTION nik_is_registered(digest bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = measurement AS $$
    SELECT EXISTS (SELECT FROM child_identity WHERE nik_hash = digest)
$$;
REVOKE ALL ON FUNCTION nik_is_registered FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nik_is_registered TO measurement_api;

GRANT SELECT, INSERT, UPDATE ON register_entry, child, child_identity, measurement
    TO measurement_worker, measurement_api;
GRANT INSERT ON identity_access_log TO measurement_api, measurement_worker;
GRANT SELECT ON identity_access_log TO measurement_worker;
