-- K of SKDN: whether a child has a growth card or KIA book, as its fact says; in its spans, so that it is of the
-- children of S wherever and however they count.
ALTER TABLE child_fact ADD COLUMN has_growth_card boolean;  -- NULL: not known
ALTER TABLE child_span ADD COLUMN has_growth_card boolean;

-- As before (0018). `marks` has two more bits, which no mark of a month is: 60 where it is known whether the child has a
-- card, 61 where it has one.
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
    ids uuid[];     -- who has a month or a span in the area: nobody else can count in it
BEGIN
    ids := ARRAY(
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
    );
    RETURN QUERY
    WITH told AS (  -- what was done, and what laboratory values mean: of whatever day, as the case mirrors its order
        SELECT s.root_id AS id, s.type, s.subject, s.dose, s.age_months AS age, s.ended_on
        FROM child_service s
        WHERE s.root_id = ANY (ids) AND s.generation = live AND s.began_on <= last_day AND s.type = ANY (kinds)
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
        UNION ALL
        SELECT status.child_id, 'laboratory', one.test || ':' || (one.reading ->> 0), one.reading ->> 1, 0, NULL
        FROM (
            SELECT DISTINCT ON (f.child_id) f.child_id, f.readings, f.voided FROM risk_status_fact f
            WHERE 'laboratory' = ANY (kinds) AND f.child_id = ANY (ids)
              AND (known_before IS NULL OR f.known_at < known_before)
            ORDER BY f.child_id, f.epoch DESC, f.revision DESC
        ) AS status CROSS JOIN LATERAL jsonb_each(status.readings) AS one(test, reading)
        WHERE NOT status.voided
    ),
    given AS (
        SELECT s.id, k.act AS number
        FROM told s JOIN unnest(kinds, subjects, doses, ages_from, ages_before, act, piece, lifelong)
            AS k(kind, subject, dose, age_from, age_before, act, piece, lifelong)
          ON s.type = k.kind AND s.subject = k.subject AND s.age >= k.age_from AND s.age < k.age_before
         AND (k.dose IS NULL OR s.dose = k.dose)
         AND (k.lifelong OR coalesce(s.ended_on, 'infinity') >= from_month)
        GROUP BY s.id, k.act
        HAVING bool_or(k.piece = 0) OR count(DISTINCT k.piece) FILTER (WHERE k.piece > 0) >= needed[k.act + 1]
    ),
    known AS (      -- `at`: the greatest says where a child counts, and how old it is; a month goes before a span
        SELECT m.root_id AS id,
               ('1' || m.month || '|' || m.desa_code || '|' || m.posyandu_code || '|' || m.age_months) COLLATE "C" AS at,
               m.marks | CASE WHEN m.marks & wasted <> 0 AND m.marks & severely = 0 THEN 1::bigint << 62 ELSE 0 END AS bits,
               0::bigint AS done
        FROM child_month m
        WHERE m.root_id = ANY (ids) AND m.generation = live AND m.month BETWEEN from_month AND to_month
          AND ((known_before IS NULL AND m.known_to IS NULL)
               OR (m.known_from < known_before AND (m.known_to IS NULL OR m.known_to >= known_before)))
        UNION ALL
        SELECT s.root_id,
               CASE WHEN s.from_month <= to_month AND s.to_month > from_month THEN
                   '0' || s.from_month || '|' || s.desa_code || '|' || s.posyandu_code || '|' || least(59,
                   ((extract(year FROM last_day) - extract(year FROM s.birth_date)) * 12
                    + extract(month FROM last_day) - extract(month FROM s.birth_date))::integer
                   - (extract(day FROM last_day) < extract(day FROM s.birth_date))::integer) END,
               CASE WHEN s.has_growth_card THEN 3::bigint << 60 WHEN NOT s.has_growth_card THEN 1::bigint << 60 ELSE 0 END,
               0
        FROM child_span s   -- every one of the child: a month may count where no span is
        WHERE s.root_id = ANY (ids) AND s.generation = live
          AND ((known_before IS NULL AND s.known_to IS NULL)
               OR (s.known_from < known_before AND (s.known_to IS NULL OR s.known_to >= known_before)))
        UNION ALL
        SELECT given.id, NULL, 0, 1::bigint << given.number FROM given
    ),
    grouped AS (
        SELECT id, string_to_array(max(at), '|') AS at, bit_or(bits) AS bits, bit_or(done) AS done FROM known GROUP BY id
    ),
    place AS (
        SELECT id, at[2] AS desa, at[3] AS post, at[4]::integer AS age, bits, done FROM grouped
    )
    SELECT * FROM place
    WHERE (in_desa IS NULL OR (desa COLLATE "C" >= in_desa AND desa COLLATE "C" < upper_desa))
      AND (at_posyandu IS NULL OR post = at_posyandu)
      AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
      AND (left(desa, 5) = ANY (areas) OR left(desa, 8) = ANY (areas) OR desa = ANY (areas) OR post = ANY (areas)
           OR left(desa, 2) = ANY (areas));
END $$;
