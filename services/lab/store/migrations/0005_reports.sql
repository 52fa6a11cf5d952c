-- Results as the laboratories' own systems state them.

CREATE TABLE reported_result (
    laboratory_code text COLLATE "C" NOT NULL,
    source_id uuid NOT NULL,             -- derived from the laboratory's number of the observation, or from its draw
    statement text NOT NULL,             -- final, corrected, retracted: the last word so far
    stated_at timestamptz,               -- by the laboratory's clock, where it says so
    result_id uuid,                      -- null: held, or retracted before it was ever reported
    held_id uuid,
    PRIMARY KEY (laboratory_code, source_id)
);
COMMENT ON TABLE reported_result IS 'primary; which result an observation of a laboratory became, and its last word';

CREATE INDEX reported_result_result ON reported_result (result_id) WHERE result_id IS NOT NULL;

CREATE TABLE inbound_message (
    laboratory_code text COLLATE "C" NOT NULL,
    message_id uuid NOT NULL,
    door text NOT NULL,                  -- fhir
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,           -- account
    sha256 bytea NOT NULL,               -- of the bytes as they came
    kept text NOT NULL,                  -- the message without what says who the child is
    answer text NOT NULL,
    PRIMARY KEY (laboratory_code, message_id)
);
COMMENT ON TABLE inbound_message IS 'primary; messages of laboratories as they came, less identities, and what was answered';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reported_result', 'inbound_message'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING (laboratory_visible(laboratory_code)) '
                       'WITH CHECK (laboratory_visible(laboratory_code))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO :service_api', name);
    END LOOP;
END $$;
