-- What the laboratory holds of other services' facts: whose blood it is, where the child lives, which case asks for it.

-- A laboratory's token carries the laboratory's own code as its area: it sees rows that name it.
CREATE FUNCTION laboratory_visible(codes text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(string_to_array(nullif(current_setting('tumbuh.areas', true), ''), ',')) AS area
        WHERE area = ANY(string_to_array(codes, ' '))
    )
$$;

-- A caller without any area but a laboratory: nothing is visible to it by residence, so nobody needs to look.
CREATE FUNCTION laboratory_only() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('tumbuh.areas', true) LIKE 'LAB.%', false)
       AND current_setting('tumbuh.areas', true) NOT LIKE '%,%'
$$;

CREATE TABLE laboratory (
    code text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    area_codes text[] NOT NULL,
    tests_per_day integer NOT NULL
);
COMMENT ON TABLE laboratory IS 'primary; the district entered it: public, so no row-level security';

CREATE TABLE child (
    child_id uuid PRIMARY KEY,
    fact_id uuid NOT NULL,
    epoch integer NOT NULL,              -- 0 = a stub: a case came before its child
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    root_id uuid NOT NULL,               -- the child this one was merged into, else itself
    sex text,
    birth_date date,                     -- bands of age are read at the day of the draw
    died_on date,
    departed_on date,
    voided boolean NOT NULL,
    desa_code text COLLATE "C",          -- present residence
    posyandu_code text COLLATE "C"
);
COMMENT ON TABLE child IS 'derived; republish of measurement fills it again';
CREATE INDEX child_root ON child (root_id);
CREATE INDEX child_desa ON child (desa_code, child_id);

CREATE TABLE child_case (
    child_id uuid NOT NULL,
    fact_id uuid NOT NULL,               -- case_id
    epoch integer NOT NULL,
    revision integer NOT NULL,
    known_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    opened_on date NOT NULL,
    tier text NOT NULL,
    priority boolean NOT NULL,
    state text NOT NULL,
    close_reason text,
    required_tests text NOT NULL,        -- codes joined by blanks, in the order published
    PRIMARY KEY (child_id, fact_id)
);
COMMENT ON TABLE child_case IS 'derived; republish of scoring fills it again';
CREATE INDEX child_case_fact ON child_case (fact_id);
