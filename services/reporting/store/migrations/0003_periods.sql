-- What a child counts for in a quarter, semester or year follows from its months. Functions that count children run as the
-- owner, who may read all of them (0018, 0020).

-- The desa that a home posyandu lies in; the residence where the posyandu is unmapped.
CREATE FUNCTION home_desa(desa_code text, posyandu_code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN posyandu_code = '' THEN desa_code ELSE left(posyandu_code, 13) END
$$;

CREATE POLICY periods ON child_month FOR SELECT TO :service_owner USING (true);
CREATE POLICY periods ON child_span FOR SELECT TO :service_owner USING (true);
