-- What is told outside the district, of a kabupaten and period once and for good: what comes in afterwards changes nothing
-- in it, so two answers on two days never have a difference (docs/statistics.md). A record, as a published report is:
-- written once, kept through a rebuild, backed up.
CREATE TABLE release (
    release_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provinsi_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL CHECK (months IN (1, 3, 6, 12)),
    month date NOT NULL,                        -- the first of the period
    released_on date NOT NULL,                  -- Asia/Jakarta; told from that day on
    known_at timestamptz NOT NULL,              -- what had come in by then
    columns text[] NOT NULL,                    -- names of `sums`
    asked_by text                               -- null = by the calendar
);
COMMENT ON TABLE release IS 'primary; periods told outside, several kabupaten of a provinsi at once: backed up';
CREATE INDEX release_by_period ON release (provinsi_code, months, month);

-- Once for good: the key forbids a second time.
CREATE TABLE released_kabupaten (
    kabupaten_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL,
    month date NOT NULL,
    release_id integer NOT NULL REFERENCES release,
    PRIMARY KEY (kabupaten_code, months, month)
);
COMMENT ON TABLE released_kabupaten IS 'primary; which kabupaten a release tells of: backed up';

-- An area of a release: of a provinsi what the kabupaten of that release add up to. Sums are whole, and `hidden` names the
-- counts that must not be shown.
CREATE TABLE released_area (
    area_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL,
    month date NOT NULL,
    release_id integer NOT NULL REFERENCES release,
    parent_code text COLLATE "C" NOT NULL,      -- '' of a provinsi
    sums integer[] NOT NULL,                    -- by release.columns
    hidden text[] NOT NULL,                     -- names of counts
    groups jsonb,                               -- by sex and age
    counted jsonb,                              -- what indicators count child by child
    changes jsonb,                              -- of a provinsi or kabupaten: why figures changed since the period before
    growth jsonb,                               -- of a provinsi or kabupaten: what a target path begins with
    PRIMARY KEY (area_code, months, month, release_id)
);
COMMENT ON TABLE released_area IS 'primary; figures as told outside, never changed: backed up';
CREATE INDEX released_area_by_parent ON released_area (parent_code, months, month);

ALTER TABLE release ENABLE ROW LEVEL SECURITY;
ALTER TABLE release FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON release TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON release FOR SELECT TO :service_api USING (
    provinsi_code IN (SELECT left(area, 2) FROM unnest((SELECT caller_areas())::text[]) AS area)
);
ALTER TABLE released_kabupaten ENABLE ROW LEVEL SECURITY;
ALTER TABLE released_kabupaten FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON released_kabupaten TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON released_kabupaten FOR SELECT TO :service_api USING (
    kabupaten_code IN (SELECT left(area, 5) FROM unnest((SELECT caller_areas())::text[]) AS area)
    OR left(kabupaten_code, 2) = ANY ((SELECT caller_areas())::text[])
);
ALTER TABLE released_area ENABLE ROW LEVEL SECURITY;
ALTER TABLE released_area FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON released_area TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON released_area FOR SELECT TO :service_api USING (
    left(area_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(area_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR left(area_code, 2) = ANY ((SELECT caller_areas())::text[]) OR area_code = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT ON release, released_kabupaten, released_area TO :service_worker;
GRANT SELECT ON release, released_kabupaten, released_area TO :service_api;
