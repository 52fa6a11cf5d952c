-- What is derived from the facts. `generation` lets a rebuild fill a second set beside the live one. No index of rows of
-- children begins with it: it tells nothing apart, and a planner without statistics would think that it does.
-- An empty posyandu_code stands for `unmapped`: the child counts in its desa all the same.

CREATE TABLE generation (
    generation smallint PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('live', 'filling', 'dropping')),
    buckets_done smallint NOT NULL DEFAULT 0,   -- while filling: buckets below this number are filled
    started_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE generation IS 'derived; which set of rows is shown';
CREATE UNIQUE INDEX generation_one_live ON generation (state) WHERE state = 'live';
INSERT INTO generation (generation, state) VALUES (1, 'live');

CREATE TABLE child (
    child_id uuid PRIMARY KEY,
    counted boolean NOT NULL DEFAULT false,     -- its fact is here; not merged away, voided, dead or departed
    desa_code text COLLATE "C" NOT NULL DEFAULT '',
    posyandu_code text COLLATE "C" NOT NULL DEFAULT '',
    sex text,
    birth_date date
);
COMMENT ON TABLE child IS 'derived; one row to lock per child, and where it lives now';
CREATE INDEX child_by_desa ON child (desa_code, child_id);
CREATE INDEX child_by_posyandu ON child (posyandu_code, child_id);

CREATE TABLE child_link (
    child_id uuid NOT NULL,
    root_id uuid NOT NULL,
    PRIMARY KEY (child_id, root_id)
);
COMMENT ON TABLE child_link IS 'derived; every merge that any revision ever stated: what must be folded together';
CREATE INDEX child_link_by_root ON child_link (root_id);

-- One row: what one child counted for in one month, as known in [known_from, known_to). Null known_to = now.
CREATE TABLE child_month (
    generation smallint NOT NULL,
    root_id uuid NOT NULL,
    month date NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz,
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C" NOT NULL,
    span_desa_code text COLLATE "C",            -- where child_span counts it this month; null = it does not
    span_posyandu_code text COLLATE "C",
    sex text,
    age_months smallint NOT NULL,               -- completed, on the last day measured
    measured_on date NOT NULL,                  -- last in the month
    tier text NOT NULL,
    haz double precision,
    waz double precision,
    whz double precision,
    baz double precision,
    marks bigint NOT NULL,                      -- what it counts for, a bit each: MARKS in domain/child_month.py
    course jsonb,                               -- of the case of a suspected child: Course in domain/case_course.py
    PRIMARY KEY (root_id, month, known_from, generation)
);
COMMENT ON TABLE child_month IS 'derived; versions by what was known when';
CREATE INDEX child_month_by_place ON child_month (month, desa_code);

-- Months [from_month, to_month) in which a child is a target at one place, known in [known_from, known_to).
CREATE TABLE child_span (
    generation smallint NOT NULL,
    root_id uuid NOT NULL,
    from_month date NOT NULL,
    to_month date NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz,
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C" NOT NULL,
    PRIMARY KEY (root_id, from_month, known_from, generation)
);
COMMENT ON TABLE child_span IS 'derived; versions by what was known when';
CREATE INDEX child_span_by_place ON child_span (desa_code, from_month);

-- Sums of current rows. S(month) = sum of target_change up to the month + target_shift of the month.
CREATE TABLE cell (
    generation smallint NOT NULL,
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    target_change integer NOT NULL DEFAULT 0,
    target_shift integer NOT NULL DEFAULT 0,
    pending integer NOT NULL DEFAULT 0,         -- measurements whose newest revision is not judged yet
    weighed integer NOT NULL DEFAULT 0,
    height_measured integer NOT NULL DEFAULT 0,
    both_measured integer NOT NULL DEFAULT 0,
    height_whole_cm integer NOT NULL DEFAULT 0,
    oedema integer NOT NULL DEFAULT 0,
    haz_measured integer NOT NULL DEFAULT 0,
    stunted integer NOT NULL DEFAULT 0,
    severely_stunted integer NOT NULL DEFAULT 0,
    haz_flagged integer NOT NULL DEFAULT 0,
    waz_measured integer NOT NULL DEFAULT 0,
    underweight integer NOT NULL DEFAULT 0,
    severely_underweight integer NOT NULL DEFAULT 0,
    waz_flagged integer NOT NULL DEFAULT 0,
    whz_measured integer NOT NULL DEFAULT 0,
    wasted integer NOT NULL DEFAULT 0,
    severely_wasted integer NOT NULL DEFAULT 0,
    overweight integer NOT NULL DEFAULT 0,
    whz_flagged integer NOT NULL DEFAULT 0,
    baz_measured integer NOT NULL DEFAULT 0,
    baz_low integer NOT NULL DEFAULT 0,
    baz_severely_low integer NOT NULL DEFAULT 0,
    baz_flagged integer NOT NULL DEFAULT 0,
    letter_n integer NOT NULL DEFAULT 0,
    letter_t integer NOT NULL DEFAULT 0,
    letter_o integer NOT NULL DEFAULT 0,
    letter_b integer NOT NULL DEFAULT 0,
    twice_not_gained integer NOT NULL DEFAULT 0,
    below_red_line integer NOT NULL DEFAULT 0,
    suspected integer NOT NULL DEFAULT 0,
    urgent integer NOT NULL DEFAULT 0,
    remeasured integer NOT NULL DEFAULT 0,      -- from here on: of the suspected, by the case that covers the month
    lab_ordered integer NOT NULL DEFAULT 0,
    lab_complete integer NOT NULL DEFAULT 0,
    referred integer NOT NULL DEFAULT 0,
    in_care integer NOT NULL DEFAULT 0,
    recovered integer NOT NULL DEFAULT 0,
    anaemia_known integer NOT NULL DEFAULT 0,
    anaemic integer NOT NULL DEFAULT 0,
    PRIMARY KEY (generation, desa_code, posyandu_code, month)
) WITH (fillfactor = 70);                       -- cells are rewritten in place all day
CREATE INDEX cell_by_month ON cell (generation, month, desa_code);
COMMENT ON TABLE cell IS 'derived; rebuildable from the facts, recounted by verify';

CREATE TABLE page_session (
    session_digest bytea PRIMARY KEY,           -- SHA-256 of the browser's cookie
    subject text NOT NULL,
    client_id text NOT NULL,
    name text NOT NULL,                         -- of the member of staff, as the identity provider tells it
    role text NOT NULL,
    scopes text[] NOT NULL,
    granted_areas text[] NOT NULL,              -- what the session may see; the row itself belongs to no area
    id_token text NOT NULL,                     -- what the provider is shown at log-out
    sealed_access_token bytea NOT NULL,         -- under a key that only the cookie gives: no use to whoever reads this
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE page_session IS 'primary; who is logged in to the page now';

CREATE FUNCTION caller_areas() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ','), '{}')
$$;

-- Whose rows the API shows: the rule of area_visible, which a test holds it to. An area covers a desa whose code begins
-- with it, a posyandu only itself. Written out and not called, because cells are read by the ten thousand: the areas
-- are read once per query, and kabupaten comes first, since whole districts take longest.
DO $$
DECLARE
    derived text;
    covered text := '(SELECT caller_areas())';
BEGIN
    covered := format(
        'left(%%1$I, 5) = ANY (%1$s) OR left(%%1$I, 8) = ANY (%1$s) OR %%1$I = ANY (%1$s) OR %%2$I = ANY (%1$s) '
        'OR left(%%1$I, 2) = ANY (%1$s)', covered || '::text[]');
    FOREACH derived IN ARRAY ARRAY['child', 'child_month', 'child_span', 'cell'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', derived);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', derived);
        EXECUTE format('CREATE POLICY worker ON %I TO reporting_worker USING (true) WITH CHECK (true)', derived);
        EXECUTE format('CREATE POLICY api ON %I FOR SELECT TO reporting_api USING (%s)', derived,
                       format(covered, 'desa_code', 'posyandu_code'));
    END LOOP;
    -- A month measured elsewhere shifts S away from the place that the span says: that place must see it too.
    EXECUTE format('CREATE POLICY api_left_behind ON child_month FOR SELECT TO reporting_api USING (%s)',
                   format(covered, 'span_desa_code', 'span_posyandu_code'));
END $$;

-- And history goes with the child: who may see it now may see its months wherever it lived then.
CREATE POLICY api_of_child ON child_month FOR SELECT TO reporting_api
    USING (EXISTS (SELECT FROM child WHERE child.child_id = child_month.root_id));

-- A status belongs to whoever may see the child where it lives now: history goes with the child.
ALTER TABLE risk_status_fact ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_status_fact FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON risk_status_fact TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON risk_status_fact FOR SELECT TO reporting_api
    USING (EXISTS (SELECT FROM child WHERE child.child_id = risk_status_fact.child_id));
-- The ledger counts what is held, and runs as the owner (facts_census).
CREATE POLICY census ON risk_status_fact FOR SELECT TO reporting_owner USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON generation, child, child_link, child_month, child_span, cell, page_session
    TO reporting_worker;
GRANT SELECT ON generation, child, child_month, child_span, cell TO reporting_api;
GRANT SELECT, INSERT, DELETE ON page_session TO reporting_api;
