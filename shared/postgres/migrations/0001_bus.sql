-- What every service has: its outbox, its positions, its dead letters, and the rule for areas.
-- `:service` stands for the service's name.

-- Rows of a table with an area are visible when an area of the caller covers the child's desa or its posyandu.
-- Codes are dotted, and '.' sorts just before '/': everything below 12.19.01 lies in ['12.19.01', '12.19.01/').
-- The worker role passes by a policy of its own; an unset or empty setting shows nothing.
CREATE FUNCTION area_visible(desa_code text, posyandu_code text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ',')) AS area
        WHERE (desa_code COLLATE "C" >= area AND desa_code COLLATE "C" < area || '/')
           OR (posyandu_code COLLATE "C" = area)
    )
$$;

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic text NOT NULL,
    keys text[] NOT NULL,
    headers text[] NOT NULL,      -- one JSON list of [name, value] per message
    bodies bytea[] NOT NULL
);
-- Rows live for a moment: compressing them costs more than writing them.
ALTER TABLE outbox ALTER COLUMN keys SET STORAGE EXTERNAL, ALTER COLUMN headers SET STORAGE EXTERNAL,
    ALTER COLUMN bodies SET STORAGE EXTERNAL;
COMMENT ON TABLE outbox IS 'derived; one row per transaction and topic, deleted when the broker acknowledged all of it';

CREATE TABLE consumer_position (
    topic text NOT NULL,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    next_offset bigint NOT NULL,
    applied bigint NOT NULL DEFAULT 0,
    not_newer bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    gaps bigint NOT NULL DEFAULT 0,       -- offsets the broker no longer had: compacted away, or lost to retention
    end_offset bigint NOT NULL DEFAULT 0, -- of the partition when last asked: end - next = lag
    crashes integer NOT NULL DEFAULT 0,   -- times the consumer fell at next_offset; back to 0 when it gets past
    crash_code text,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE consumer_position IS 'derived; written in the transaction of the effects, so it never lies';

CREATE TABLE dead_letter (
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    key bytea,
    headers jsonb NOT NULL,
    body bytea,
    reason text NOT NULL,
    detail text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
    received_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_by text,
    PRIMARY KEY (topic, partition, record_offset)
);
COMMENT ON TABLE dead_letter IS 'primary; original bytes until somebody re-drives or discards them';
CREATE INDEX dead_letter_open ON dead_letter (received_at) WHERE state = 'open';

-- Counts and digests over all rows, for the facts ledger: an operator without any area may compare totals, see no row.
-- Runs as the owner, so tables with row-level security need a policy for the owner too.
CREATE FUNCTION facts_census(source text, history boolean)
RETURNS TABLE (day text, n bigint, digest bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
DECLARE
    facts text := format('SELECT fact_id, epoch, revision, known_at FROM %I WHERE epoch > 0', source);
BEGIN
    IF history THEN  -- every revision is kept: the newest counts
        facts := format('SELECT DISTINCT ON (fact_id) fact_id, epoch, revision, known_at FROM %I WHERE epoch > 0 '
                        'ORDER BY fact_id, epoch DESC, revision DESC', source);
    END IF;
    RETURN QUERY EXECUTE
        'SELECT (known_at AT TIME ZONE ''Asia/Jakarta'')::date::text, count(*), '
        'bit_xor(hashtextextended(fact_id::text || '':'' || epoch || '':'' || revision, 0)) '
        'FROM (' || facts || ') AS held GROUP BY 1';
END $$;
REVOKE ALL ON FUNCTION facts_census(text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION facts_census(text, boolean) TO :service_worker, :service_api;

GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, consumer_position, dead_letter TO :service_worker;
GRANT SELECT, INSERT ON outbox TO :service_api;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA :service TO :service_worker, :service_api;
GRANT SELECT ON consumer_position, dead_letter TO :service_api;
