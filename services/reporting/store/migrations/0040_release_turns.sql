-- What is to be released: by the calendar, planned once a month from its eleventh day on, or because the kabupaten asked.
-- Periods wait here until they are released, shorter ones first: a longer one is hidden beside those inside it.
CREATE TABLE release_turn (
    month date PRIMARY KEY,                     -- the calendar month in which it was planned
    begun_at timestamptz NOT NULL
);
COMMENT ON TABLE release_turn IS 'primary; months whose releases are planned: backed up, or all would be planned twice';

CREATE TABLE release_request (
    request_id uuid PRIMARY KEY,
    kabupaten_code text COLLATE "C" NOT NULL,
    through date NOT NULL,                      -- periods that end in this month or before it
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL
);
COMMENT ON TABLE release_request IS 'primary; who asked to release a kabupaten''s periods before the calendar does';
CREATE INDEX release_request_by_kabupaten ON release_request (kabupaten_code, asked_at);

CREATE TABLE release_due (
    due_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provinsi_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL,
    month date NOT NULL,
    kabupaten_codes text[] COLLATE "C" NOT NULL,
    request_id uuid REFERENCES release_request, -- null = by the calendar
    due_since timestamptz NOT NULL,
    tried_at timestamptz,                       -- failed by our own fault, tried again later
    done_at timestamptz                         -- released, and told in the feed
);
COMMENT ON TABLE release_due IS 'primary; periods that wait for being released, and those that have been';
CREATE INDEX release_due_waiting ON release_due (months, month) WHERE done_at IS NULL;
CREATE INDEX release_due_by_request ON release_due (request_id);

ALTER TABLE release_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_request FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON release_request TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON release_request TO :service_api USING (
    left(kabupaten_code, 2) = ANY ((SELECT caller_areas())::text[])
    OR kabupaten_code IN (SELECT left(area, 5) FROM unnest((SELECT caller_areas())::text[]) AS area)
) WITH CHECK (
    kabupaten_code = ANY ((SELECT caller_areas())::text[]) OR left(kabupaten_code, 2) = ANY ((SELECT caller_areas())::text[])
);
ALTER TABLE release_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_due FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON release_due TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON release_due TO :service_api USING (
    provinsi_code = ANY ((SELECT caller_areas())::text[])
    OR kabupaten_codes && ARRAY(SELECT left(area, 5) FROM unnest((SELECT caller_areas())::text[]) AS area)
) WITH CHECK (
    kabupaten_codes <@ (SELECT caller_areas())::text[] OR provinsi_code = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT ON release_turn, release_request TO :service_worker;
GRANT SELECT, INSERT, UPDATE ON release_due TO :service_worker;
GRANT SELECT, INSERT ON release_request, release_due TO :service_api;

-- Where nothing has ever been counted, nothing is due: what is loaded from now on waits for the next eleventh day.
INSERT INTO release_turn (month, begun_at)
SELECT date_trunc('month', today.day)::date, now() FROM (SELECT now() AT TIME ZONE 'Asia/Jakarta' AS day) AS today
WHERE extract(day FROM today.day) >= 11 AND (SELECT sequence FROM feed_state) = 0;
