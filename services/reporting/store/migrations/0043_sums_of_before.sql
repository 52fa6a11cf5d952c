-- What 0004 and 0005 should have done in a database that had figures already. The owner is under row-level security, too,
-- so they saw no cell: sums by level of what had been counted before were never made, and quarters, semesters and years
-- were said to have cells. (0007 saw what it asked for: months of children are open to the owner since 0003.)
ALTER TABLE cell NO FORCE ROW LEVEL SECURITY;
ALTER TABLE level_cell NO FORCE ROW LEVEL SECURITY;

-- A row that is what its cells add up to is not written again.
DO $$
DECLARE
    keys text;
    counts text;
    summed text;
    replaced text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ') FILTER (WHERE attname IN ('generation', 'months', 'month')),
           string_agg(quote_ident(attname), ', ') FILTER (WHERE is_count),
           string_agg(format('sum(%I)', attname), ', ') FILTER (WHERE is_count),
           string_agg(format('EXCLUDED.%I', attname), ', ') FILTER (WHERE is_count)
    INTO keys, counts, summed, replaced
    FROM pg_attribute,
         LATERAL (SELECT attname NOT IN ('generation', 'months', 'month', 'desa_code', 'posyandu_code')) AS kind (is_count)
    WHERE attrelid = 'cell'::regclass AND attnum > 0 AND NOT attisdropped;
    FOR level IN 2..3 LOOP
        EXECUTE format(
            'INSERT INTO level_cell (level, area_code, %1$s, %2$s) '
            'SELECT %3$s, array_to_string((string_to_array(desa_code, ''.''))[:%3$s], ''.''), %1$s, %4$s '
            'FROM cell GROUP BY 2, %1$s '
            'ON CONFLICT (generation, level, area_code, months, month) DO UPDATE SET (%2$s) = ROW (%5$s) '
            'WHERE (%6$s) IS DISTINCT FROM (%5$s)',
            keys, counts, level, summed, replaced, 'level_cell.' || replace(counts, ', ', ', level_cell.'));
    END LOOP;
END $$;

-- A target of a month is one of its year: where a month has more of them, children of before are missing in the cells of
-- long periods. Those are then counted from the months, as 0004 meant it, until a rebuild has filled the next generation.
WITH changed AS (
    SELECT generation, months, month, sum(target_change) AS change FROM cell WHERE months IN (1, 12) GROUP BY 1, 2, 3
),
targets AS (
    SELECT generation, month, sum(change) OVER (PARTITION BY generation ORDER BY month) AS children
    FROM changed WHERE months = 1
)
UPDATE generation SET layout = 1 WHERE layout > 1 AND EXISTS (
    SELECT FROM targets WHERE targets.generation = generation.generation AND children > (
        SELECT coalesce(sum(change), 0) FROM changed
        WHERE changed.generation = targets.generation AND months = 12 AND changed.month <= targets.month
    )
);

ALTER TABLE cell FORCE ROW LEVEL SECURITY;
ALTER TABLE level_cell FORCE ROW LEVEL SECURITY;
