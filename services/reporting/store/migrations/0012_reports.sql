-- Published reports, the day-by-day cut-offs that they wait for, and what others measured beside us.

-- Where each partition ended when a day was over. A report as of that day is complete once the consumer is past it.
CREATE TABLE cut_off (
    day date NOT NULL,                          -- Jakarta; noted when it was over
    topic text NOT NULL,
    partition integer NOT NULL,
    end_offset bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, topic, partition)
);
COMMENT ON TABLE cut_off IS 'primary; what only the broker knew at that moment, kept for two months';

-- Append-only: nobody may change or delete a row, neither the API nor the worker.
CREATE TABLE published_report (
    report_id uuid PRIMARY KEY,
    series_id uuid NOT NULL,                    -- of the first of its revisions
    revision integer NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    period text NOT NULL,
    as_of date NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,                 -- the account, not a name
    reason text,                                -- of a revision
    content bytea NOT NULL,                     -- canonical JSON, exact
    sha256 text NOT NULL,
    suppressed_content bytea,                   -- what is read outside the district, frozen with it
    suppressed_sha256 text,
    UNIQUE (series_id, revision),
    UNIQUE (area_code, period, revision)
);
COMMENT ON TABLE published_report IS 'primary; figures as they were published, byte by byte';
ALTER TABLE published_report ALTER COLUMN content SET STORAGE EXTENDED;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was published is not changed: publish a revision' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER published_report_stays BEFORE UPDATE OR DELETE ON published_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Survey figures of others (SSGI, SKI) and targets: entered, versioned, never blended with ours.
CREATE TABLE survey_figure (
    area_code text COLLATE "C" NOT NULL,
    survey text NOT NULL,
    year integer NOT NULL,
    indicator text NOT NULL,
    revision integer NOT NULL,
    children integer,                           -- measured by the survey; null = not stated
    share double precision NOT NULL,
    low double precision,
    high double precision,
    source text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (area_code, survey, year, indicator, revision)
);
COMMENT ON TABLE survey_figure IS 'primary; the highest revision holds, the others say what was believed before';

CREATE TABLE target_figure (
    area_code text COLLATE "C" NOT NULL,        -- 00 = the country
    year integer NOT NULL,
    indicator text NOT NULL,
    revision integer NOT NULL,
    share double precision NOT NULL,
    source text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (area_code, year, indicator, revision)
);
COMMENT ON TABLE target_figure IS 'primary; shares to be reached, those of the country shipped';
INSERT INTO target_figure VALUES
    ('00', 2025, 'stunted', 1, 0.188, 'RPJMN 2025-2029', now(), 'migration'),
    ('00', 2029, 'stunted', 1, 0.142, 'RPJMN 2025-2029', now(), 'migration');

-- An area is seen by whose area holds it; surveys and targets of what lies above are public figures.
DO $$
DECLARE
    closed text;
BEGIN
    FOREACH closed IN ARRAY ARRAY['published_report', 'survey_figure', 'target_figure'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', closed);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', closed);
        EXECUTE format('CREATE POLICY worker ON %I TO reporting_worker USING (true) WITH CHECK (true)', closed);
        EXECUTE format('CREATE POLICY api ON %I FOR SELECT TO reporting_api USING (area_visible(area_code, NULL))', closed);
        EXECUTE format('CREATE POLICY api_enters ON %I FOR INSERT TO reporting_api WITH CHECK (area_visible(area_code, NULL))',
                       closed);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO reporting_api', closed);
        EXECUTE format('GRANT SELECT ON %I TO reporting_worker', closed);
    END LOOP;
    FOREACH closed IN ARRAY ARRAY['survey_figure', 'target_figure'] LOOP
        EXECUTE format('CREATE POLICY api_above ON %I FOR SELECT TO reporting_api USING (area_code = ''00'' OR EXISTS ('
                       'SELECT FROM unnest(caller_areas()) AS area WHERE area >= area_code || ''.'' '
                       'AND area < area_code || ''/''))', closed);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON cut_off TO reporting_worker;
GRANT SELECT ON cut_off TO reporting_api;

-- Which rule sets judged what was measured in a period: a report names them. Null = stored before this column was.
ALTER TABLE assessment_fact ADD COLUMN ruleset_version text;
CREATE FUNCTION rulesets_of(first date, last date, known_before timestamptz)
RETURNS TABLE (ruleset_version text, assessments bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT newest.ruleset_version, count(*) FROM (
        SELECT DISTINCT ON (a.child_id, a.measurement_id) a.ruleset_version, a.voided
        FROM assessment_fact AS a JOIN measurement_fact AS m
            ON (m.child_id, m.fact_id, m.epoch, m.revision)
             = (a.child_id, a.measurement_id, a.measurement_epoch, a.measurement_revision)
        WHERE m.measured_on BETWEEN first AND last AND a.known_at < known_before AND m.known_at < known_before
        ORDER BY a.child_id, a.measurement_id, a.epoch DESC, a.revision DESC
    ) AS newest WHERE NOT newest.voided GROUP BY 1 ORDER BY 1 NULLS FIRST
$$;
REVOKE ALL ON FUNCTION rulesets_of(date, date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rulesets_of(date, date, timestamptz) TO :service_worker, :service_api;

-- Children whose numerator or denominator differs between three looks: the earlier period as known before `known_then`
-- and before `known_now`, and the later one before `known_now` (null = now). A child counts where its last month of the
-- period lies, by the marks of the latest month with one of `given` (domain/period_months.py); `away` = it counts in that
-- look, but elsewhere. Runs as the owner, since months that decide where a child counts may lie in other areas; only
-- children who count in the area and in the caller's areas in one of the looks come out.
CREATE FUNCTION changed_children(
    early_from date, early_to date, late_from date, late_to date, known_then timestamptz, known_now timestamptz,
    in_desa text, at_posyandu text, of_homes text[], given bigint, counting bigint, index_name text
) RETURNS TABLE (
    root_id uuid, marks_then bigint, marks_before bigint, marks_after bigint,
    away_then boolean, away_before boolean, away_after boolean,
    score_before double precision, score_after double precision
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :service, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    live smallint := (SELECT g.generation FROM generation g WHERE g.state = 'live');
    upper_desa text := in_desa || '/';
    areas text[] := caller_areas();
BEGIN
    RETURN QUERY
    WITH here AS (
        SELECT DISTINCT m.root_id AS root FROM child_month m
        WHERE m.generation = live
          AND (m.month BETWEEN early_from AND early_to OR m.month BETWEEN late_from AND late_to)
          AND (in_desa IS NULL OR (m.desa_code >= in_desa AND m.desa_code < upper_desa))
          AND (at_posyandu IS NULL OR m.posyandu_code = at_posyandu)
          AND (of_homes IS NULL OR home_desa(m.desa_code, m.posyandu_code) = ANY (of_homes))
    ),
    looks (look, first, last, known) AS (
        VALUES (1, early_from, early_to, known_then), (2, early_from, early_to, known_now),
               (3, late_from, late_to, known_now)
    ),
    counted AS (
        SELECT here.root, looks.look,
               (array_agg(m.desa_code ORDER BY m.month DESC))[1] AS desa,
               (array_agg(m.posyandu_code ORDER BY m.month DESC))[1] AS post,
               coalesce((array_agg(m.marks ORDER BY m.month DESC) FILTER (WHERE m.marks & given <> 0))[1], 0) AS bits,
               (array_agg(CASE index_name WHEN 'haz' THEN m.haz WHEN 'waz' THEN m.waz WHEN 'whz' THEN m.whz END
                          ORDER BY m.month DESC) FILTER (WHERE m.marks & given <> 0))[1] AS score
        FROM here CROSS JOIN looks
        JOIN child_month m ON m.root_id = here.root AND m.generation = live AND m.month BETWEEN looks.first AND looks.last
         AND ((looks.known IS NULL AND m.known_to IS NULL)
              OR (m.known_from < looks.known AND (m.known_to IS NULL OR m.known_to >= looks.known)))
        GROUP BY here.root, looks.look
    ),
    placed AS (
        SELECT root, look, bits, score,
               (in_desa IS NULL OR (desa >= in_desa AND desa < upper_desa))
               AND (at_posyandu IS NULL OR post = at_posyandu)
               AND (of_homes IS NULL OR home_desa(desa, post) = ANY (of_homes))
               AND (left(desa, 5) = ANY (areas) OR left(desa, 8) = ANY (areas) OR desa = ANY (areas)
                    OR post = ANY (areas) OR left(desa, 2) = ANY (areas)) AS inside
        FROM counted
    ),
    told AS (
        SELECT root,
               bit_or(bits) FILTER (WHERE look = 1 AND inside) AS b1, bit_or(bits) FILTER (WHERE look = 2 AND inside) AS b2,
               bit_or(bits) FILTER (WHERE look = 3 AND inside) AS b3,
               coalesce(bool_or(look = 1 AND NOT inside), false) AS a1,
               coalesce(bool_or(look = 2 AND NOT inside), false) AS a2,
               coalesce(bool_or(look = 3 AND NOT inside), false) AS a3,
               max(score) FILTER (WHERE look = 2 AND inside) AS s2, max(score) FILTER (WHERE look = 3 AND inside) AS s3
        FROM placed GROUP BY root
    )
    SELECT root, b1, b2, b3, a1, a2, a3, s2, s3 FROM told
    WHERE (coalesce(b1, 0) & counting) <> (coalesce(b2, 0) & counting)
       OR (coalesce(b3, 0) & counting) <> (coalesce(b2, 0) & counting)
    ORDER BY root;
END $$;
REVOKE ALL ON FUNCTION changed_children(
    date, date, date, date, timestamptz, timestamptz, text, text, text[], bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changed_children(
    date, date, date, date, timestamptz, timestamptz, text, text, text[], bigint, bigint, text) TO :service_api;
