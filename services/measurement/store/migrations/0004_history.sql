-- Who changed what and why: superseded revisions of children, their identities and measurements are kept.
-- A first record writes nothing here; its author stands on the fact's own row.

ALTER TABLE child
    ADD COLUMN changed_by text,                 -- subject who made this revision; NULL = before this was kept
    ADD COLUMN reason_text text CHECK (length(reason_text) <= 200),  -- in the person's words, no names
    ADD COLUMN intake_id uuid,                  -- file and row that made this revision
    ADD COLUMN row_number integer;
ALTER TABLE measurement
    ADD COLUMN changed_by text,
    ADD COLUMN reason_text text CHECK (length(reason_text) <= 200),
    ADD COLUMN intake_id uuid,
    ADD COLUMN row_number integer;

CREATE TABLE child_revision (LIKE child INCLUDING CONSTRAINTS, PRIMARY KEY (child_id, epoch, revision));
COMMENT ON TABLE child_revision IS 'primary; append-only: each state of a child that a later one replaced';
CREATE INDEX child_revision_merged ON child_revision (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE measurement_revision (
    LIKE measurement INCLUDING CONSTRAINTS, PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE measurement_revision IS 'primary; append-only: each state of a measurement that a later one replaced';

-- Sealed under the child's own key, which stands in child_identity alone: destroying it there ends these, too.
CREATE TABLE child_identity_revision (
    child_id uuid NOT NULL REFERENCES child,
    epoch integer NOT NULL,
    revision integer NOT NULL,                  -- the last revision of the child that had this identity
    sealed bytea NOT NULL,
    PRIMARY KEY (child_id, epoch, revision)
);
COMMENT ON TABLE child_identity_revision IS 'primary; append-only; unreadable once child_identity.wrapped_key is destroyed';

-- History goes with the child: who sees a child sees those that were merged into it, wherever they lived.
CREATE FUNCTION child_in_sight(id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = measurement AS $$
    SELECT EXISTS (SELECT FROM child WHERE child_id = id AND area_visible(desa_code, posyandu_code))
$$;
REVOKE ALL ON FUNCTION child_in_sight FROM PUBLIC;
GRANT EXECUTE ON FUNCTION child_in_sight TO measurement_api;
CREATE POLICY survivor ON child FOR SELECT TO measurement_api
    USING (merged_into IS NOT NULL AND child_in_sight(merged_into));

ALTER TABLE child_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_revision TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON child_revision TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_revision.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = child_revision.child_id));

ALTER TABLE measurement_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE measurement_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON measurement_revision TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON measurement_revision TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = measurement_revision.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = measurement_revision.child_id));

ALTER TABLE child_identity_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_identity_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_identity_revision TO measurement_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON child_identity_revision TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_identity_revision.child_id))
    WITH CHECK (EXISTS (SELECT FROM child c WHERE c.child_id = child_identity_revision.child_id));

GRANT SELECT, INSERT ON child_revision, measurement_revision, child_identity_revision
    TO measurement_worker, measurement_api;

-- Who may be the same child. Keys block: an NIK whatever the birth date, a name and a parent's name with it; HMACs, as
-- the hashes beside them. A worker looks at identities that are pending and writes the pairs it finds.
ALTER TABLE child_identity
    ADD COLUMN nik_key bytea,
    ADD COLUMN name_key bytea,
    ADD COLUMN parent_key bytea,
    ADD COLUMN match_pending boolean NOT NULL DEFAULT true;
CREATE INDEX child_identity_nik_key ON child_identity (nik_key) WHERE nik_key IS NOT NULL;
CREATE INDEX child_identity_name_key ON child_identity (name_key) WHERE name_key IS NOT NULL;
CREATE INDEX child_identity_parent_key ON child_identity (parent_key) WHERE parent_key IS NOT NULL;
CREATE INDEX child_identity_match_pending ON child_identity (child_id) WHERE match_pending;
CREATE INDEX child_desa_birth ON child (desa_code, birth_date);
DROP INDEX child_desa;                          -- the new one begins with it

CREATE TABLE merge_candidate (
    candidate_id uuid PRIMARY KEY,              -- follows from the two
    revision integer NOT NULL,                  -- counts changes of the evidence and decisions: what an ETag names
    child_id uuid NOT NULL REFERENCES child,    -- the smaller id
    other_id uuid NOT NULL REFERENCES child,
    found_at timestamptz NOT NULL,
    score double precision NOT NULL,            -- 0 to 1; ranks, decides nothing
    reasons text[] NOT NULL,                    -- codes
    evidence jsonb NOT NULL,                    -- field by field what agrees; no value of either
    fingerprint text NOT NULL,                  -- of the evidence: another one re-opens what a person settled
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'different', 'withdrawn')),
    decided_by text,
    decided_at timestamptz,
    reason_text text CHECK (length(reason_text) <= 200),
    CHECK (child_id < other_id)
);
COMMENT ON TABLE merge_candidate IS 'primary; pairs that a person looks at, and what was decided; merged follows from child';
CREATE INDEX merge_candidate_rank ON merge_candidate (score DESC, candidate_id) WHERE state = 'open';
CREATE INDEX merge_candidate_child ON merge_candidate (child_id);
CREATE INDEX merge_candidate_other ON merge_candidate (other_id);
ALTER TABLE merge_candidate ENABLE ROW LEVEL SECURITY;
ALTER TABLE merge_candidate FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON merge_candidate TO measurement_worker USING (true) WITH CHECK (true);
-- Who sees one of the two sees that the other exists (both posts care for the child); who decides must see both.
CREATE POLICY api ON merge_candidate FOR SELECT TO measurement_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id IN (merge_candidate.child_id, merge_candidate.other_id)));
CREATE POLICY decide ON merge_candidate FOR UPDATE TO measurement_api
    USING (2 = (SELECT count(*) FROM child c WHERE c.child_id IN (merge_candidate.child_id, merge_candidate.other_id)))
    WITH CHECK (state IN ('open', 'different'));

GRANT SELECT, INSERT, UPDATE ON merge_candidate TO measurement_worker;
GRANT SELECT, UPDATE (revision, state, decided_by, decided_at, reason_text) ON merge_candidate TO measurement_api;
