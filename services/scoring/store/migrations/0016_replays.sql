-- Replay: all history under another rule set, beside the live judgements. A generation is one row a family with a digest
-- of all its judgements: those that stay as they are, nearly all, are not copied, and those that change are made from
-- the evidence again when they are published.

CREATE TABLE replay (
    replay_id uuid PRIMARY KEY,
    version text NOT NULL REFERENCES rule_set,
    against text NOT NULL REFERENCES rule_set,  -- what judged when it began
    state text NOT NULL CHECK (state IN ('filling', 'ready', 'publishing', 'switched')),
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    ready_at timestamptz,
    switched_at timestamptz,
    published_to uuid,                   -- families up to this one are published
    published_at timestamptz             -- when all were
);
COMMENT ON TABLE replay IS 'derived; run again';
-- One at a time, and none before what the last one changed is published.
CREATE UNIQUE INDEX replay_one ON replay ((true)) WHERE state <> 'switched';

CREATE TABLE replay_child (
    replay_id uuid NOT NULL REFERENCES replay ON DELETE CASCADE,
    child_id uuid NOT NULL,              -- a root
    digest bigint NOT NULL,              -- of its assessments and status, domain/generation.py
    visits integer NOT NULL,
    visits_changed integer NOT NULL,     -- whose assessment is another
    status_changed boolean NOT NULL,     -- in what it finds or in what the rule set says of it
    was_tier text,                       -- empty: no status speaks
    tier text,
    was_priority boolean NOT NULL,
    priority boolean NOT NULL,
    was_reasons text[],                  -- rule ids; of changed statuses only
    reasons text[],
    opened integer[] NOT NULL,           -- months (since 1970) in which the tier rose to suspected or urgent
    opens integer[] NOT NULL,
    PRIMARY KEY (replay_id, child_id)
);
COMMENT ON TABLE replay_child IS 'derived; run again';
CREATE INDEX replay_child_changed ON replay_child (replay_id, child_id) WHERE status_changed OR visits_changed > 0;

-- What batches touched since the replay began; appended without any unique key, so that nobody waits for one.
CREATE TABLE replay_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    replay_id uuid NOT NULL,
    child_ids uuid[] NOT NULL
);
COMMENT ON TABLE replay_mark IS 'derived; gone when the families are judged again';

-- Visible by the child's present residence, as everything about a child.
ALTER TABLE replay_child ENABLE ROW LEVEL SECURITY;
ALTER TABLE replay_child FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON replay_child TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON replay_child TO :service_owner USING (true);
CREATE POLICY api ON replay_child TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = replay_child.child_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON replay, replay_child, replay_mark TO :service_worker;
GRANT SELECT ON replay, replay_child TO :service_api;
