-- What the laboratory holds of other services' facts: whose blood it is, where the child lives, which case asks for it.

CREATE TABLE child (
    child_id uuid PRIMARY KEY,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,              -- 0 = a stub: a case came before its child
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    root_id uuid NOT NULL,               -- the child this one was merged into, else itself
    sex text,
    birth_date date,                     -- bands of age are read at the day of the draw
    died_on date,
    departed_on date,
    voided boolean NOT NULL,
    desa_code text COLLATE "C",          -- present residence
    posyandu_code text COLLATE "C"
);
COMMENT ON TABLE child IS 'derived; republish of measurement fills it again';
CREATE INDEX child_root ON child (root_id);
CREATE INDEX child_desa ON child (desa_code, child_id);

CREATE TABLE child_case (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,               -- case_id
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    opened_on date NOT NULL,
    tier text NOT NULL,
    priority boolean NOT NULL,
    state text NOT NULL,
    required_tests text NOT NULL,        -- codes joined by blanks, in the order published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE child_case IS 'derived; republish of scoring fills it again';

-- Rows are visible by the child's present residence: history goes with the child.
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
ALTER TABLE child FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY census ON child FOR SELECT TO :service_owner USING (true);
CREATE POLICY api ON child FOR SELECT TO :service_api USING (area_visible(desa_code, posyandu_code));

ALTER TABLE child_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_case FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_case TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY census ON child_case FOR SELECT TO :service_owner USING (true);
-- The subquery runs under the policy of `child`.
CREATE POLICY api ON child_case FOR SELECT TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_case.child_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON child, child_case TO :service_worker;
GRANT SELECT ON child, child_case TO :service_api;
