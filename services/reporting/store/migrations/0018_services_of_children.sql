-- What laboratory values mean for a child, by test: [abnormal, grade], of the newest valid result, as the risk status has
-- it. Only tests that indicators speak of; confidential ones are none of these.
ALTER TABLE risk_status_fact ADD COLUMN readings jsonb NOT NULL DEFAULT '{}';
CREATE POLICY periods ON risk_status_fact FOR SELECT TO :service_owner USING (true);

-- The children who count in the months `from_month` to `to_month` in an area that the caller may see, with what was done
-- for them: as children_of_period, one row a child at the one place where it counts, and for the same reason run as the
-- owner (a course may have begun, and a month been measured, where the caller has no right to look).
--
-- `age_months`: completed, at the last measurement of these months, else on the last day (a child that turned five in
-- between is 59). `marks`: those of any of the months, and bit 62 where one was wasted (`wasted`) and not severely so
-- (`severely`). `acts`: bit n where act n was done. An act n consists of rows of the arrays with `act` = n: the type and
-- subject of an intervention, the dose and the ages that it is for (dose null = any), whether it counts `lifelong` or
-- only in the months; the act is done if a row with piece 0 is found, or `needed[n + 1]` different others.
--
-- A laboratory value is something that may be said of a child, too: type `laboratory`, subject `test:abnormal`, dose the
-- grade. What is known of the children is stacked and grouped, not joined: a join of parts whose sizes the planner cannot
-- know took a minute for a kabupaten.
CREATE FUNCTION services_of_children(
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
        SELECT s.root_id, '0' || s.from_month || '|' || s.desa_code || '|' || s.posyandu_code || '|' || least(59,
                   ((extract(year FROM last_day) - extract(year FROM s.birth_date)) * 12
                    + extract(month FROM last_day) - extract(month FROM s.birth_date))::integer
                   - (extract(day FROM last_day) < extract(day FROM s.birth_date))::integer),
               0, 0
        FROM child_span s
        WHERE s.root_id = ANY (ids) AND s.generation = live AND s.from_month <= to_month AND s.to_month > from_month
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
REVOKE ALL ON FUNCTION services_of_children(
    date, date, timestamptz, text, text, text[], bigint, bigint, text[], text[], text[], integer[], integer[], integer[],
    integer[], boolean[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION services_of_children(
    date, date, timestamptz, text, text, text[], bigint, bigint, text[], text[], text[], integer[], integer[], integer[],
    integer[], boolean[], integer[]) TO :service_api;
CREATE POLICY periods ON child_service FOR SELECT TO :service_owner USING (true);
