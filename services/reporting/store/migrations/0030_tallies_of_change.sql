-- Why a figure changed and where it leads, from tallies: what both are reckoned from, by desa, as known now.

-- Whether the caller may see every desa of an area.
CREATE FUNCTION sees_whole(area text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM unnest(caller_areas()) AS granted WHERE area = granted OR starts_with(area, granted || '.'))
$$;

-- The children of an area in the months `early` and `late`, alike ones together: where each counts (null = it does not)
-- and with which of the marks `told`. `fact` = the newest revision of one of them, where the marks of `measured` are not
-- the same in both months. Facts that are `alike` cannot differ in what they say of the months: which of `days` each of
-- their days has passed, and homes unless there was one only.
--
-- Runs as the owner, since a child of the area may count elsewhere in the other month; an area that the caller may not
-- see has no children.
CREATE FUNCTION changes_of_month(early date, late date, in_desa text, told bigint, measured bigint, days date[])
RETURNS TABLE (
    desa_before text, desa_after text, marks_before bigint, marks_after bigint, children integer, fact child_fact
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp SET work_mem = '64MB'
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
BEGIN
    IF NOT sees_whole(in_desa) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH here AS (
        SELECT m.root_id AS root, max(m.desa_code) FILTER (WHERE m.month = early) AS was,
               max(m.desa_code) FILTER (WHERE m.month = late) AS became,
               max(m.marks & told) FILTER (WHERE m.month = early) AS b1,
               max(m.marks & told) FILTER (WHERE m.month = late) AS b2
        FROM child_month m
        WHERE m.generation = live AND m.month IN (early, late) AND m.known_to IS NULL
          AND m.desa_code >= in_desa AND m.desa_code < in_desa || '/'
        GROUP BY m.root_id
    ),
    counted AS (    -- who has one month here may have the other one elsewhere
        SELECT here.root, coalesce(was, CASE WHEN m.month = early THEN m.desa_code END) AS was,
               coalesce(became, CASE WHEN m.month = late THEN m.desa_code END) AS became,
               coalesce(b1, CASE WHEN m.month = early THEN m.marks & told END, 0) AS b1,
               coalesce(b2, CASE WHEN m.month = late THEN m.marks & told END, 0) AS b2
        FROM here
        LEFT JOIN LATERAL (
            SELECT other.month, other.desa_code, other.marks FROM child_month other
            WHERE (was IS NULL OR became IS NULL) AND other.root_id = here.root
              AND other.month = CASE WHEN was IS NULL THEN early ELSE late END
              AND other.generation = live AND other.known_to IS NULL
            LIMIT 1
        ) AS m ON true
    ),
    known AS (
        SELECT counted.was, counted.became, b1, b2, newest.fact,
            concat_ws(' ',
                width_bucket((newest.fact).birth_date, days), coalesce(width_bucket((newest.fact).died_on, days), -1),
                coalesce(width_bucket((newest.fact).departed_on, days), -1),
                CASE homes.number WHEN 1 THEN width_bucket(homes.since::date, days) || homes.desa
                ELSE (newest.fact).residences::text END) AS alike
        FROM counted
        LEFT JOIN LATERAL (
            SELECT f AS fact FROM child_fact f
            WHERE b1 & measured <> b2 & measured AND f.child_id = counted.root
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS newest ON true
        LEFT JOIN LATERAL (
            SELECT count(*) AS number, min(home.key) AS since, min(home.value ->> 0) AS desa
            FROM jsonb_each((newest.fact).residences) AS home
        ) AS homes ON true
    )
    SELECT was, became, b1, b2, count(*)::integer, (array_agg(known.fact))[1] FROM known GROUP BY 1, 2, 3, 4, alike;
END $$;

-- The children of an area who count otherwise in a month than was known before `known_then`, alike ones together: marks
-- then and now (null = they did not count here; `away`: they counted elsewhere), and whether they were merged or split
-- since, as is told of who counts otherwise there in `late`, too. Marks of `counting` are what they differ in.
CREATE FUNCTION changes_since(
    of_month date, late date, known_then timestamptz, in_desa text, counting bigint, told bigint
)
RETURNS TABLE (
    marks_then bigint, marks_now bigint, away_then boolean, away_now boolean, linked boolean, children integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
BEGIN
    IF NOT sees_whole(in_desa) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH newer AS (     -- a version began or ended since
        SELECT DISTINCT m.root_id AS root FROM child_month m
        WHERE m.generation = live AND m.month = of_month AND m.desa_code >= in_desa AND m.desa_code < in_desa || '/'
          AND coalesce(m.known_to, m.known_from) >= known_then
    ),
    looked AS (
        SELECT m.root_id AS root, max(m.marks & told) FILTER (WHERE seen.was AND seen.here) AS b1,
               max(m.marks & told) FILTER (WHERE m.known_to IS NULL AND seen.here) AS b2,
               bool_or(seen.was AND NOT seen.here) AS a1, bool_or(m.known_to IS NULL AND NOT seen.here) AS a2
        FROM newer JOIN child_month m ON m.root_id = newer.root
        CROSS JOIN LATERAL (
            SELECT m.known_from < known_then AND coalesce(m.known_to, 'infinity') >= known_then AS was,
                   m.desa_code >= in_desa AND m.desa_code < in_desa || '/' AS here
        ) AS seen
        WHERE m.generation = live AND m.month = of_month GROUP BY m.root_id
    ),
    changed AS MATERIALIZED (
        SELECT root, b1, b2, a1, a2 FROM looked WHERE coalesce(b1, 0) & counting <> coalesce(b2, 0) & counting
    ),
    linking AS (        -- merged or split since: itself, or who counts otherwise and was or is one with it
        SELECT DISTINCT partner.root
        FROM (
            SELECT changed.root, changed.root AS who FROM changed
            UNION SELECT changed.root, l.child_id FROM changed JOIN child_link l ON l.root_id = changed.root
        ) AS partner
        LEFT JOIN LATERAL (
            SELECT f.merged_into AS into FROM child_fact f WHERE f.child_id = partner.who AND f.known_at < known_then
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS was ON true
        LEFT JOIN LATERAL (
            SELECT f.merged_into AS into FROM child_fact f WHERE f.child_id = partner.who
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS became ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(bit_or(m.marks & counting) FILTER (WHERE m.month = of_month AND seen.was), 0) AS b1,
                   coalesce(bit_or(m.marks & counting) FILTER (WHERE m.month = of_month AND m.known_to IS NULL), 0) AS b2,
                   coalesce(bit_or(m.marks & counting) FILTER (WHERE m.month = late AND m.known_to IS NULL), 0) AS b3
            FROM child_month m CROSS JOIN LATERAL (
                SELECT m.known_from < known_then AND coalesce(m.known_to, 'infinity') >= known_then AS was
            ) AS seen
            WHERE m.root_id = partner.who AND m.generation = live AND m.month IN (of_month, late)
              AND m.desa_code >= in_desa AND m.desa_code < in_desa || '/'
        ) AS counted
        WHERE was.into IS DISTINCT FROM became.into AND partner.root IN (partner.who, was.into, became.into)
          AND (counted.b1 <> counted.b2 OR counted.b2 <> counted.b3)
    )
    SELECT b1, b2, a1, a2, changed.root IN (SELECT linking.root FROM linking), count(*)::integer
    FROM changed GROUP BY 1, 2, 3, 4, 5;
END $$;

-- How the children of an area grew in the months `from_month` to `to_month` (twelve at most), and who is a target of the
-- last one, by desa: as growth_of_children says, of scores below `wider`. A row with `past` is of every child with a
-- score in the desa, wherever else it was measured; its bits of `here` are set where the score is of this desa.
CREATE FUNCTION growth_by_desa(
    from_month date, to_month date, recent date, wider text, in_desa text, scored bigint,
    edges double precision[], ages integer[]
) RETURNS TABLE (desa text, past bigint, here integer, born date, band integer, children integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp SET work_mem = '64MB'
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    bands integer := cardinality(edges) + 1;
    months date[] := ARRAY(SELECT generate_series(from_month::timestamp, to_month::timestamp, interval '1 month')::date);
BEGIN
    IF NOT sees_whole(in_desa) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH target AS (
        SELECT s.root_id AS root, s.desa_code AS home,
               coalesce(s.birth_date, (SELECT c.birth_date FROM child c WHERE c.child_id = s.root_id)) AS birth_date
        FROM child_span s
        WHERE s.generation = live AND s.from_month <= to_month AND s.to_month > to_month AND s.known_to IS NULL
          AND s.desa_code >= in_desa AND s.desa_code < in_desa || '/'
    ),
    concerned AS (
        SELECT m.root_id AS root FROM child_month m
        WHERE m.generation = live AND m.month = ANY (months) AND m.known_to IS NULL AND m.marks & scored <> 0
          AND m.desa_code >= in_desa AND m.desa_code < in_desa || '/'
        UNION
        SELECT root FROM target
    ),
    score AS MATERIALIZED (
        SELECT m.root_id AS root, m.desa_code AS place, m.desa_code >= wider AND m.desa_code < wider || '/' AS near,
               width_bucket(m.haz, edges) AS of_band, width_bucket(m.age_months::integer, ages) AS of_age,
               ((m.month - from_month) * 12 + 183) / 365 AS at    -- months, as these days never differ by more than three
        FROM concerned JOIN child_month m ON m.root_id = concerned.root
        WHERE m.generation = live AND m.month BETWEEN from_month AND to_month AND m.known_to IS NULL
          AND m.marks & scored <> 0
    ),
    history AS MATERIALIZED (   -- `last`: below `wider`; `anywhere`: of all
        SELECT root, bit_or((1 + of_band + bands * of_age)::bigint << 5 * at) FILTER (WHERE near) AS told,
               max(bands * at + of_band) FILTER (WHERE near) AS last, max(bands * at + of_band) AS anywhere
        FROM score GROUP BY root
    ),
    inside AS (
        SELECT root, place, bit_or(1 << at) AS there
        FROM score WHERE place >= in_desa AND place < in_desa || '/' GROUP BY root, place
    )
    SELECT inside.place, told, there, NULL::date, NULL::integer, count(*)::integer
    FROM inside JOIN history USING (root) GROUP BY 1, 2, 3
    UNION ALL
    SELECT home, NULL, NULL, birth_date,
           CASE WHEN last >= bands * since THEN last % bands WHEN anywhere >= bands * since THEN anywhere % bands END,
           count(*)::integer
    FROM target CROSS JOIN (SELECT ((recent - from_month) * 12 + 183) / 365 AS since) AS months_ago
    LEFT JOIN history USING (root)
    WHERE birth_date IS NOT NULL GROUP BY 1, 4, 5;
END $$;

-- The kecamatan of an area where anything in these months has changed that is not counted yet (as is_counted).
CREATE FUNCTION uncounted_below(area text, from_month date, to_month date) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT d.area_code FROM tally_due AS d
    WHERE d.area_code COLLATE "C" > area AND d.area_code COLLATE "C" < area || '/'
      AND d.month BETWEEN from_month AND to_month AND length(d.area_code) = 8
    UNION
    SELECT left(changed.place, 8) FROM figure_mark AS m,
        unnest(m.places || m.recount_places, m.first_months || m.recount_first, m.last_months || m.recount_last)
            AS changed(place, first, last)
    WHERE starts_with(changed.place, area || '.') AND changed.first <= to_month AND changed.last >= from_month
$$;
REVOKE ALL ON FUNCTION changes_of_month(date, date, text, bigint, bigint, date[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION
    growth_by_desa(date, date, date, text, text, bigint, double precision[], integer[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION changes_since(date, date, timestamptz, text, bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION uncounted_below(text, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changes_of_month(date, date, text, bigint, bigint, date[]),
    changes_since(date, date, timestamptz, text, bigint, bigint),
    growth_by_desa(date, date, date, text, text, bigint, double precision[], integer[]),
    uncounted_below(text, date, date) TO :service_api, :service_worker;
