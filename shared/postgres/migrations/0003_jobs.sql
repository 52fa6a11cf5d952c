-- Long work: uploads, exports, sweeps. One row a job; a worker holds it by a lease and a fencing token.

CREATE TABLE job (
    job_id uuid PRIMARY KEY,
    kind text NOT NULL,
    unique_key text,                 -- at most one job of a kind for it: the sweep of one day
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed')),
    payload jsonb NOT NULL,          -- what to do; never changes meaning while the job runs
    cursor jsonb,                    -- how far it got, written in the transaction of each chunk
    result jsonb,                    -- what came out, small: ids, counts, codes
    rows bigint,                     -- how much there is to do, once known
    done bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,      -- claims since the last progress
    error_code text,
    run_after timestamptz NOT NULL DEFAULT now(),
    lease_token bigint NOT NULL DEFAULT 0,    -- grows with every claim; who holds an older one may not commit
    lease_until timestamptz,
    requested_by text NOT NULL,
    -- The areas of whoever asked; null for jobs that no caller asked for.
    areas text[] DEFAULT string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ','),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, unique_key)
);
COMMENT ON TABLE job IS 'primary; the cursor commits with the rows of its chunk, so resuming is exact';
CREATE INDEX job_claimable ON job (run_after, job_id) WHERE state IN ('queued', 'running');
CREATE INDEX job_created_at ON job (created_at);

-- A caller sees a job when every area it was asked for lies inside the caller's own.
CREATE FUNCTION areas_inside_callers(asked text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT cardinality(asked) > 0 AND NOT EXISTS (
        SELECT FROM unnest(asked) AS area
        WHERE NOT EXISTS (
            SELECT FROM unnest(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ',')) AS own
            WHERE area COLLATE "C" >= own AND area COLLATE "C" < own || '/'
        )
    )
$$;

ALTER TABLE job ENABLE ROW LEVEL SECURITY;
CREATE POLICY job_worker ON job TO :service_worker USING (true) WITH CHECK (true);
CREATE POLICY job_api ON job TO :service_api USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));

GRANT SELECT, INSERT, UPDATE, DELETE ON job TO :service_worker;
-- The API asks for jobs and lets waiting ones go on; lease, cursor and outcome are the worker's.
GRANT SELECT ON job TO :service_api;
GRANT INSERT (job_id, kind, unique_key, payload, requested_by, run_after) ON job TO :service_api;
GRANT UPDATE (state, payload, run_after, attempts, error_code, updated_at) ON job TO :service_api;
