-- The district's own versions of catalogue rows. The shipped catalogue is the base; a changed row is a new row with a
-- later day, never an edit, so a draw is read by what held on its day, for ever.
CREATE TABLE catalogue_version (
    test_code text NOT NULL,
    valid_from date NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    version_id uuid NOT NULL,            -- of the last row: which catalogue this is, for processes that keep one in memory
    content json NOT NULL,               -- the whole row, so that a release that ships another base changes nothing here
    changed text[] NOT NULL,             -- fields that differ from the row before
    reason_text text NOT NULL,
    entered_by text NOT NULL,            -- account
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (test_code, valid_from)
);
COMMENT ON TABLE catalogue_version IS 'primary; what the district decided of a test, and why: public, so no row-level security';
CREATE UNIQUE INDEX catalogue_version_number ON catalogue_version (number) INCLUDE (version_id);
GRANT SELECT ON catalogue_version TO :service_worker;
GRANT SELECT, INSERT ON catalogue_version TO :service_api;

ALTER TABLE lab_result ADD catalogue_version text;
COMMENT ON COLUMN lab_result.catalogue_version IS 'whose row read the value, and the day that row holds from';
