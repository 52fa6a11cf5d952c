-- The child is looked up only where its span has no birth date: joined, all children of all areas were read.
CREATE OR REPLACE FUNCTION growth_of_children(
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
