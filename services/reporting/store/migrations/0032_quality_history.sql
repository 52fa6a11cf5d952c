-- Too few children to judge is no good grade: such a posyandu-month has none (null), and its area tells how many there are.
-- What all children show together is judged, too: `pooled` are its numbers in the order of domain/quality_pool.py, empty
-- until the rows are judged by the rules that ask for them.
ALTER TABLE posyandu_quality ALTER COLUMN grade DROP NOT NULL;
ALTER TABLE posyandu_quality ADD COLUMN pooled integer[] NOT NULL DEFAULT '{}';
GRANT SELECT (pooled) ON posyandu_quality TO :service_api;
ALTER TABLE quality_sum
    ADD COLUMN not_judged integer NOT NULL DEFAULT 0,                  -- children in posyandu-months too small to judge
    ADD COLUMN posyandu_months integer NOT NULL DEFAULT 0,             -- rows of posyandu_quality
    ADD COLUMN posyandu_months_not_judged integer NOT NULL DEFAULT 0,
    ADD COLUMN pooled integer[] NOT NULL DEFAULT '{}';

-- Sums that are there get what follows from them. The owner is under row-level security, too, and would see no row.
ALTER TABLE posyandu_quality NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quality_sum NO FORCE ROW LEVEL SECURITY;
UPDATE quality_sum SET pooled = ARRAY[
    counts ->> 'visits', counts ->> 'children', counts ->> 'heights', counts ->> 'heights_whole', counts ->> 'weights',
    ((counts -> 'weight_digits' ->> 0)::integer + (counts -> 'weight_digits' ->> 5)::integer)::text, counts ->> 'scored',
    counts ->> 'flagged', counts ->> 'incomplete', counts ->> 'position_stated', counts ->> 'position_wrong',
    counts ->> 'same_day_twice', counts ->> 'late', counts ->> 'letters_compared', counts ->> 'letters_differ']::integer[];
UPDATE quality_sum SET posyandu_months = counted.number FROM (
    SELECT left(desa_code, 8) AS kecamatan_code, length.months, count(*) AS number,
           make_date(extract(year FROM month)::integer,
                     (extract(month FROM month)::integer - 1) / length.months * length.months + 1, 1) AS first
    FROM posyandu_quality CROSS JOIN (VALUES (1), (3), (6), (12)) AS length (months) GROUP BY 1, 2, 4
) AS counted
WHERE (quality_sum.kecamatan_code, quality_sum.months, quality_sum.month)
    = (counted.kecamatan_code, counted.months, counted.first);
-- 0029 said "kept" without seeing what was judged before it; where nothing is summed the worker begins with that.
DELETE FROM quality_sums_kept WHERE EXISTS (SELECT FROM posyandu_quality) AND NOT EXISTS (SELECT FROM quality_sum);
ALTER TABLE posyandu_quality FORCE ROW LEVEL SECURITY;
ALTER TABLE quality_sum FORCE ROW LEVEL SECURITY;

-- What was judged, as known at the end of each day on which it changed: grades and reasons as of a past day. A record, as
-- an alert is: the facts say what is to be judged, but not by which rules and beside what it was. So it is kept through a
-- rebuild and backed up. Where all children of a posyandu-month are gone, a row says so: no children, no grade.
CREATE TABLE quality_history (
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    known_on date NOT NULL,                     -- by the end of this day (Asia/Jakarta) what it rests on had come in
    judged_at timestamptz NOT NULL,
    rules_version text NOT NULL,
    children integer NOT NULL,
    grade smallint CHECK (grade BETWEEN 0 AND 3),
    reasons jsonb NOT NULL,
    pooled integer[] NOT NULL,
    PRIMARY KEY (desa_code, posyandu_code, month, known_on)
);
COMMENT ON TABLE quality_history IS 'primary; what was judged and by which rules, the last of each day: backed up';
CREATE INDEX quality_history_by_posyandu ON quality_history (posyandu_code, month);

ALTER TABLE quality_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality_history FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON quality_history TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON quality_history FOR SELECT TO :service_api USING (
    left(desa_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(desa_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR desa_code = ANY ((SELECT caller_areas())::text[]) OR posyandu_code = ANY ((SELECT caller_areas())::text[])
    OR left(desa_code, 2) = ANY ((SELECT caller_areas())::text[])
);
GRANT SELECT, INSERT, UPDATE ON quality_history TO :service_worker;
GRANT SELECT ON quality_history TO :service_api;

-- A report waits until what came in on its day is judged: which places wait is no secret.
GRANT SELECT (places, tried_at) ON quality_mark TO :service_api;
