-- What was done for children: courses, single acts, referrals with their replies.

CREATE TABLE intervention (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    change text NOT NULL,
    type text NOT NULL,
    recorded_at timestamptz NOT NULL,
    source text NOT NULL,
    part jsonb NOT NULL,                        -- what the type says, as in the event
    began_on date NOT NULL,
    ended_on date,                              -- empty while a course runs or a referral waits
    open_as text COLLATE "C",                   -- what only one open course of a child may be; empty when it has ended
    facility_code text COLLATE "C",             -- of a referral: where the child was sent
    urgency smallint,                           -- of a referral: 1 = emergency, first
    voided boolean NOT NULL DEFAULT false,
    void_reason text,
    changed_by text,
    reason_text text CHECK (length(reason_text) <= 200),
    intake_id uuid,
    row_number integer,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE intervention IS 'primary; one row a course, act or referral, voided rows stay';
CREATE UNIQUE INDEX intervention_fact ON intervention (fact_id);
CREATE UNIQUE INDEX intervention_open ON intervention (child_id, open_as) WHERE NOT voided;
CREATE INDEX intervention_began ON intervention (began_on DESC, fact_id);
CREATE INDEX intervention_waiting ON intervention (facility_code, urgency, began_on, fact_id)
    WHERE ended_on IS NULL AND NOT voided;

CREATE TABLE intervention_revision (
    LIKE intervention INCLUDING CONSTRAINTS, PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE intervention_revision IS 'primary; append-only: each state of an intervention that a later one replaced';

-- Whether the caller works for the facility: its code stands among the areas of the token.
CREATE FUNCTION facility_granted(code text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT code = ANY (string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ','))
$$;

ALTER TABLE intervention ENABLE ROW LEVEL SECURITY;
ALTER TABLE intervention FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON intervention TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON intervention TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = intervention.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = intervention.child_id));
-- A facility sees what was sent to it and may answer, wherever the child lives.
CREATE POLICY sent_here ON intervention FOR SELECT TO measurement_api USING (facility_granted(facility_code));
CREATE POLICY answered_here ON intervention FOR UPDATE TO measurement_api
    USING (facility_granted(facility_code)) WITH CHECK (facility_granted(facility_code));

ALTER TABLE intervention_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE intervention_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON intervention_revision TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON intervention_revision TO measurement_api
    USING (EXISTS (SELECT FROM intervention i
                   WHERE (i.child_id, i.fact_id) = (intervention_revision.child_id, intervention_revision.fact_id)))
    WITH CHECK (EXISTS (SELECT FROM intervention i
                   WHERE (i.child_id, i.fact_id) = (intervention_revision.child_id, intervention_revision.fact_id)));

CREATE POLICY census ON intervention FOR SELECT TO measurement_owner USING (true);
CREATE VIEW intervention_census AS SELECT fact_id, epoch, revision, known_at FROM intervention;

-- Who works for a facility knows of the children sent there how old they are and where they come from; no identity.
CREATE FUNCTION referred_children(ids uuid[])
RETURNS TABLE (child_id uuid, sex text, birth_date date, desa_code text, merged_into uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = measurement AS $$
    SELECT c.child_id, c.sex, c.birth_date, c.desa_code, c.merged_into FROM child c
    WHERE c.child_id = ANY (ids) AND (area_visible(c.desa_code, c.posyandu_code) OR EXISTS (
        SELECT FROM intervention i WHERE i.child_id = c.child_id AND facility_granted(i.facility_code)))
$$;
REVOKE ALL ON FUNCTION referred_children FROM PUBLIC;
GRANT EXECUTE ON FUNCTION referred_children TO measurement_api, measurement_worker;

GRANT SELECT ON intervention_census TO measurement_worker, measurement_api;
GRANT SELECT, INSERT, UPDATE ON intervention TO measurement_worker, measurement_api;
GRANT SELECT, INSERT ON intervention_revision TO measurement_worker, measurement_api;
