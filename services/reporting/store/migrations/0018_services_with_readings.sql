-- What laboratory values mean for a child, by test: [abnormal, grade], of the newest valid result, as the risk status has
-- it. Only tests that indicators speak of; confidential ones are none of these.
ALTER TABLE risk_status_fact ADD COLUMN readings jsonb NOT NULL DEFAULT '{}';
CREATE POLICY periods ON risk_status_fact FOR SELECT TO :service_owner USING (true);

-- As before, and a laboratory value is something that may be said of a child: type `laboratory`, subject
-- `test:abnormal`, dose the grade.
CREATE OR REPLACE FUNCTION services_of_children(
    from_month date, to_month date, known_before timestamptz,
    in_desa text, at_posyandu text, of_homes text[], wasted bigint, severely bigint,
    kinds text[], subjects text[], doses text[], ages_from integer[], ages_before integer[], act integer[],
    piece integer[], lifelong boolean[], needed integer[]
) RETURNS TABLE (root_id uuid, desa_code text, posyandu_code text, age_months integer, marks bigint, acts bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    upper_desa text := in_desa || '/';
    last_day date := (to_month + interval '1 month' - interval '1 day')::date;
    areas text[] := caller_areas();
BEGIN
    RETURN QUERY
    WITH here AS (
        SELECT m.root_id AS id FROM child_month m
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
    months AS (
        SELECT m.root_id AS id, m.month, m.desa_code AS desa, m.posyandu_code AS post, m.age_months AS age,
               m.marks | CASE WHEN m.marks & wasted <> 0 AND m.marks & severely = 0 THEN 1::bigint << 62 ELSE 0 END AS bits
        FROM here JOIN child_month m ON m.root_id = here.id
        WHERE m.generation = live AND m.month BETWEEN from_month AND to_month
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
    ),
    latest AS (SELECT DISTINCT ON (id) * FROM months ORDER BY id, month DESC),
    found AS (SELECT id, bit_or(bits) AS bits FROM months GROUP BY id),
    target AS (
        SELECT DISTINCT ON (s.root_id) s.root_id AS id, s.desa_code AS desa, s.posyandu_code AS post,
               least(59, ((extract(year FROM last_day) - extract(year FROM s.birth_date)) * 12
                          + extract(month FROM last_day) - extract(month FROM s.birth_date))::integer
                         - (extract(day FROM last_day) < extract(day FROM s.birth_date))::integer) AS age
        FROM here JOIN child_span s ON s.root_id = here.id
        WHERE s.generation = live AND s.from_month <= to_month AND s.to_month > from_month
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
        ORDER BY s.root_id, s.from_month DESC
    ),
    told AS (       -- what was done, and what laboratory values mean: of whatever day, as the case mirrors its order
        SELECT s.root_id AS id, s.type, s.subject, s.dose, s.age_months AS age, s.began_on, s.ended_on
        FROM here JOIN child_service s ON s.root_id = here.id
        WHERE s.generation = live AND s.began_on <= last_day
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
        UNION ALL
        SELECT here.id, 'laboratory', one.test || ':' || (one.reading ->> 0), one.reading ->> 1, 0, NULL, NULL
        FROM here
        JOIN LATERAL (
            SELECT f.readings, f.voided FROM risk_status_fact f
            WHERE f.child_id = here.id AND (known_before IS NULL OR f.known_at < known_before)
            ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
        ) AS status ON NOT status.voided
        CROSS JOIN LATERAL jsonb_each(status.readings) AS one(test, reading)
        WHERE 'laboratory' = ANY (kinds)
    ),
    given AS (
        SELECT s.id, k.act AS number, bool_or(k.piece = 0) AS whole,
               count(DISTINCT k.piece) FILTER (WHERE k.piece > 0) AS pieces
        FROM told s JOIN unnest(kinds, subjects, doses, ages_from, ages_before, act, piece, lifelong)
            AS k(kind, subject, dose, age_from, age_before, act, piece, lifelong)
          ON s.type = k.kind AND s.subject = k.subject AND s.age >= k.age_from AND s.age < k.age_before
         AND (k.dose IS NULL OR s.dose = k.dose)
         AND (k.lifelong OR coalesce(s.ended_on, 'infinity') >= from_month)
        GROUP BY s.id, k.act
    ),
    done AS (
        SELECT id, bit_or(1::bigint << number) AS bits FROM given WHERE whole OR pieces >= needed[number + 1] GROUP BY id
    ),
    place AS (
        SELECT here.id, coalesce(latest.desa, target.desa) AS desa, coalesce(latest.post, target.post) AS post,
               coalesce(latest.age, target.age)::integer AS age,
               coalesce(found.bits, 0) AS bits, coalesce(done.bits, 0) AS done
        FROM here LEFT JOIN latest USING (id) LEFT JOIN found USING (id) LEFT JOIN target USING (id)
        LEFT JOIN done USING (id)
    )
    SELECT place.id, place.desa, place.post, place.age, place.bits, place.done FROM place
    WHERE (in_desa IS NULL OR (desa >= in_desa AND desa < upper_desa))
      AND (at_posyandu IS NULL OR post = at_posyandu)
      AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
      AND (left(desa, 5) = ANY (areas) OR left(desa, 8) = ANY (areas) OR desa = ANY (areas) OR post = ANY (areas)
           OR left(desa, 2) = ANY (areas));
END $$;
