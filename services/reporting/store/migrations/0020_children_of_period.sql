-- What the children of an area count for in a period, with sex and age: figures as of a day and by group are counted on
-- read.

-- The children who count in the months `from_month` to `to_month` in an area that the caller may see: measured there
-- last, or targets there on their last day as one. One row a child, which says nothing of who it is: where it counts,
-- and what for. `known_before` null = as known now. An area is `in_desa` and all below it, or a home posyandu
-- (`at_posyandu`), or the home posyandu of some desa (`of_homes`).
--
-- Runs as the owner, since months that decide where a child counts may lie in other areas; only children who count in
-- the caller's areas come out. `any_month` are the marks that count if any month has them; of the n-th pair, the marks
-- `taken[n]` are those of the latest month that has one of `given_by[n]`; `of_case` those of the latest month with a
-- case. The rules are the caller's (domain/period_months.py), so that the fold and this function cannot differ in them.
--
-- Sex and age are those at the last measurement; of a target who was not measured, the age at the end of its last month
-- as one. Null where not known: spans of before they carried a birth date wait for a rebuild.
CREATE FUNCTION children_of_period(
    from_month date, to_month date, known_before timestamptz,
    in_desa text, at_posyandu text, of_homes text[],
    any_month bigint, given_by bigint[], taken bigint[], of_case bigint
) RETURNS TABLE (
    desa_code text, posyandu_code text, marks bigint, course jsonb, sex text, age_months integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp
-- Which conditions there are depends on the arguments.
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    upper_desa text := in_desa || '/';
    areas text[] := caller_areas();
BEGIN
    RETURN QUERY
    WITH here AS (  -- who has a month or a span of the period in the area: nobody else can count in it
        SELECT m.root_id FROM child_month m
        WHERE m.generation = live AND m.month BETWEEN from_month AND to_month
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
          AND (in_desa IS NULL OR (m.desa_code >= in_desa AND m.desa_code < upper_desa))
          AND (at_posyandu IS NULL OR m.posyandu_code = at_posyandu)
          AND (of_homes IS NULL OR home_desa(m.desa_code, m.posyandu_code) = ANY (of_homes))
        UNION
        SELECT s.root_id FROM child_span s
        WHERE s.generation = live AND s.from_month <= to_month AND s.to_month > from_month
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
          AND (in_desa IS NULL OR (s.desa_code >= in_desa AND s.desa_code < upper_desa))
          AND (at_posyandu IS NULL OR s.posyandu_code = at_posyandu)
          AND (of_homes IS NULL OR home_desa(s.desa_code, s.posyandu_code) = ANY (of_homes))
    ),
    months AS (     -- all of theirs, wherever they were measured
        SELECT m.root_id, m.month, m.desa_code AS desa, m.posyandu_code AS post, m.marks AS bits, m.course AS way,
               m.sex AS of_sex, m.age_months AS old,
               (m.month - from_month)::bigint << 54 AS late     -- days, above every mark
        FROM here JOIN child_month m ON m.root_id = here.root_id
        WHERE m.generation = live AND m.month BETWEEN from_month AND to_month
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
    ),
    counted AS (
        SELECT root_id, max(month) AS last_month, max(month) FILTER (WHERE way IS NOT NULL) AS case_month,
               bit_or(bits & any_month)
               | coalesce(max(late | (bits & taken[1])) FILTER (WHERE bits & given_by[1] <> 0) & taken[1], 0)
               | coalesce(max(late | (bits & taken[2])) FILTER (WHERE bits & given_by[2] <> 0) & taken[2], 0)
               | coalesce(max(late | (bits & taken[3])) FILTER (WHERE bits & given_by[3] <> 0) & taken[3], 0)
               | coalesce(max(late | (bits & taken[4])) FILTER (WHERE bits & given_by[4] <> 0) & taken[4], 0)
               | coalesce(max(late | (bits & taken[5])) FILTER (WHERE bits & given_by[5] <> 0) & taken[5], 0)
               | coalesce(max(late | (bits & taken[6])) FILTER (WHERE bits & given_by[6] <> 0) & taken[6], 0)
               | coalesce(max(late | (bits & of_case)) FILTER (WHERE way IS NOT NULL) & of_case, 0) AS bits
        FROM months GROUP BY root_id
    ),
    target AS (
        SELECT DISTINCT ON (s.root_id) s.root_id, s.desa_code AS desa, s.posyandu_code AS post, s.sex AS of_sex,
               -- Completed months at the end of the last month as a target. Who turns 60 in that month is 59 in it.
               least(59, extract(year FROM e.last_day) * 12 + extract(month FROM e.last_day)
                         - extract(year FROM s.birth_date) * 12 - extract(month FROM s.birth_date)
                         - (extract(day FROM e.last_day) < extract(day FROM s.birth_date))::int) AS old
        FROM here JOIN child_span s ON s.root_id = here.root_id
        CROSS JOIN LATERAL (
            SELECT (least(s.to_month, (to_month + interval '1 month')::date) - 1) AS last_day
        ) AS e
        WHERE s.generation = live AND s.from_month <= to_month AND s.to_month > from_month
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
        ORDER BY s.root_id, s.from_month DESC
    ),
    place AS (
        SELECT coalesce(last.desa, target.desa) AS desa, coalesce(last.post, target.post) AS post,
               coalesce(counted.bits, 0) AS bits, told.way,
               CASE WHEN last.root_id IS NULL THEN target.of_sex ELSE last.of_sex END AS of_sex,
               coalesce(last.old, target.old)::integer AS old
        FROM here
        LEFT JOIN counted USING (root_id)
        LEFT JOIN months last ON last.root_id = counted.root_id AND last.month = counted.last_month
        LEFT JOIN months told ON told.root_id = counted.root_id AND told.month = counted.case_month
        LEFT JOIN target ON target.root_id = here.root_id
    )
    SELECT place.desa, place.post, place.bits, place.way, place.of_sex, place.old FROM place
    WHERE (in_desa IS NULL OR (desa >= in_desa AND desa < upper_desa))
      AND (at_posyandu IS NULL OR post = at_posyandu)
      AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
      AND (left(desa, 5) = ANY (areas) OR left(desa, 8) = ANY (areas) OR desa = ANY (areas) OR post = ANY (areas)
           OR left(desa, 2) = ANY (areas));
END $$;
REVOKE ALL ON FUNCTION children_of_period(date, date, timestamptz, text, text, text[], bigint, bigint[], bigint[], bigint)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    children_of_period(date, date, timestamptz, text, text, text[], bigint, bigint[], bigint[], bigint) TO :service_api;
