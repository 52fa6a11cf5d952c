-- What the judged posyandu of a kecamatan add up to, by month, quarter, semester and year: a province does not read every
-- posyandu. Written by the worker in the transaction that judges, under the kecamatan's lock. Columns are json, not jsonb:
-- they are read whole and never asked, and go out as they came in.
CREATE TABLE quality_sum (
    kecamatan_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL,                   -- 1, 3, 6, 12
    month date NOT NULL,                        -- the first of the period
    graded_a integer NOT NULL,                  -- children measured, by the grade of their posyandu and month
    graded_b integer NOT NULL,
    graded_c integer NOT NULL,
    graded_d integer NOT NULL,
    reasons json NOT NULL,                      -- by code: grade, children, posyandu of this kecamatan
    elsewhere json NOT NULL,                    -- by code: posyandu of other kecamatan that children from here visit
    own json NOT NULL,                          -- by code: the posyandu of this kecamatan
    counts json NOT NULL,                       -- domain/quality_counts.py, but for the devices
    PRIMARY KEY (months, month, kecamatan_code)
);
COMMENT ON TABLE quality_sum IS 'derived; sums of posyandu_quality, written with it';

-- Sums are told only once all that was judged before this release is summed.
CREATE TABLE quality_sums_kept (kept_since timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE quality_sums_kept IS 'derived; one row as soon as quality_sum has everything';
INSERT INTO quality_sums_kept SELECT now() WHERE NOT EXISTS (SELECT FROM posyandu_quality);

ALTER TABLE quality_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON quality_sum TO :service_worker USING (true) WITH CHECK (true);
-- As of sums by level: whoever sees every desa of the kecamatan.
CREATE POLICY api ON quality_sum FOR SELECT TO :service_api USING (
    left(kecamatan_code, 5) = ANY ((SELECT caller_areas())::text[])
    OR left(kecamatan_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR left(kecamatan_code, 2) = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT, UPDATE, DELETE ON quality_sum TO :service_worker;
GRANT SELECT ON quality_sum TO :service_api;
GRANT SELECT, INSERT ON quality_sums_kept TO :service_worker;
GRANT SELECT ON quality_sums_kept TO :service_api;
