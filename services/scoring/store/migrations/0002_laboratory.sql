-- Evidence from lab (orders, results, critical values) and the elevation of desa from the register.

CREATE TABLE lab_order (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    case_id uuid NOT NULL,
    laboratory_code text COLLATE "C",    -- empty: no laboratory serves the place
    priority text NOT NULL,
    state text NOT NULL,
    ordered_on date NOT NULL,
    completed_on date,
    tests json NOT NULL,                 -- orderable -> state of the test
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE lab_order IS 'derived; republish of lab fills it again';
CREATE INDEX lab_order_case ON lab_order (case_id);

CREATE TABLE lab_result (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    test_code text NOT NULL,
    drawn_on date NOT NULL,
    drawn_at timestamptz,                -- empty: the time of day is not known
    reported_at timestamptz NOT NULL,
    specimen text NOT NULL,
    value double precision,              -- in canonical_unit; a bound where there is a comparator
    comparator text,
    canonical_unit text,
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE lab_result IS 'derived; republish of lab fills it again';

CREATE TABLE critical_value (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    result_id uuid NOT NULL,
    test_code text NOT NULL,
    drawn_on date NOT NULL,
    value double precision NOT NULL,     -- as measured, in the canonical unit of the result
    critical_limit double precision NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE critical_value IS 'derived; republish of lab fills it again';

-- Rows are visible by the child's present residence, as all others.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lab_order', 'lab_result', 'critical_value'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY owner ON %I TO :service_owner USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO :service_api', name);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING '
                       '(EXISTS (SELECT FROM child c WHERE c.child_id = %I.child_id))', name, name);
    END LOOP;
END $$;

-- Of the register only what readings need: how high a desa lies. Public knowledge, so no rows are hidden.
CREATE TABLE desa_elevation (
    code text COLLATE "C" PRIMARY KEY,   -- of the desa
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    elevation_m double precision         -- empty: not known, or the entry was voided
);
COMMENT ON TABLE desa_elevation IS 'derived; republish of measurement fills it again';
GRANT SELECT, INSERT, UPDATE, DELETE ON desa_elevation TO :service_worker;
GRANT SELECT ON desa_elevation TO :service_api;
