-- What was done for children: facts, and what they say of each child. Counted together with the spans, which say where
-- a child is a target and from now on how old it is. Spans that are there already learn that by a rebuild.

ALTER TABLE child_span ADD COLUMN IF NOT EXISTS sex text;
ALTER TABLE child_span ADD COLUMN IF NOT EXISTS birth_date date;

CREATE TABLE intervention_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,          -- what of the type: the supplement, the vaccine, why food is given, the answer
    dose text,
    began_on date NOT NULL,
    ended_on date,                  -- null while a course runs or a referral waits
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE intervention_fact IS 'derived; every revision, sent again by republish';

-- One row: one thing done for a child, as known in [known_from, known_to). Null known_to = now.
CREATE TABLE child_service (
    generation smallint NOT NULL,
    root_id uuid NOT NULL,
    act_id uuid NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz,
    type text NOT NULL,
    subject text NOT NULL,
    dose text,
    began_on date NOT NULL,
    ended_on date,
    age_months smallint NOT NULL,   -- completed, on the first day; below 0 where a birth date was corrected past it
    PRIMARY KEY (root_id, act_id, known_from, generation)
);
COMMENT ON TABLE child_service IS 'derived; versions by what was known when';
CREATE INDEX child_service_by_kind ON child_service (type, subject, began_on);

ALTER TABLE child_service ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_service FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_service TO reporting_worker USING (true) WITH CHECK (true);
-- Whoever may see a month in which the child was a target, or the child itself, may see what was done for it.
CREATE POLICY api ON child_service FOR SELECT TO reporting_api USING (
    EXISTS (SELECT FROM child_span WHERE child_span.root_id = child_service.root_id)
    OR EXISTS (SELECT FROM child WHERE child.child_id = child_service.root_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON intervention_fact, child_service TO reporting_worker;
GRANT SELECT ON child_service TO reporting_api;
