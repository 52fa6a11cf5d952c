-- What was done for children: evidence from measurement that ends tasks, dates milestones and stands beside growth.

CREATE TABLE intervention (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    type text NOT NULL,
    began_on date NOT NULL,
    ended_on date,                       -- empty while a course runs or a referral waits
    part json NOT NULL,                  -- what the type says, as in the event
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE intervention IS 'derived; republish of measurement fills it again';

-- Rows are visible by the child's present residence, as all others.
ALTER TABLE intervention ENABLE ROW LEVEL SECURITY;
ALTER TABLE intervention FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON intervention TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON intervention TO :service_owner USING (true);
CREATE POLICY api ON intervention TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = intervention.child_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON intervention TO :service_worker;
GRANT SELECT ON intervention TO :service_api;

-- Everything done for a visible child and for all that were merged into it, wherever those lived.
CREATE FUNCTION family_interventions(root uuid) RETURNS TABLE (
    child_id uuid, fact_id uuid, type text, began_on date, ended_on date, part json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT i.child_id, i.fact_id, i.type, i.began_on, i.ended_on, i.part
    FROM child c JOIN intervention i ON i.child_id = c.child_id
    WHERE c.root_id = root AND NOT c.voided AND NOT i.voided
      AND EXISTS (SELECT FROM child r WHERE r.child_id = root AND area_visible(r.desa_code, r.posyandu_code))
    ORDER BY i.began_on, i.fact_id
$$;
REVOKE ALL ON FUNCTION family_interventions(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION family_interventions(uuid) TO :service_api, :service_worker;
