-- Growth over time: what the kader wrote on the card beside ours, heads, and the series of a child.

-- Facts that are stored already have neither: a correction, or filling the (derived) table again by republish, brings them.
ALTER TABLE measurement
    ADD COLUMN head_circumference_cm double precision,
    ADD COLUMN reported_letter smallint;  -- assessment_codes.Letter; 0, NULL = none

-- Every measurement of a visible child and of all that were merged into it, wherever those lived, with its judgement:
-- a history with holes would show other gains than those that were judged.
CREATE FUNCTION family_growth(root uuid) RETURNS TABLE (
    measurement_id uuid, measured_on date, recorded_at timestamptz, channel smallint, is_remeasurement boolean,
    weight_kg double precision, length_height_cm double precision, "position" smallint, oedema smallint,
    muac_cm double precision, head_circumference_cm double precision, reported_letter smallint,
    ruleset_version text, codes bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT m.fact_id, m.measured_on, m.recorded_at, m.channel, m.is_remeasurement, m.weight_kg, m.length_height_cm,
           m.position, m.oedema, m.muac_cm, m.head_circumference_cm, m.reported_letter, a.ruleset_version, a.codes
    FROM child c
    JOIN measurement m ON m.child_id = c.child_id
    JOIN assessment a ON (a.child_id, a.measurement_id) = (m.child_id, m.fact_id)
    WHERE c.root_id = root AND NOT c.voided AND NOT m.voided
      AND EXISTS (SELECT FROM child r WHERE r.child_id = root AND area_visible(r.desa_code, r.posyandu_code))
    ORDER BY m.measured_on, m.is_remeasurement, m.channel, m.recorded_at, m.fact_id DESC
$$;
REVOKE ALL ON FUNCTION family_growth(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION family_growth(uuid) TO :service_api, :service_worker;
