-- What a person decides of held rows at once, and what is learnt from it.

ALTER TABLE held_result ADD COLUMN reason text;  -- code of the problem; rows from before say it by their unit

CREATE TABLE learnt_word (
    laboratory_code text COLLATE "C" NOT NULL,
    kind text NOT NULL,                  -- test, unit, finding
    test_code text COLLATE "C" NOT NULL, -- of which test; empty for a test itself
    word text COLLATE "C" NOT NULL,      -- as it is compared
    shown text NOT NULL,                 -- as it was written
    meaning text NOT NULL,
    learnt_at timestamptz NOT NULL,
    learnt_by text NOT NULL,             -- account
    word_id uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (laboratory_code, kind, test_code, word)
);
COMMENT ON TABLE learnt_word IS 'primary; what was decided of a laboratory''s own codes and words';
CREATE UNIQUE INDEX learnt_word_id ON learnt_word (word_id);

ALTER TABLE learnt_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE learnt_word FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON learnt_word TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON learnt_word TO :service_api
    USING (laboratory_visible(laboratory_code)) WITH CHECK (laboratory_visible(laboratory_code));
GRANT SELECT, INSERT, UPDATE, DELETE ON learnt_word TO :service_worker, :service_api;
