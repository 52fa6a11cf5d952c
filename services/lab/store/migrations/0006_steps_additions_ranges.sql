-- Orders: every step of a specimen with its time and who, tests that a person added, lists by place. Reference ranges.

-- Drawn, sent, received at the laboratory: steps of their own. What was `received_at` is when the tube was entered.
ALTER TABLE specimen RENAME COLUMN received_at TO recorded_at;
ALTER TABLE specimen ADD recorded_by text;          -- account; null before this was kept
ALTER TABLE specimen ADD sent_at timestamptz;       -- it left the place of the draw
ALTER TABLE specimen ADD sent_by text;
ALTER TABLE specimen ADD received_at timestamptz;   -- the laboratory has it in its hands
ALTER TABLE specimen ADD received_by text;
UPDATE specimen SET received_at = recorded_at;      -- until now only what had arrived was entered

CREATE TABLE order_addition (
    child_id uuid NOT NULL,
    order_id uuid NOT NULL,
    orderable text NOT NULL,
    sign text,                           -- what was seen, a code of the panels; or
    reason_text text,                    -- why, in somebody's words; never published
    added_by text NOT NULL,              -- account
    added_at timestamptz NOT NULL,
    PRIMARY KEY (child_id, order_id, orderable),
    CHECK (sign IS NOT NULL OR reason_text IS NOT NULL)
);
COMMENT ON TABLE order_addition IS 'primary; tests that a person asked for beyond what the case requires';
CREATE INDEX order_addition_order ON order_addition (order_id);

ALTER TABLE order_addition ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_addition FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON order_addition TO :service_worker USING (true) WITH CHECK (true);
-- Whoever sees the order: the policies of `lab_order` say who.
CREATE POLICY api ON order_addition TO :service_api
    USING (EXISTS (SELECT FROM lab_order o
                   WHERE (o.child_id, o.fact_id) = (order_addition.child_id, order_addition.order_id)))
    WITH CHECK (EXISTS (SELECT FROM lab_order o
                        WHERE (o.child_id, o.fact_id) = (order_addition.child_id, order_addition.order_id)));
GRANT SELECT, INSERT, UPDATE, DELETE ON order_addition TO :service_worker;
GRANT SELECT, INSERT ON order_addition TO :service_api;

-- Open orders of children at home in some areas (half-open ranges of desa codes; none = anywhere) and posyandu, among
-- those the caller may see. A laboratory sees no child by residence, only orders that name it; so it is asked here.
CREATE FUNCTION open_orders_at(lows text[], highs text[], posyandu text) RETURNS TABLE (order_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT o.fact_id FROM lab_order o JOIN child c ON c.child_id = o.child_id
    WHERE o.state = 'open' AND (posyandu IS NULL OR c.posyandu_code = posyandu)
      AND (cardinality(lows) = 0 OR EXISTS (
          SELECT FROM unnest(lows, highs) AS area (low, high)
          WHERE c.desa_code >= area.low COLLATE "C" AND c.desa_code < area.high COLLATE "C"))
      AND (session_user = ':service_worker' OR laboratory_visible(o.laboratory_codes)
           OR area_visible(c.desa_code, c.posyandu_code))
$$;
REVOKE ALL ON FUNCTION open_orders_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_orders_at TO :service_api, :service_worker;

-- What waits at each laboratory, whoever asks: counts, no child and no value.
CREATE FUNCTION laboratory_loads()
RETURNS TABLE (code text, waiting_tests bigint, open_orders bigint, urgent_orders bigint, waiting_since date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT held.code, sum(o.ordered_tests + o.collected_tests), count(*), count(*) FILTER (WHERE o.urgency = 0),
           min(o.waiting_since)
    FROM lab_order o, unnest(string_to_array(o.laboratory_codes, ' ')) AS held (code)
    WHERE o.state = 'open' GROUP BY held.code
$$;
REVOKE ALL ON FUNCTION laboratory_loads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION laboratory_loads TO :service_api, :service_worker;

-- A laboratory's own reference ranges: a whole set of bands of one test, from a day on, never edited.
CREATE TABLE reference_range (
    laboratory_code text COLLATE "C" NOT NULL REFERENCES laboratory (code),
    test_code text NOT NULL,
    valid_from date NOT NULL,
    unit text NOT NULL,                  -- as the laboratory states them
    stated json NOT NULL,                -- as it was sent
    bands json NOT NULL,                 -- sex, half-open months, low and high in the canonical unit, converted once
    source_text text NOT NULL,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (laboratory_code, test_code, valid_from)
);
COMMENT ON TABLE reference_range IS 'primary; what a laboratory prints beside a value: public, so no row-level security';
GRANT SELECT ON reference_range TO :service_worker;
GRANT SELECT, INSERT ON reference_range TO :service_api;
