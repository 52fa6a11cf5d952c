-- What takes long to count of a large area, counted beside the consumer: by kecamatan from the children, by kabupaten
-- and provinsi from what lies below. What changed since is `tally_due`; a tally without it says what counting now would.

ALTER TABLE figure_mark ADD COLUMN recount_places text[] NOT NULL DEFAULT '{}';     -- desa, as `places`
ALTER TABLE figure_mark ADD COLUMN recount_first date[] NOT NULL DEFAULT '{}';      -- where no figure of the feed need
ALTER TABLE figure_mark ADD COLUMN recount_last date[] NOT NULL DEFAULT '{}';       -- have changed, as an age does not

CREATE TABLE tally (
    kind text NOT NULL,                 -- use_cases/tally_kinds.py
    area_code text COLLATE "C" NOT NULL,
    months smallint NOT NULL,
    month date NOT NULL,                -- the first of the period
    layout text NOT NULL,               -- what the columns mean; of another program: to be counted anew
    parts text[] NOT NULL,              -- a code for each row: the desa of a kecamatan, the areas below others
    columns integer NOT NULL,
    counts bytea NOT NULL,              -- 32-bit integers, little-endian, row by row
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (kind, area_code, months, month)
);
COMMENT ON TABLE tally IS 'derived; counted anew after each change (tally_due)';

CREATE TABLE tally_due (
    area_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- of the latest change
    due_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (area_code, month)
);
COMMENT ON TABLE tally_due IS 'derived; areas and months that are to be counted anew';

ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
ALTER TABLE tally FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON tally TO :service_worker USING (true) WITH CHECK (true);
-- As of sums by level: whoever sees every desa of an area.
CREATE POLICY api ON tally FOR SELECT TO :service_api USING (
    left(area_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(area_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR left(area_code, 2) = ANY ((SELECT caller_areas())::text[])
);
ALTER TABLE tally_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE tally_due FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON tally_due TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY periods ON tally_due FOR SELECT TO :service_owner USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON tally, tally_due TO :service_worker;
GRANT SELECT ON tally TO :service_api;

-- Whether nothing in these months of an area has changed that is not counted yet. Runs as the owner: a yes or a no.
CREATE FUNCTION is_counted(area text, from_month date, to_month date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM tally_due AS d
        WHERE d.area_code COLLATE "C" >= area AND d.area_code COLLATE "C" < area || '/'
          AND d.month BETWEEN from_month AND to_month
    ) AND NOT EXISTS (
        SELECT FROM figure_mark AS m,
            unnest(m.places || m.recount_places, m.first_months || m.recount_first, m.last_months || m.recount_last)
                AS changed(place, first, last)
        WHERE (changed.place = area OR starts_with(changed.place, area || '.'))
          AND changed.first <= to_month AND changed.last >= from_month
    )
$$;
REVOKE ALL ON FUNCTION is_counted(text, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_counted(text, date, date) TO :service_api, :service_worker;
