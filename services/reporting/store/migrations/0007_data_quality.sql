-- What the quality of measuring is judged from, beside what figures read. Null in a fact that was stored before: not
-- stated. Codes of measurer and device stay here: no row that is derived from them names a person.
ALTER TABLE measurement_fact
    ADD COLUMN measurement_position text,
    ADD COLUMN muac_cm double precision,
    ADD COLUMN reported_letter text,
    ADD COLUMN measurer_id text,
    ADD COLUMN device_id text;

-- Posyandu-months whose visits or children changed. Appended in the transaction of the batch, one row for all it touched:
-- places[i] = desa and posyandu joined by '|', in months[i]. A worker takes rows that nobody holds.
CREATE TABLE quality_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    places text[] NOT NULL,
    months date[] NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at timestamptz                        -- it could not be judged then: alone, and later again
);
COMMENT ON TABLE quality_mark IS 'derived; posyandu-months whose quality is to be judged (again)';

-- What the visits of a posyandu-month add up to, and what is doubtful about them. By home posyandu, as figures are; ''
-- stands for unmapped. Coverage is no part of it: it follows from the cells and is added on reading.
CREATE TABLE posyandu_quality (
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    children integer NOT NULL,                  -- measured
    grade smallint NOT NULL CHECK (grade BETWEEN 0 AND 3),  -- 0 = A
    reasons jsonb NOT NULL,                     -- Reason in domain/quality_reasons.py, without texts
    seen text[] NOT NULL,                       -- reasons of which there were enough values to see them
    counts jsonb NOT NULL,                      -- domain/quality_counts.py, but for the devices
    devices jsonb NOT NULL,                     -- by code of the device: the API may not see which
    rules_version text NOT NULL,
    PRIMARY KEY (desa_code, posyandu_code, month)
);
COMMENT ON TABLE posyandu_quality IS 'derived; judged from the facts, again after each change (quality_mark)';
CREATE INDEX posyandu_quality_by_month ON posyandu_quality (month, desa_code);

ALTER TABLE posyandu_quality ENABLE ROW LEVEL SECURITY;
ALTER TABLE posyandu_quality FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON posyandu_quality TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON posyandu_quality FOR SELECT TO :service_api USING (
    left(desa_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(desa_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR desa_code = ANY ((SELECT caller_areas())::text[]) OR posyandu_code = ANY ((SELECT caller_areas())::text[])
    OR left(desa_code, 2) = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT, UPDATE, DELETE ON quality_mark, posyandu_quality TO :service_worker;
GRANT SELECT (desa_code, posyandu_code, month, children, grade, reasons, seen, counts, rules_version)
    ON posyandu_quality TO :service_api;
GRANT SELECT (id, marked_at, months) ON quality_mark TO :service_api;

-- What was counted before this release is to be judged, too.
INSERT INTO quality_mark (places, months)
SELECT array_agg(desa_code || '|' || posyandu_code ORDER BY desa_code, posyandu_code, month),
       array_agg(month ORDER BY desa_code, posyandu_code, month)
FROM (SELECT DISTINCT desa_code, posyandu_code, month FROM child_month
      WHERE known_to IS NULL AND generation = (SELECT generation FROM generation WHERE state = 'live')) AS counted
GROUP BY left(desa_code, 8);
