-- What another system (DHIS2) calls our areas and counts. Nothing here = it calls them as we do.

CREATE TABLE exchange_code (
    area_code text COLLATE "C" NOT NULL,        -- files of this area and of all below it use the code
    kind text NOT NULL CHECK (kind IN ('orgUnit', 'dataElement', 'dataSet')),
    ours text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,                   -- for periods whose last day is this or later
    recorded_at timestamptz NOT NULL,
    theirs text COLLATE "C",                    -- null = as we call it, again
    recorded_by text NOT NULL,
    PRIMARY KEY (area_code, kind, ours, valid_from, recorded_at)
);
COMMENT ON TABLE exchange_code IS 'primary; codes of another system, entered by a district; the later entry holds';

ALTER TABLE exchange_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange_code FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON exchange_code TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON exchange_code TO reporting_api
    USING (areas_inside_callers(ARRAY[area_code])) WITH CHECK (areas_inside_callers(ARRAY[area_code]));
GRANT SELECT, DELETE ON exchange_code TO reporting_worker;
GRANT SELECT, INSERT ON exchange_code TO reporting_api;
