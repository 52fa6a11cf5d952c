-- Answers of writes, so that a request sent twice has one effect and gets one answer (architecture §4).
-- The row is inserted in the transaction of the effect: the primary key makes the second of two equal requests wait for
-- the first, and if the first rolls back there is no row and the second does the work.

CREATE TABLE idempotency_key (
    client text NOT NULL,
    route text NOT NULL,            -- method and template
    key text NOT NULL,
    request_hash bytea NOT NULL,    -- path, query and body: another child under the same key is other content
    created_at timestamptz NOT NULL DEFAULT now(),
    status integer,                 -- null only inside the transaction that is still at work
    headers jsonb,
    body bytea,
    PRIMARY KEY (client, route, key)
);
COMMENT ON TABLE idempotency_key IS 'primary for seven days, then forgotten; answers hold ids and values, no names';
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

GRANT SELECT, INSERT, UPDATE ON idempotency_key TO :service_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO :service_worker;
