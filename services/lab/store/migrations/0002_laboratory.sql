-- Orders, specimens, results, critical values: the facts this service owns, each with its content as published.

CREATE TABLE lab_order (
    child_id uuid NOT NULL,              -- the child the case was opened for; a merge does not change it
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    case_id uuid NOT NULL,
    laboratory_code text COLLATE "C",    -- where what is not drawn yet goes; null = nobody serves the place
    laboratory_codes text NOT NULL,      -- that one and those that hold specimens or reported results
    state text NOT NULL,
    urgency smallint NOT NULL,           -- 0 urgent, 1 routine: the order of work lists
    waiting_since date,                  -- of the longest waiting test; null when none waits
    ordered_tests integer NOT NULL,
    collected_tests integer NOT NULL,
    content json NOT NULL,               -- the order as published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE lab_order IS 'primary; what was asked for and when, and what became of it';
CREATE UNIQUE INDEX lab_order_fact ON lab_order (fact_id);
-- One order per case, whatever two batches think at the same moment.
CREATE UNIQUE INDEX lab_order_case ON lab_order (case_id);
CREATE INDEX lab_order_worklist ON lab_order (urgency, waiting_since, fact_id) WHERE state = 'open';
CREATE INDEX lab_order_unassigned ON lab_order (child_id) WHERE state = 'open' AND laboratory_code IS NULL;

CREATE TABLE specimen (
    child_id uuid NOT NULL,
    specimen_id uuid NOT NULL,
    order_id uuid NOT NULL,
    laboratory_code text COLLATE "C",
    specimen text NOT NULL,
    drawn_on date NOT NULL,
    drawn_at timestamptz,
    orderables text[] NOT NULL,
    received_at timestamptz NOT NULL,
    rejected_at timestamptz,
    reject_reason text,
    reopened text[] NOT NULL DEFAULT '{}',    -- of a refused one: the tests that it had not resulted
    PRIMARY KEY (child_id, specimen_id)
);
COMMENT ON TABLE specimen IS 'primary; tubes as they were received or refused';
CREATE UNIQUE INDEX specimen_id ON specimen (specimen_id);
CREATE INDEX specimen_order ON specimen (order_id);

CREATE TABLE lab_result (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    order_id uuid,
    laboratory_code text COLLATE "C" NOT NULL,
    test_code text NOT NULL,
    draw text NOT NULL,                  -- instant of the draw in seconds, or its day where the time is unknown
    drawn_on date NOT NULL,
    reported_at timestamptz NOT NULL,
    voided boolean NOT NULL,
    void_reason text,
    specimen_id uuid,
    content json NOT NULL,               -- the result as published
    owner uuid NOT NULL GENERATED ALWAYS AS (coalesce(order_id, child_id)) STORED,
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE lab_result IS 'primary; one row a reported value, retracted ones stay';
CREATE UNIQUE INDEX lab_result_fact ON lab_result (fact_id);
-- One draw has one value of a test: two equal reports 20 ms apart are one result, whoever comes first.
CREATE UNIQUE INDEX lab_result_natural_key ON lab_result (owner, test_code, draw) WHERE NOT voided;
CREATE INDEX lab_result_order ON lab_result (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE held_result (
    child_id uuid NOT NULL,
    held_id uuid NOT NULL,
    laboratory_code text COLLATE "C",
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,           -- account
    reported json NOT NULL,              -- the row as it was sent
    state text NOT NULL DEFAULT 'open',  -- open, recorded, discarded
    result_id uuid,                      -- of a recorded one
    discard_reason text,
    settled_at timestamptz,
    settled_by text,
    PRIMARY KEY (child_id, held_id)
);
COMMENT ON TABLE held_result IS 'primary; values without a unit, until somebody says which one was meant';
CREATE UNIQUE INDEX held_result_id ON held_result (held_id);
CREATE INDEX held_result_open ON held_result (received_at, held_id) WHERE state = 'open';

CREATE TABLE critical_value (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    result_id uuid NOT NULL,
    laboratory_code text COLLATE "C" NOT NULL,
    state text NOT NULL,
    raised_at timestamptz NOT NULL,
    note text,                           -- what the caller of the ward wrote down; never published
    content json NOT NULL,               -- the alert as published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE critical_value IS 'primary; who was told of which value, and when';
CREATE UNIQUE INDEX critical_value_fact ON critical_value (fact_id);
CREATE INDEX critical_value_raised ON critical_value (raised_at, fact_id) WHERE state = 'raised';

-- Children and cases that somebody works on, by id: those of the caller's areas, and for a laboratory those it has an
-- order or a result of, or whose residence it serves. Policies of `child` would ask this of every row of every list;
-- here it is asked of the rows that were named. Run as the owner, so the question is part of the query.
CREATE FUNCTION known_children(ids uuid[]) RETURNS SETOF child
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT c.* FROM child c WHERE c.child_id = ANY(ids) AND (
        session_user = ':service_worker'
        OR area_visible(c.desa_code, c.posyandu_code)
        OR EXISTS (SELECT FROM lab_order o WHERE o.child_id = c.child_id AND laboratory_visible(o.laboratory_codes))
        OR EXISTS (SELECT FROM lab_result r WHERE r.child_id = c.child_id AND laboratory_visible(r.laboratory_code))
        OR EXISTS (SELECT FROM laboratory l, unnest(l.area_codes) AS area WHERE laboratory_visible(l.code)
                   AND c.desa_code >= area COLLATE "C" AND c.desa_code < (area || '/') COLLATE "C"))
$$;
CREATE FUNCTION known_cases(ids uuid[]) RETURNS SETOF child_case
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT k.* FROM child_case k JOIN lab_order o ON o.case_id = k.fact_id JOIN child c ON c.child_id = k.child_id
    WHERE k.fact_id = ANY(ids) AND (session_user = ':service_worker' OR laboratory_visible(o.laboratory_codes)
                                    OR area_visible(c.desa_code, c.posyandu_code))
$$;
REVOKE ALL ON FUNCTION known_children, known_cases FROM PUBLIC;
GRANT EXECUTE ON FUNCTION known_children, known_cases TO :service_api, :service_worker;

-- What was done for orders, by any laboratory: one that takes an order over must not repeat what another has resulted.
-- Tells codes and days of tests, no value.
CREATE FUNCTION order_work(ids uuid[])
RETURNS TABLE (order_id uuid, laboratory_code text, code text, resulted_on date, in_hand boolean, refused boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT r.order_id, r.laboratory_code, r.test_code,
           CASE WHEN NOT r.voided THEN (r.reported_at AT TIME ZONE 'Asia/Jakarta')::date END, false, false
    FROM lab_result r WHERE r.order_id = ANY(ids)
    UNION ALL
    SELECT s.order_id, s.laboratory_code, o, NULL, s.rejected_at IS NULL, o = ANY(s.reopened)
    FROM specimen s, unnest(s.orderables) AS o WHERE s.order_id = ANY(ids)
$$;
REVOKE ALL ON FUNCTION order_work FROM PUBLIC;
GRANT EXECUTE ON FUNCTION order_work TO :service_api, :service_worker;

-- A laboratory sees what names it; everybody else by the child's present residence: history goes with the child.
DO $$
DECLARE
    name text;
    whose text;
    condition text;
BEGIN
    FOR name, whose IN VALUES ('child', NULL), ('child_case', NULL), ('lab_order', 'laboratory_codes'),
            ('specimen', 'laboratory_code'), ('lab_result', 'laboratory_code'), ('held_result', 'laboratory_code'),
            ('critical_value', 'laboratory_code') LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY census ON %I FOR SELECT TO :service_owner USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO :service_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO :service_api', name);
        IF whose IS NOT NULL THEN
            condition := format(
                '(laboratory_visible(%I.%I) OR (NOT laboratory_only() '
                'AND EXISTS (SELECT FROM child c WHERE c.child_id = %I.child_id)))', name, whose, name);
            EXECUTE format('CREATE POLICY api ON %I TO :service_api USING %s WITH CHECK %s', name, condition, condition);
            EXECUTE format('GRANT INSERT, UPDATE ON %I TO :service_api', name);
        END IF;
    END LOOP;
END $$;
CREATE POLICY api ON child FOR SELECT TO :service_api USING (area_visible(desa_code, posyandu_code));
CREATE POLICY api ON child_case FOR SELECT TO :service_api
    USING (EXISTS (SELECT FROM child c WHERE c.child_id = child_case.child_id));

GRANT SELECT, INSERT, UPDATE ON laboratory TO :service_api;
GRANT SELECT ON laboratory TO :service_worker;
