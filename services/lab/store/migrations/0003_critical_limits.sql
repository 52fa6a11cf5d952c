-- A laboratory's own critical limits. A changed limit is a new row with a later day, never an edit: a draw is judged by
-- the row that held on its day, for ever.
CREATE TABLE critical_limit (
    laboratory_code text COLLATE "C" NOT NULL REFERENCES laboratory (code),
    test_code text NOT NULL,
    valid_from date NOT NULL,
    critical_below numeric,              -- in the test's canonical unit; null = no limit on that side
    critical_above numeric,
    reason_text text NOT NULL,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (laboratory_code, test_code, valid_from),
    CHECK (critical_below IS NOT NULL OR critical_above IS NOT NULL),
    CHECK (critical_below < critical_above)
);
COMMENT ON TABLE critical_limit IS 'primary; what a laboratory decided, and why';
GRANT SELECT ON critical_limit TO :service_worker;
GRANT SELECT, INSERT ON critical_limit TO :service_api;
