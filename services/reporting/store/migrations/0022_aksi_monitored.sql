-- Who was treated is an indicator (domain/indicators) and counted by its definition; what the board counts by months of a
-- year is who was weighed and measured often enough. Once, where last measured in the year. Runs as the owner,
-- as `children_of_period` does: months elsewhere decide where a child counts; counts of the caller's areas come out.
CREATE FUNCTION aksi_monitored(
    from_month date, to_month date, known_before timestamptz, in_area text,
    weighed bigint, measured bigint, months_weighed integer, months_measured integer
) RETURNS TABLE (desa_code text, children integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    WITH known AS (
        SELECT m.root_id, m.month, m.desa_code AS desa, m.marks FROM child_month m
        WHERE m.generation = (SELECT g.generation FROM generation g WHERE g.state = 'live')
          AND m.month BETWEEN from_month AND to_month
          AND m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)
    ),
    often AS (
        SELECT (array_agg(desa ORDER BY month DESC))[1] AS desa FROM known
        WHERE root_id IN (SELECT here.root_id FROM known here
                          WHERE here.desa COLLATE "C" >= in_area AND here.desa COLLATE "C" < in_area || '/')
        GROUP BY root_id
        HAVING count(*) FILTER (WHERE marks & weighed <> 0) >= months_weighed
           AND count(*) FILTER (WHERE marks & measured <> 0) >= months_measured
    )
    SELECT desa, count(*)::integer FROM often
    WHERE desa COLLATE "C" >= in_area AND desa COLLATE "C" < in_area || '/' AND area_visible(desa, NULL)
    GROUP BY desa
$$;
REVOKE ALL ON FUNCTION aksi_monitored(date, date, timestamptz, text, bigint, bigint, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksi_monitored(date, date, timestamptz, text, bigint, bigint, integer, integer) TO :service_api;
