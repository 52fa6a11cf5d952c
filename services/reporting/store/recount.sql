-- The figures counted again from the facts, and compared with the cells: $1 = generation, $2 and $3 = first and last
-- month; long periods are compared that have a month in that range. Written on its own from the rules of the figures: it
-- shares no code with the projection, so that a mistake there cannot hide here. One row: how many cells were compared,
-- and those that differ.
WITH lengths AS (   -- a generation that was filled before there were long periods has none to compare
    SELECT months, make_date(extract(year FROM $2::date)::int,
                             (extract(month FROM $2::date)::int - 1) / months * months + 1, 1) AS first
    FROM unnest(ARRAY[1, 3, 6, 12]) AS months
    WHERE months = 1 OR (SELECT layout > 1 FROM generation WHERE generation = $1)
),
years AS (SELECT date_trunc('year', $2::date::timestamp)::date AS first, make_date(extract(year FROM $3::date)::int, 12, 1) AS last),
child_now AS (
    SELECT DISTINCT ON (child_id) * FROM child_fact ORDER BY child_id, epoch DESC, revision DESC
),
root AS (
    SELECT child_id AS root_id, birth_date, residences,
           -- The first day with 60 completed months; PostgreSQL would put 29 February's on the 28th.
           CASE WHEN to_char(birth_date, 'MMDD') = '0229' THEN make_date(extract(year FROM birth_date)::int + 5, 3, 1)
                ELSE (birth_date + interval '5 years')::date END AS sixty_months_on,
           least(died_on, departed_on) AS gone_on
    FROM child_now WHERE merged_into IS NULL AND NOT voided
),
member AS (
    SELECT c.child_id, r.* FROM child_now c JOIN root r ON r.root_id = coalesce(c.merged_into, c.child_id)
    WHERE NOT c.voided
),
home AS (
    SELECT root_id, lived.value ->> 0 AS desa_code, coalesce(lived.value ->> 1, '') AS posyandu_code,
           lived.key::date AS valid_from,
           lag(lived.key::date) OVER of_root IS NULL AS is_first,
           coalesce(lead(lived.key::date) OVER of_root, 'infinity') AS valid_to
    FROM root, jsonb_each(residences) AS lived
    WINDOW of_root AS (PARTITION BY root_id ORDER BY lived.key::date)
),
aged AS (
    SELECT m.*, member.root_id, date_trunc('month', m.measured_on::timestamp)::date AS month,
           (extract(year FROM m.measured_on) - extract(year FROM member.birth_date)) * 12
             + extract(month FROM m.measured_on) - extract(month FROM member.birth_date)
             - CASE WHEN extract(day FROM m.measured_on) < extract(day FROM member.birth_date) THEN 1 ELSE 0 END
             AS age_months
    FROM measurement_fact m JOIN member USING (child_id) CROSS JOIN years
    WHERE m.measured_on >= years.first AND m.measured_on < years.last + interval '1 month'
),
judged AS (
    SELECT DISTINCT ON (a.measurement_id) m.measured_on, m.recorded_at, m.channel, m.is_remeasurement, m.weight_kg,
           m.length_height_cm, m.voided OR a.voided AS is_void, a.*
    FROM assessment_fact a JOIN measurement_fact m
      ON m.child_id = a.child_id AND m.fact_id = a.measurement_id
     AND m.epoch = a.measurement_epoch AND m.revision = a.measurement_revision
    ORDER BY a.measurement_id, a.epoch DESC, a.revision DESC, a.fact_id DESC
),
counted AS (
    SELECT j.*, aged.root_id, aged.month,
           row_number() OVER (
               PARTITION BY aged.root_id, aged.month
               ORDER BY j.measured_on DESC, j.is_primary DESC, j.is_remeasurement DESC, (j.channel = 'api') DESC,
                        j.recorded_at DESC, j.measurement_id
           ) AS place_in_line
    FROM judged j JOIN aged ON aged.child_id = j.child_id AND aged.fact_id = j.measurement_id
     AND aged.epoch = j.measurement_epoch AND aged.revision = j.measurement_revision
    WHERE NOT j.is_void AND aged.age_months BETWEEN 0 AND 59
),
child_months AS (
    SELECT root_id, month, max(measured_on) AS last_on,
           bool_or(weight_kg IS NOT NULL) AS weighed,
           bool_or(length_height_cm IS NOT NULL) AS height_measured,
           (array_agg(length_height_cm ORDER BY place_in_line) FILTER (WHERE length_height_cm IS NOT NULL))[1] AS height,
           bool_or(oedema) AS oedema,
           (array_agg(haz ORDER BY place_in_line) FILTER (WHERE haz IS NOT NULL))[1] AS haz,
           (array_agg(haz_flagged ORDER BY place_in_line) FILTER (WHERE haz IS NOT NULL))[1] AS haz_flagged,
           (array_agg(coalesce(waz, -99) ORDER BY place_in_line) FILTER (WHERE waz IS NOT NULL OR oedema))[1] AS waz,
           (array_agg(waz IS NOT NULL AND waz_flagged ORDER BY place_in_line)
               FILTER (WHERE waz IS NOT NULL OR oedema))[1] AS waz_flagged,
           (array_agg(coalesce(whz, -99) ORDER BY place_in_line) FILTER (WHERE whz IS NOT NULL OR oedema))[1] AS whz,
           (array_agg(whz IS NOT NULL AND whz_flagged ORDER BY place_in_line)
               FILTER (WHERE whz IS NOT NULL OR oedema))[1] AS whz_flagged,
           (array_agg(coalesce(baz, -99) ORDER BY place_in_line) FILTER (WHERE baz IS NOT NULL OR oedema))[1] AS baz,
           (array_agg(baz IS NOT NULL AND baz_flagged ORDER BY place_in_line)
               FILTER (WHERE baz IS NOT NULL OR oedema))[1] AS baz_flagged,
           (array_agg(letter ORDER BY place_in_line) FILTER (WHERE weight_kg IS NOT NULL))[1] AS letter,
           (array_agg(twice_not_gained ORDER BY place_in_line) FILTER (WHERE weight_kg IS NOT NULL))[1] AS twice,
           (array_agg(below_red_line ORDER BY place_in_line) FILTER (WHERE weight_kg IS NOT NULL))[1] AS red,
           (array_agg(tier ORDER BY place_in_line))[1] AS tier
    FROM counted GROUP BY root_id, month
),
case_now AS (   -- of each case the newest revision; one entered in error never was
    SELECT * FROM (
        SELECT DISTINCT ON (fact_id) * FROM case_fact ORDER BY fact_id, epoch DESC, revision DESC
    ) AS newest WHERE close_reason IS DISTINCT FROM 'entered_in_error'
),
case_of_month AS (  -- of the cases that cover a month of suspicion the one opened last, ended by a merge only if alone
    SELECT DISTINCT ON (s.root_id, s.month) s.root_id, s.month, c.milestones, c.close_reason, c.anaemia
    FROM child_months s
    JOIN (SELECT case_now.*, root_id FROM case_now JOIN member USING (child_id)) AS c USING (root_id)
    WHERE s.tier IN ('suspected', 'urgent') AND c.opened_on < (s.month + interval '1 month')::date
      AND (c.closed_on >= s.month OR c.closed_on IS NULL)
    ORDER BY s.root_id, s.month, (c.close_reason = 'merged') IS TRUE, c.opened_on DESC, c.fact_id DESC
),
target AS (     -- months that hold a day on which the child is a target, and the last such day
    SELECT r.root_id, m.month::date AS month,
           least((m.month + interval '1 month' - interval '1 day')::date, days.last_on) AS last_on
    FROM root r
    JOIN (SELECT root_id, min(valid_from) AS entered_on FROM home GROUP BY root_id) e USING (root_id)
    CROSS JOIN years
    CROSS JOIN LATERAL (
        SELECT greatest(r.birth_date, e.entered_on) AS first_on,
               greatest(r.birth_date, e.entered_on, least(r.sixty_months_on, r.gone_on) - 1) AS last_on
    ) AS days
    CROSS JOIN LATERAL generate_series(
        greatest(date_trunc('month', days.first_on::timestamp), years.first::timestamp),
        least(date_trunc('month', days.last_on::timestamp), years.last::timestamp), interval '1 month'
    ) AS m(month)
    WHERE days.first_on < r.sixty_months_on AND days.first_on <= coalesce(r.gone_on, 'infinity')
),
period_of AS (  -- every month of those years in each of its periods
    SELECT l.months, m.month::date AS of_month,
           make_date(extract(year FROM m.month)::int, (extract(month FROM m.month)::int - 1) / l.months * l.months + 1, 1)
               AS month
    FROM years CROSS JOIN lengths l
    CROSS JOIN LATERAL generate_series(years.first::timestamp, years.last::timestamp, interval '1 month') AS m(month)
),
child_periods AS (  -- a child once in each period, each finding of the month that speaks for it
    SELECT c.root_id, p.months, p.month, max(c.last_on) AS last_on,
           bool_or(weighed) AS weighed, bool_or(height_measured) AS height_measured,
           bool_or(weighed AND height_measured) AS both_measured,
           (array_agg(height ORDER BY c.month DESC) FILTER (WHERE height IS NOT NULL))[1] AS height,
           bool_or(oedema) AS oedema,
           (array_agg(haz ORDER BY c.month DESC) FILTER (WHERE haz IS NOT NULL))[1] AS haz,
           (array_agg(haz_flagged ORDER BY c.month DESC) FILTER (WHERE haz IS NOT NULL))[1] AS haz_flagged,
           (array_agg(waz ORDER BY c.month DESC) FILTER (WHERE waz IS NOT NULL))[1] AS waz,
           (array_agg(waz_flagged ORDER BY c.month DESC) FILTER (WHERE waz IS NOT NULL))[1] AS waz_flagged,
           (array_agg(whz ORDER BY c.month DESC) FILTER (WHERE whz IS NOT NULL))[1] AS whz,
           (array_agg(whz_flagged ORDER BY c.month DESC) FILTER (WHERE whz IS NOT NULL))[1] AS whz_flagged,
           (array_agg(baz ORDER BY c.month DESC) FILTER (WHERE baz IS NOT NULL))[1] AS baz,
           (array_agg(baz_flagged ORDER BY c.month DESC) FILTER (WHERE baz IS NOT NULL))[1] AS baz_flagged,
           (array_agg(letter ORDER BY c.month DESC) FILTER (WHERE weighed))[1] AS letter,
           (array_agg(twice ORDER BY c.month DESC) FILTER (WHERE weighed))[1] AS twice,
           (array_agg(red ORDER BY c.month DESC) FILTER (WHERE weighed))[1] AS red,
           bool_or(tier IN ('suspected', 'urgent')) AS suspected, bool_or(tier = 'urgent') AS urgent,
           (array_agg(milestones ORDER BY c.month DESC) FILTER (WHERE has_case))[1] AS milestones,
           (array_agg(close_reason ORDER BY c.month DESC) FILTER (WHERE has_case))[1] AS close_reason,
           (array_agg(anaemia ORDER BY c.month DESC) FILTER (WHERE has_case))[1] AS anaemia
    FROM child_months c
    LEFT JOIN (SELECT *, true AS has_case FROM case_of_month) AS told USING (root_id, month)
    JOIN period_of p ON p.of_month = c.month
    GROUP BY c.root_id, p.months, p.month
),
target_periods AS (
    SELECT t.root_id, p.months, p.month, max(t.last_on) AS last_on
    FROM target t JOIN period_of p ON p.of_month = t.month GROUP BY 1, 2, 3
),
place AS (      -- one place per child and period: of the last measurement, else of the last day as a target
    SELECT w.root_id, w.months, w.month, h.desa_code, h.posyandu_code
    FROM (
        SELECT root_id, months, month, coalesce(c.last_on, t.last_on) AS on_day
        FROM target_periods t FULL JOIN child_periods c USING (root_id, months, month)
    ) w
    JOIN home h ON h.root_id = w.root_id AND w.on_day < h.valid_to AND (w.on_day >= h.valid_from OR h.is_first)
),
waiting AS (
    SELECT h.desa_code, h.posyandu_code, 1 AS months, m.month, count(*) AS pending
    FROM aged m
    JOIN home h ON h.root_id = m.root_id AND m.measured_on < h.valid_to AND (m.measured_on >= h.valid_from OR h.is_first)
    WHERE m.age_months BETWEEN 0 AND 59
      AND NOT EXISTS (
          SELECT FROM measurement_fact later WHERE later.child_id = m.child_id AND later.fact_id = m.fact_id
             AND (later.epoch, later.revision) > (m.epoch, m.revision))
      AND NOT EXISTS (
          SELECT FROM assessment_fact a WHERE a.measurement_id = m.fact_id AND a.child_id = m.child_id
             AND a.measurement_epoch = m.epoch AND a.measurement_revision = m.revision)
    GROUP BY 1, 2, 3, 4
),
targets AS (
    SELECT desa_code, posyandu_code, months, month, count(*)::integer AS children FROM place GROUP BY 1, 2, 3, 4
),
findings AS (
    SELECT desa_code, posyandu_code, months, month, ARRAY[
            count(*) FILTER (WHERE weighed),
            count(*) FILTER (WHERE height_measured),
            count(*) FILTER (WHERE both_measured),
            count(*) FILTER (WHERE height = trunc(height)),
            count(*) FILTER (WHERE oedema),
            count(haz) FILTER (WHERE NOT haz_flagged),
            count(*) FILTER (WHERE haz < -2 AND NOT haz_flagged),
            count(*) FILTER (WHERE haz < -3 AND NOT haz_flagged),
            count(*) FILTER (WHERE haz_flagged),
            count(waz) FILTER (WHERE NOT waz_flagged),
            count(*) FILTER (WHERE waz < -2 AND NOT waz_flagged),
            count(*) FILTER (WHERE waz < -3 AND NOT waz_flagged),
            count(*) FILTER (WHERE waz_flagged),
            count(whz) FILTER (WHERE NOT whz_flagged),
            count(*) FILTER (WHERE whz < -2 AND NOT whz_flagged),
            count(*) FILTER (WHERE whz < -3 AND NOT whz_flagged),
            count(*) FILTER (WHERE whz > 2 AND NOT whz_flagged),
            count(*) FILTER (WHERE whz_flagged),
            count(baz) FILTER (WHERE NOT baz_flagged),
            count(*) FILTER (WHERE baz < -2 AND NOT baz_flagged),
            count(*) FILTER (WHERE baz < -3 AND NOT baz_flagged),
            count(*) FILTER (WHERE baz_flagged),
            count(*) FILTER (WHERE letter = 'N'),
            count(*) FILTER (WHERE letter = 'T'),
            count(*) FILTER (WHERE letter = 'O'),
            count(*) FILTER (WHERE letter = 'B'),
            count(*) FILTER (WHERE twice),
            count(*) FILTER (WHERE red),
            count(*) FILTER (WHERE suspected),
            count(*) FILTER (WHERE urgent),
            count(*) FILTER (WHERE milestones ? 'remeasured'),
            count(*) FILTER (WHERE milestones ? 'lab_ordered'),
            count(*) FILTER (WHERE milestones ? 'lab_complete'),
            count(*) FILTER (WHERE milestones ? 'referred'),
            count(*) FILTER (WHERE milestones ? 'care_started'),
            count(*) FILTER (WHERE close_reason = 'recovered'),
            count(*) FILTER (WHERE anaemia IN ('yes', 'no')),
            count(*) FILTER (WHERE anaemia = 'yes')
        ]::integer[] AS counts
    FROM child_periods JOIN place USING (root_id, months, month) GROUP BY 1, 2, 3, 4
),
changes AS (    -- what began before the first period asked for counts from there on
    SELECT desa_code, posyandu_code, months, greatest(month, l.first) AS month, sum(target_change) AS change
    FROM cell JOIN lengths l USING (months) WHERE generation = $1 AND month <= $3 GROUP BY 1, 2, 3, 4
),
stored AS (     -- S of every period asked for, also of periods in which nothing changes
    SELECT desa_code, posyandu_code, months, month,
           (sum(coalesce(change, 0)) OVER (PARTITION BY desa_code, posyandu_code, months ORDER BY month)
             + coalesce(c.target_shift, 0))::integer AS children,
           coalesce(c.pending, 0) AS pending,
           CASE WHEN c.month IS NOT NULL THEN ARRAY[
               c.weighed, c.height_measured, c.both_measured, c.height_whole_cm, c.oedema,
               c.haz_measured, c.stunted, c.severely_stunted, c.haz_flagged, c.waz_measured,
               c.underweight, c.severely_underweight, c.waz_flagged, c.whz_measured, c.wasted,
               c.severely_wasted, c.overweight, c.whz_flagged, c.baz_measured, c.baz_low,
               c.baz_severely_low, c.baz_flagged, c.letter_n, c.letter_t, c.letter_o, c.letter_b,
               c.twice_not_gained, c.below_red_line, c.suspected, c.urgent, c.remeasured, c.lab_ordered, c.lab_complete,
               c.referred, c.in_care, c.recovered, c.anaemia_known, c.anaemic
           ] END AS counts
    FROM (SELECT DISTINCT desa_code, posyandu_code FROM cell WHERE generation = $1) AS places
    CROSS JOIN (
        SELECT months, step::date AS month FROM lengths l
        CROSS JOIN LATERAL generate_series(l.first::timestamp, $3::date::timestamp, make_interval(months => l.months)) step
    ) AS periods
    LEFT JOIN changes USING (desa_code, posyandu_code, months, month)
    LEFT JOIN (SELECT * FROM cell WHERE generation = $1) AS c USING (desa_code, posyandu_code, months, month)
),
sides AS (
    SELECT desa_code, posyandu_code, months, month,
           coalesce(t.children, 0) || (coalesce(w.pending, 0)::integer || coalesce(f.counts, nobody)) AS expected,
           coalesce(s.children, 0) || (coalesce(s.pending, 0) || coalesce(s.counts, nobody)) AS stored
    FROM targets t FULL JOIN findings f USING (desa_code, posyandu_code, months, month)
    FULL JOIN waiting w USING (desa_code, posyandu_code, months, month)
    FULL JOIN stored s USING (desa_code, posyandu_code, months, month)
    CROSS JOIN (SELECT array_fill(0, ARRAY[38]) AS nobody) AS zeros
    JOIN lengths l USING (months)
    WHERE month >= l.first AND month <= $3      -- the years around were read for the long periods
)
SELECT count(*) AS compared,
       coalesce(jsonb_agg(jsonb_build_object(
           'desa_code', desa_code, 'posyandu_code', posyandu_code, 'month', to_char(month, 'YYYY-MM'), 'months', months, 'differs', (
               SELECT jsonb_object_agg(name, jsonb_build_object('expected', e, 'stored', s))
               FROM unnest(ARRAY[
                   'target_children', 'pending', 'weighed', 'height_measured', 'both_measured',
                   'height_whole_cm', 'oedema', 'haz_measured', 'stunted', 'severely_stunted', 'haz_flagged',
                   'waz_measured', 'underweight', 'severely_underweight', 'waz_flagged', 'whz_measured',
                   'wasted', 'severely_wasted', 'overweight', 'whz_flagged', 'baz_measured', 'baz_low',
                   'baz_severely_low', 'baz_flagged', 'letter_n', 'letter_t', 'letter_o', 'letter_b',
                   'twice_not_gained', 'below_red_line', 'suspected', 'urgent', 'remeasured', 'lab_ordered',
                   'lab_complete', 'referred', 'in_care', 'recovered', 'anaemia_known', 'anaemic'
               ], expected, stored) AS every(name, e, s) WHERE e <> s
           )) ORDER BY desa_code, posyandu_code, months, month) FILTER (WHERE expected <> stored), '[]') AS differences
FROM sides
