-- Why a figure changed and where it leads, counted in the database: what is sent is the kinds of change and of past.

-- Looks were joined child by child, and facts read under a policy that looks each child up once more.
DROP FUNCTION changed_children(
    date, date, date, date, timestamptz, timestamptz, text, text, text[], bigint, bigint, text);

-- The children of an area whose marks of `counting` are not the same in all looks: in the months `early_from` to
-- `early_to` as known before `known_then` and before `known_now` (null = now), and in `late_from` to `late_to`. Where a
-- child counts is where its last month of the period was; its marks are of the last month that has one of `given`.
--
-- Runs as the owner, since the months and facts that tell why may lie in other areas by now; only children who counted in
-- the caller's areas in one of the looks come out. `fact` = the newest revision then known, of those who have a mark of
-- `measured` in one period and not in the other. Facts that are `alike` cannot differ in the reason: it names which of
-- `days` each of their days has passed, and homes unless there was one only. `days` are the rule's.
CREATE FUNCTION changed_children(
    early_from date, early_to date, late_from date, late_to date, known_then timestamptz, known_now timestamptz,
    in_desa text, at_posyandu text, of_homes text[], given bigint, counting bigint, measured bigint, index_name text,
    days date[]
) RETURNS TABLE (
    root_id uuid, marks_then bigint, marks_before bigint, marks_after bigint,
    away_then boolean, away_before boolean, away_after boolean,
    score_before double precision, score_after double precision, linked boolean, fact child_fact, alike text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp SET work_mem = '64MB'
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    upper_desa text := in_desa || '/';
    areas text[] := caller_areas();
    one_month boolean := early_from = early_to;
    same_instant boolean := known_then IS NOT DISTINCT FROM known_now;
    early date[] := ARRAY(SELECT generate_series(early_from::timestamp, early_to::timestamp, interval '1 month')::date);
    late date[] := ARRAY(SELECT generate_series(late_from::timestamp, late_to::timestamp, interval '1 month')::date);
BEGIN
    RETURN QUERY
    WITH inside AS (    -- months in the area, by look; `told`: no other month could say otherwise where and what
        SELECT m.root_id AS root, look, m.marks AS bits,
               m.month = CASE look WHEN 3 THEN late_to ELSE early_to END AND (one_month OR m.marks & given <> 0) AS told,
               CASE index_name WHEN 'haz' THEN m.haz WHEN 'waz' THEN m.waz WHEN 'whz' THEN m.whz END AS score
        FROM child_month m
        CROSS JOIN LATERAL (
            SELECT 1 AS look WHERE NOT same_instant AND m.month = ANY (early)
                AND ((known_then IS NULL AND m.known_to IS NULL)
                     OR (m.known_from < known_then AND (m.known_to IS NULL OR m.known_to >= known_then)))
            UNION ALL
            SELECT CASE WHEN m.month = ANY (early) THEN 2 ELSE 3 END
            WHERE (known_now IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_now AND (m.known_to IS NULL OR m.known_to >= known_now))
        ) AS seen
        WHERE m.generation = live AND m.month = ANY (early || late)
          AND (in_desa IS NULL OR (m.desa_code >= in_desa AND m.desa_code < upper_desa))
          AND (at_posyandu IS NULL OR m.posyandu_code = at_posyandu)
          AND (of_homes IS NULL OR home_desa(m.desa_code, m.posyandu_code) = ANY (of_homes))
          AND (left(m.desa_code, 5) = ANY (areas) OR left(m.desa_code, 8) = ANY (areas) OR m.desa_code = ANY (areas)
               OR m.posyandu_code = ANY (areas) OR left(m.desa_code, 2) = ANY (areas))
    ),
    met AS (
        SELECT root, coalesce(bit_or(1 << look) FILTER (WHERE told), 0) AS told_of,
               bit_or(bits) FILTER (WHERE look = 1 AND told) AS b1, bit_or(bits) FILTER (WHERE look = 2 AND told) AS b2,
               bit_or(bits) FILTER (WHERE look = 3 AND told) AS b3,
               max(score) FILTER (WHERE look = 2 AND told) AS s2, max(score) FILTER (WHERE look = 3 AND told) AS s3
        FROM inside GROUP BY root
        -- Of one month, who is not told of here counts elsewhere or nowhere: nothing here either way.
        HAVING NOT one_month
            OR coalesce(bit_or(bits) FILTER (WHERE look = 2), 0) & counting
               <> coalesce(bit_or(bits) FILTER (WHERE look = 3), 0) & counting
            OR (NOT same_instant AND coalesce(bit_or(bits) FILTER (WHERE look = 2), 0) & counting
                                     <> coalesce(bit_or(bits) FILTER (WHERE look = 1), 0) & counting)
    ),
    elsewhere AS (      -- of those not told of: all months of the period, wherever they were
        SELECT met.root, looks.look, every.*
        FROM met
        JOIN (VALUES (1, early_from, early_to, known_then), (2, early_from, early_to, known_now),
                     (3, late_from, late_to, known_now)) AS looks (look, first, last, known)
          ON met.told_of & (1 << looks.look) = 0 AND (looks.look > 1 OR NOT same_instant)
        CROSS JOIN LATERAL (
            SELECT (array_agg(m.desa_code ORDER BY m.month DESC))[1] AS desa,
                   (array_agg(m.posyandu_code ORDER BY m.month DESC))[1] AS post,
                   coalesce((array_agg(m.marks ORDER BY m.month DESC) FILTER (WHERE m.marks & given <> 0))[1], 0) AS bits,
                   (array_agg(CASE index_name WHEN 'haz' THEN m.haz WHEN 'waz' THEN m.waz WHEN 'whz' THEN m.whz END
                              ORDER BY m.month DESC) FILTER (WHERE m.marks & given <> 0))[1] AS score
            FROM child_month m
            WHERE m.root_id = met.root AND m.generation = live AND m.month BETWEEN looks.first AND looks.last
              AND ((looks.known IS NULL AND m.known_to IS NULL)
                   OR (m.known_from < looks.known AND (m.known_to IS NULL OR m.known_to >= looks.known)))
            HAVING count(*) > 0
        ) AS every
    ),
    placed AS (
        SELECT root, look, bits, score,
               (in_desa IS NULL OR (desa >= in_desa AND desa < upper_desa))
               AND (at_posyandu IS NULL OR post = at_posyandu)
               AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
               AND (left(desa, 5) = ANY (areas) OR left(desa, 8) = ANY (areas) OR desa = ANY (areas)
                    OR post = ANY (areas) OR left(desa, 2) = ANY (areas)) AS here
        FROM elsewhere
    ),
    found AS (
        SELECT root,
               bit_or(bits) FILTER (WHERE look = 1 AND here) AS b1, bit_or(bits) FILTER (WHERE look = 2 AND here) AS b2,
               bit_or(bits) FILTER (WHERE look = 3 AND here) AS b3,
               bool_or(look = 1 AND NOT here) AS a1, bool_or(look = 2 AND NOT here) AS a2,
               bool_or(look = 3 AND NOT here) AS a3,
               max(score) FILTER (WHERE look = 2 AND here) AS s2, max(score) FILTER (WHERE look = 3 AND here) AS s3
        FROM placed GROUP BY root
    ),
    looked AS (
        SELECT met.root, coalesce(met.b1, found.b1) AS b1, coalesce(met.b2, found.b2) AS b2,
               coalesce(met.b3, found.b3) AS b3, coalesce(a1, false) AS a1, coalesce(a2, false) AS a2,
               coalesce(a3, false) AS a3, coalesce(met.s2, found.s2) AS s2, coalesce(met.s3, found.s3) AS s3
        FROM met LEFT JOIN found ON found.root = met.root
    ),
    changed AS MATERIALIZED (
        SELECT root, CASE WHEN same_instant THEN b2 ELSE b1 END AS b1, b2, b3,
               CASE WHEN same_instant THEN a2 ELSE a1 END AS a1, a2, a3, s2, s3
        FROM looked
        WHERE coalesce(b3, 0) & counting <> coalesce(b2, 0) & counting
           OR (NOT same_instant AND coalesce(b1, 0) & counting <> coalesce(b2, 0) & counting)
    ),
    merged AS (
        SELECT changed.root, was.into AS into_then, became.into AS into_now
        FROM changed
        LEFT JOIN LATERAL (
            SELECT f.merged_into AS into FROM child_fact f
            WHERE f.child_id = changed.root AND (known_then IS NULL OR f.known_at < known_then)
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS was ON true
        LEFT JOIN LATERAL (
            SELECT f.merged_into AS into FROM child_fact f
            WHERE f.child_id = changed.root AND (known_now IS NULL OR f.known_at < known_now)
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS became ON true
        WHERE NOT same_instant AND was.into IS DISTINCT FROM became.into
    ),
    linking AS (
        SELECT unnest(ARRAY[root, into_then, into_now]) AS child FROM merged
    )
    SELECT changed.root, b1, b2, b3, a1, a2, a3, s2, s3,
           NOT same_instant AND changed.root IN (SELECT child FROM linking), known.fact, known.alike
    FROM changed
    LEFT JOIN LATERAL (
        SELECT newest.fact, concat_ws(' ',
            width_bucket((newest.fact).birth_date, days), coalesce(width_bucket((newest.fact).died_on, days), -1),
            coalesce(width_bucket((newest.fact).departed_on, days), -1),
            CASE homes.number WHEN 1 THEN concat_ws(' ', width_bucket(homes.since::date, days),
                (in_desa IS NULL OR (homes.desa COLLATE "C" >= in_desa AND homes.desa COLLATE "C" < upper_desa))
                AND (at_posyandu IS NULL OR homes.post = at_posyandu)
                AND (of_homes IS NULL OR home_desa(homes.desa, homes.post) = ANY (of_homes)))
            ELSE (newest.fact).residences::text END) AS alike
        FROM (
            SELECT f AS fact FROM child_fact f
            WHERE f.child_id = changed.root AND (known_now IS NULL OR f.known_at < known_now)
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS newest
        CROSS JOIN LATERAL (
            SELECT count(*) AS number, min(home.key) AS since, min(home.value ->> 0) AS desa,
                   min(coalesce(home.value ->> 1, '')) AS post
            FROM jsonb_each((newest.fact).residences) AS home
        ) AS homes
    ) AS known ON coalesce(b2, 0) & measured <> coalesce(b3, 0) & measured;
END $$;
REVOKE ALL ON FUNCTION changed_children(
    date, date, date, date, timestamptz, timestamptz, text, text, text[], bigint, bigint, bigint, text, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changed_children(
    date, date, date, date, timestamptz, timestamptz, text, text, text[], bigint, bigint, bigint, text, date[])
    TO :service_api;

-- How children below `wider` grew in the months `from_month` to `to_month` (twelve at most), and who of the area is a
-- target of the last one; as known before `known_before` (null = now).
--
-- Rows with `past` are histories, with how many children have each: five bits a month from the first on, 0 = no score (no
-- mark of `scored`), else 1 + band of HAZ by `edges` + (number of edges + 1) x age class by `ages`; and in `here` a bit
-- a month, set where the score is of the area. Rows with `born` are targets by birth date and band of the last score
-- since `recent`, null = none: the last below `wider`, else of anywhere.
--
-- Runs as the owner: scores elsewhere speak for a target; histories and targets of the caller's areas come out.
CREATE FUNCTION growth_of_children(
    from_month date, to_month date, recent date, known_before timestamptz, wider text,
    in_desa text, at_posyandu text, of_homes text[], scored bigint, edges double precision[], ages integer[]
) RETURNS TABLE (past bigint, here integer, born date, band integer, children integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp SET work_mem = '64MB'
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    upper_desa text := in_desa || '/';
    upper_wider text := wider || '/';
    areas text[] := caller_areas();
    bands integer := cardinality(edges) + 1;
    months date[] := ARRAY(SELECT generate_series(from_month::timestamp, to_month::timestamp, interval '1 month')::date);
BEGIN
    RETURN QUERY
    WITH score AS (
        SELECT m.root_id AS root, m.desa_code AS desa, m.posyandu_code AS post,
               width_bucket(m.haz, edges) AS of_band, width_bucket(m.age_months::integer, ages) AS of_age,
               ((m.month - from_month) * 12 + 183) / 365 AS at    -- months, as these days never differ by more than three
        FROM child_month m
        WHERE m.generation = live AND m.month = ANY (months) AND m.desa_code >= wider AND m.desa_code < upper_wider
          AND m.marks & scored <> 0
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
          AND (left(m.desa_code, 5) = ANY (areas) OR left(m.desa_code, 8) = ANY (areas) OR m.desa_code = ANY (areas)
               OR m.posyandu_code = ANY (areas) OR left(m.desa_code, 2) = ANY (areas))
    ),
    history AS MATERIALIZED (
        SELECT root, bit_or((1 + of_band + bands * of_age)::bigint << 5 * at) AS told, max(bands * at + of_band) AS last,
               bit_or(CASE WHEN (in_desa IS NULL OR (desa >= in_desa AND desa < upper_desa))
                            AND (at_posyandu IS NULL OR post = at_posyandu)
                            AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
                           THEN 1 << at ELSE 0 END) AS there
        FROM score GROUP BY root
    ),
    target AS (
        -- The child is looked up only where its span has no birth date: joined, all children of all areas were read.
        SELECT s.root_id AS root,
               coalesce(s.birth_date, (SELECT c.birth_date FROM child c WHERE c.child_id = s.root_id)) AS birth_date
        FROM child_span s
        WHERE s.generation = live AND s.from_month <= to_month AND s.to_month > to_month
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
          AND (in_desa IS NULL OR (s.desa_code >= in_desa AND s.desa_code < upper_desa))
          AND (at_posyandu IS NULL OR s.posyandu_code = at_posyandu)
          AND (of_homes IS NULL OR home_desa(s.desa_code, s.posyandu_code) = ANY (of_homes))
          AND (left(s.desa_code, 5) = ANY (areas) OR left(s.desa_code, 8) = ANY (areas) OR s.desa_code = ANY (areas)
               OR s.posyandu_code = ANY (areas) OR left(s.desa_code, 2) = ANY (areas))
    ),
    today AS (
        SELECT birth_date, CASE WHEN last / bands >= ((recent - from_month) * 12 + 183) / 365 THEN last % bands END
                           AS latest, root
        FROM target LEFT JOIN history USING (root)
    )
    SELECT told, there, NULL::date, NULL::integer, count(*)::integer FROM history GROUP BY 1, 2
    UNION ALL
    SELECT NULL, NULL, birth_date, coalesce(latest, elsewhere.of_band), count(*)::integer
    FROM today
    LEFT JOIN LATERAL (
        SELECT width_bucket(m.haz, edges) AS of_band FROM child_month m
        WHERE m.root_id = today.root AND m.generation = live AND m.month BETWEEN recent AND to_month
          AND m.marks & scored <> 0
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
        ORDER BY m.month DESC LIMIT 1
    ) AS elsewhere ON latest IS NULL
    WHERE birth_date IS NOT NULL GROUP BY 3, 4;
END $$;
REVOKE ALL ON FUNCTION growth_of_children(
    date, date, date, timestamptz, text, text, text, text[], bigint, double precision[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION growth_of_children(
    date, date, date, timestamptz, text, text, text, text[], bigint, double precision[], integer[]) TO :service_api;
-- Spans of before they carried a birth date are told the age of the child.
CREATE POLICY periods ON child FOR SELECT TO :service_owner USING (true);
