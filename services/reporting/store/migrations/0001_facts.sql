-- Facts as their owners published them, every revision: history must survive a rebuild, and the order of arrival
-- must not matter. Only the worker reads these tables; people read what is derived from them.

CREATE TABLE child_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    sex text,
    birth_date date NOT NULL,
    residences jsonb NOT NULL,      -- {valid_from: [desa_code, posyandu_code or null]}
    died_on date,
    departed_on date,
    merged_into uuid,
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE child_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE measurement_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    measured_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    channel text NOT NULL,
    is_remeasurement boolean NOT NULL,
    weight_kg double precision,
    length_height_cm double precision,
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE measurement_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE assessment_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    measurement_id uuid NOT NULL,
    measurement_epoch integer NOT NULL,
    measurement_revision integer NOT NULL,
    voided boolean NOT NULL,
    is_primary boolean NOT NULL,
    haz double precision,
    waz double precision,
    whz double precision,
    baz double precision,
    haz_flagged boolean NOT NULL,
    waz_flagged boolean NOT NULL,
    whz_flagged boolean NOT NULL,
    baz_flagged boolean NOT NULL,
    oedema boolean NOT NULL,
    letter text,
    twice_not_gained boolean NOT NULL,
    below_red_line boolean NOT NULL,
    tier text NOT NULL,
    PRIMARY KEY (child_id, measurement_id, fact_id, epoch, revision)    -- read by measurement
);
COMMENT ON TABLE assessment_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE risk_status_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    tier text NOT NULL,
    priority boolean NOT NULL,
    measured_on date,
    reasons_count integer NOT NULL,
    voided boolean NOT NULL,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE risk_status_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE case_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    opened_on date NOT NULL,
    tier text NOT NULL,
    state text NOT NULL,
    close_reason text,
    closed_on date,
    milestones jsonb NOT NULL,      -- {name: first day}
    anaemia text,
    confirmed_on date,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE case_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE follow_up_fact (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    case_id uuid,
    task text NOT NULL,
    owner_role text NOT NULL,
    opened_on date NOT NULL,
    due_on date NOT NULL,
    state text NOT NULL,
    done_on date,
    PRIMARY KEY (child_id, fact_id, epoch, revision)
);
COMMENT ON TABLE follow_up_fact IS 'derived; every revision, sent again by republish';

CREATE TABLE register_fact (
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    entry text NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    level text,
    parent_code text COLLATE "C",
    desa_codes text NOT NULL,       -- joined with '|'
    valid_from date NOT NULL,
    valid_to date,
    target_children integer,
    voided boolean NOT NULL,
    PRIMARY KEY (fact_id, epoch, revision)
);
COMMENT ON TABLE register_fact IS 'derived; every revision seen (the topic is compacted), sent again by republish';

-- What the handler says it stored, counted as it stored it. `verify` counts the tables again: a fact that is missing
-- or doubled shows, whatever it does to the figures.
CREATE TABLE fact_tally (
    kind text NOT NULL,
    day date NOT NULL,              -- of known_at, Jakarta
    facts bigint NOT NULL,
    digest bigint NOT NULL,         -- bit_xor of a hash of (fact_id, epoch, revision)
    PRIMARY KEY (kind, day)
);
COMMENT ON TABLE fact_tally IS 'derived; written in the transaction that stores the facts';

GRANT SELECT, INSERT, UPDATE, DELETE ON child_fact, measurement_fact, assessment_fact, risk_status_fact, case_fact,
    follow_up_fact, register_fact, fact_tally TO reporting_worker;
GRANT SELECT ON risk_status_fact, register_fact TO reporting_api;
