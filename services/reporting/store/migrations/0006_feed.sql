-- The change feed: which figures have changed, in an order that readers can rest on.
--
-- A batch that moves cells appends one row of marks. A worker gathers them and numbers what changed while it holds the
-- row of feed_state, so numbers become visible in their own order: who has read up to one has missed nothing below it.

CREATE TABLE figure_mark (
    mark_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    places text[] NOT NULL,             -- desa whose figures changed, one for each range of months
    first_months date[] NOT NULL,
    last_months date[] NOT NULL         -- S changes in every month of a span, other counts in one
);
COMMENT ON TABLE figure_mark IS 'derived; one row a batch, gone when it is gathered into feed_entry';

CREATE TABLE feed_state (
    feed_id uuid NOT NULL DEFAULT gen_random_uuid(),    -- another one: numbers of before say nothing here
    sequence bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE feed_state IS 'derived; the last number given';
CREATE UNIQUE INDEX feed_state_one ON feed_state ((true));
INSERT INTO feed_state DEFAULT VALUES;

CREATE TABLE feed_entry (
    area_code text COLLATE "C" NOT NULL,
    month date NOT NULL,
    level smallint NOT NULL,            -- parts of the code: 1 provinsi to 4 desa
    sequence bigint NOT NULL,           -- of the latest change: an area and month is there once, however often it changed
    changed_at timestamptz NOT NULL,    -- when that was numbered
    PRIMARY KEY (area_code, month)
) WITH (fillfactor = 70);
COMMENT ON TABLE feed_entry IS 'derived; what has ever changed, by its latest change';
CREATE UNIQUE INDEX feed_entry_in_order ON feed_entry (level, sequence);

ALTER TABLE feed_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON feed_entry TO reporting_worker USING (true) WITH CHECK (true);
-- As of cells: whoever sees every desa of an area sees that it changed.
CREATE POLICY api ON feed_entry FOR SELECT TO reporting_api USING (
    left(area_code, 5) = ANY ((SELECT caller_areas())::text[]) OR left(area_code, 8) = ANY ((SELECT caller_areas())::text[])
    OR area_code = ANY ((SELECT caller_areas())::text[]) OR left(area_code, 2) = ANY ((SELECT caller_areas())::text[])
);

GRANT SELECT, INSERT, UPDATE, DELETE ON figure_mark, feed_state, feed_entry TO reporting_worker;
GRANT SELECT ON feed_state, feed_entry TO reporting_api;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA reporting TO reporting_worker;
