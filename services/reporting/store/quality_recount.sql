-- Sums of judged posyandu-months by kecamatan and period, counted from the rows, beside those that are kept
-- (quality_sum). Numbers and reasons of every period come from the rows; counts of a month from the rows, those of a
-- longer period from its months. Sums of floats may differ in their last digits. Lists (last digits) are looked at in
-- what is pooled of them only.
WITH judged AS MATERIALIZED (
    SELECT left(desa_code, 8) AS kecamatan_code, coalesce(nullif(posyandu_code, ''), desa_code) AS place, month, children,
           grade, reasons, counts
    FROM posyandu_quality
),
in_periods AS (
    SELECT judged.*, length.months, make_date(extract(year FROM month)::integer,
           (extract(month FROM month)::integer - 1) / length.months * length.months + 1, 1) AS first
    FROM judged CROSS JOIN (VALUES (1), (3), (6), (12)) AS length (months)
),
numbers AS (
    SELECT kecamatan_code, months, first, name, number FROM (
        SELECT kecamatan_code, months, first,
               sum(children) FILTER (WHERE grade = 0) AS graded_a, sum(children) FILTER (WHERE grade = 1) AS graded_b,
               sum(children) FILTER (WHERE grade = 2) AS graded_c, sum(children) FILTER (WHERE grade = 3) AS graded_d,
               sum(children) FILTER (WHERE grade IS NULL) AS not_judged, count(*) AS posyandu_months,
               count(*) FILTER (WHERE grade IS NULL) AS posyandu_months_not_judged
        FROM in_periods GROUP BY 1, 2, 3
    ) AS summed CROSS JOIN LATERAL (VALUES
        ('graded_a', graded_a), ('graded_b', graded_b), ('graded_c', graded_c), ('graded_d', graded_d),
        ('not_judged', not_judged), ('posyandu_months', posyandu_months),
        ('posyandu_months_not_judged', posyandu_months_not_judged)
    ) AS named (name, number)
),
stored_numbers AS (
    SELECT kecamatan_code, months::integer AS months, month AS first, name, number FROM quality_sum CROSS JOIN LATERAL (VALUES
        ('graded_a', graded_a), ('graded_b', graded_b), ('graded_c', graded_c), ('graded_d', graded_d),
        ('not_judged', not_judged), ('posyandu_months', posyandu_months),
        ('posyandu_months_not_judged', posyandu_months_not_judged)
    ) AS named (name, number)
),
reasons AS (
    SELECT kecamatan_code, months, first, reason ->> 'code' AS code, jsonb_build_array(
               max(reason ->> 'grade'), sum(children),
               count(DISTINCT place) FILTER (WHERE starts_with(place, kecamatan_code))) AS found
    FROM in_periods CROSS JOIN LATERAL jsonb_array_elements(reasons) AS r (reason) GROUP BY 1, 2, 3, 4
),
stored_reasons AS (
    SELECT kecamatan_code, months::integer AS months, month AS first, key AS code, value::jsonb AS found
    FROM quality_sum CROSS JOIN LATERAL json_each(reasons)
),
of_months AS (
    SELECT kecamatan_code, month, key AS name, sum(value::double precision) AS number
    FROM judged CROSS JOIN LATERAL jsonb_each(counts) WHERE jsonb_typeof(value) = 'number' GROUP BY 1, 2, 3
),
stored_counts AS MATERIALIZED (
    SELECT kecamatan_code, months::integer AS months, month AS first, key AS name, value::text::double precision AS number
    FROM quality_sum CROSS JOIN LATERAL json_each(counts) WHERE json_typeof(value) = 'number'
),
counts AS (
    SELECT kecamatan_code, 1 AS months, month AS first, name, number FROM of_months
    UNION ALL
    SELECT kecamatan_code, length.months, make_date(extract(year FROM first)::integer,
           (extract(month FROM first)::integer - 1) / length.months * length.months + 1, 1), name, sum(number)
    FROM stored_counts CROSS JOIN (VALUES (3), (6), (12)) AS length (months)
    WHERE stored_counts.months = 1 GROUP BY 1, 2, 3, 4
)
SELECT kecamatan_code, months, first, name, to_jsonb(coalesce(numbers.number, 0)) AS expected,
       to_jsonb(coalesce(stored_numbers.number, 0)) AS stored
FROM numbers FULL JOIN stored_numbers USING (kecamatan_code, months, first, name)
WHERE coalesce(numbers.number, 0) <> coalesce(stored_numbers.number, 0)
UNION ALL
SELECT kecamatan_code, months, first, code, reasons.found, stored_reasons.found
FROM reasons FULL JOIN stored_reasons USING (kecamatan_code, months, first, code)
WHERE reasons.found IS DISTINCT FROM stored_reasons.found
UNION ALL
SELECT kecamatan_code, months, first, 'counts.' || name, to_jsonb(counts.number), to_jsonb(stored_counts.number)
FROM counts FULL JOIN stored_counts USING (kecamatan_code, months, first, name)
WHERE abs(coalesce(counts.number, 0) - coalesce(stored_counts.number, 0)) > 0.001
UNION ALL
SELECT kecamatan_code, months::integer, month, 'pooled', to_jsonb(told), to_jsonb(pooled) FROM (
    SELECT kecamatan_code, months, month, pooled, ARRAY[
        counts ->> 'visits', counts ->> 'children', counts ->> 'heights', counts ->> 'heights_whole', counts ->> 'weights',
        ((counts -> 'weight_digits' ->> 0)::integer + (counts -> 'weight_digits' ->> 5)::integer)::text,
        counts ->> 'scored', counts ->> 'flagged', counts ->> 'incomplete', counts ->> 'position_stated',
        counts ->> 'position_wrong', counts ->> 'same_day_twice', counts ->> 'late', counts ->> 'letters_compared',
        counts ->> 'letters_differ']::integer[] AS told FROM quality_sum
) AS each WHERE told <> pooled
ORDER BY 1, 2, 3, 4
