-- Which rule set judges is data: a switch is one row, and every batch reads it in its own transaction.

CREATE TABLE rule_set (
    version text PRIMARY KEY,
    content bytea NOT NULL,              -- TOML, as it was given
    sha256 text NOT NULL,                -- of content, hexadecimal
    source text NOT NULL CHECK (source IN ('shipped', 'command', 'api')),
    added_by text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE rule_set IS 'primary; people wrote them';

-- The newest row is in force. None: the one the program ships.
CREATE TABLE rule_set_activation (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL REFERENCES rule_set,
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    replay_id uuid                       -- it was decided on; empty: the first, by which all was judged from the start
);
COMMENT ON TABLE rule_set_activation IS 'primary; people decided';

GRANT SELECT, INSERT, UPDATE, DELETE ON rule_set, rule_set_activation TO :service_worker;
GRANT SELECT, INSERT ON rule_set TO :service_api;
GRANT SELECT ON rule_set_activation TO :service_api;
