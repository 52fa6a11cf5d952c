-- What children lack, counted over a whole district at once.

-- What would settle what is unknown, beside the status that says so: kept up by the database with every status, so
-- that a count reads a few bytes of each child instead of taking every status apart.
ALTER TABLE risk_status ADD lacks jsonb NOT NULL
    GENERATED ALWAYS AS (jsonb_path_query_array(content::jsonb, '$.unknowns[*].settle_with')) STORED;

-- Of each thing: the children who lack it, the verdicts that wait for it, the cases that require it; of the caller's
-- areas. The rule is that of `area_visible`, asked once a child: the policies ask it again for every status, case and
-- order, which is most of what such a count would cost.
CREATE FUNCTION lack_totals(born_after date)
RETURNS TABLE (missing text, children bigint, verdicts bigint, cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    WITH area AS MATERIALIZED (
        SELECT code COLLATE "C" AS code
        FROM unnest(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ',')) AS code
    ), here AS MATERIALIZED (
        SELECT c.child_id FROM child c
        WHERE NOT c.voided AND c.died_on IS NULL AND c.departed_on IS NULL AND c.birth_date > born_after
          AND EXISTS (SELECT FROM area WHERE (c.desa_code >= area.code AND c.desa_code < area.code || '/')
                                          OR c.posyandu_code = area.code)
    )
    SELECT lack.missing, count(DISTINCT lack.child_id), count(*) FILTER (WHERE NOT lack.is_required),
           count(*) FILTER (WHERE lack.is_required)
    FROM (
        SELECT true AS is_required, k.child_id, test.orderable AS missing
        FROM child_case k
        LEFT JOIN lab_order o ON (o.child_id, o.case_id) = (k.child_id, k.fact_id)
        CROSS JOIN LATERAL json_array_elements_text(k.content -> 'required_tests') AS test (orderable)
        WHERE k.state <> 'closed' AND coalesce(o.tests ->> test.orderable, '') <> 'resulted'
        UNION ALL
        SELECT false, s.child_id, u.thing
        FROM risk_status s CROSS JOIN LATERAL jsonb_array_elements_text(s.lacks) AS u (thing)
        WHERE NOT s.voided AND s.lacks <> '[]'
    ) AS lack JOIN here USING (child_id)
    GROUP BY lack.missing
$$;
REVOKE ALL ON FUNCTION lack_totals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lack_totals TO :service_api;
