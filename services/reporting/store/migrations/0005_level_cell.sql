-- Sums of cells by kabupaten and kecamatan, moved in the transaction that moves the cells: a province is 20,000 posyandu,
-- and a page of it may not read them all. `level` is the number of parts of the code: 2 kabupaten, 3 kecamatan.
-- Provinces are summed from their kabupaten, so that no row is every batch's of a whole province.
CREATE TABLE level_cell (LIKE cell INCLUDING DEFAULTS);
ALTER TABLE level_cell RENAME COLUMN desa_code TO area_code;
ALTER TABLE level_cell DROP COLUMN posyandu_code;
ALTER TABLE level_cell ADD COLUMN level smallint NOT NULL;
ALTER TABLE level_cell ADD COLUMN IF NOT EXISTS months smallint NOT NULL DEFAULT 1;
ALTER TABLE level_cell ADD PRIMARY KEY (generation, level, area_code, months, month);
ALTER TABLE level_cell SET (fillfactor = 30);   -- few rows, rewritten by every batch: room for it on their own page
COMMENT ON TABLE level_cell IS 'derived; sums of cell, rebuilt with it, recounted by verify';

DO $$
DECLARE
    keys text;
    sums text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ') FILTER (WHERE attname IN ('generation', 'months', 'month')),
           string_agg(quote_ident(attname), ', ')
               FILTER (WHERE attname NOT IN ('generation', 'months', 'month', 'desa_code', 'posyandu_code'))
    INTO keys, sums FROM pg_attribute WHERE attrelid = 'cell'::regclass AND attnum > 0 AND NOT attisdropped;
    FOR level IN 2..3 LOOP
        EXECUTE format(
            'INSERT INTO level_cell (level, area_code, %1$s, %2$s) '
            'SELECT %3$s, array_to_string((string_to_array(desa_code, ''.''))[:%3$s], ''.''), %1$s, %4$s '
            'FROM cell GROUP BY 2, %1$s',
            keys, sums, level, (SELECT string_agg(format('sum(%s)', name), ', ') FROM regexp_split_to_table(sums, ', ') AS name));
    END LOOP;
END $$;

ALTER TABLE level_cell ENABLE ROW LEVEL SECURITY;
ALTER TABLE level_cell FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON level_cell TO reporting_worker USING (true) WITH CHECK (true);
-- As of cells: whoever sees every desa of an area sees its sum.
CREATE POLICY api ON level_cell FOR SELECT TO reporting_api USING (
    left(area_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(area_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR left(area_code, 2) = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT, UPDATE, DELETE ON level_cell TO reporting_worker;
GRANT SELECT ON level_cell TO reporting_api;

-- The register is read by the level: an area, what lies above it, what lies directly below it.
CREATE INDEX register_fact_by_code ON register_fact (code);
CREATE INDEX register_fact_by_parent ON register_fact (parent_code);
-- Areas that belong elsewhere than their code says: few, and what is summed by code must not be used around them.
CREATE INDEX register_fact_elsewhere ON register_fact (code)
    WHERE entry = 'area' AND parent_code <> left(code, length(code) - strpos(reverse(code), '.'));
