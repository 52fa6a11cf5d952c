-- An alert at the measuring of a posyandu: raised by the worker while a reason is grave enough, then taken up by people.
-- One is open per posyandu and kind, whatever is judged again or rebuilt: the unique index says so.
CREATE TABLE quality_alert (
    posyandu_code text COLLATE "C" NOT NULL,
    alert_id uuid NOT NULL,
    desa_code text COLLATE "C" NOT NULL,
    kind text NOT NULL,                     -- code of the reason
    state text NOT NULL CHECK (state IN ('raised', 'acknowledged', 'acted', 'closed')),
    revision integer NOT NULL,              -- of the state; what a change names in If-Match
    first_month date NOT NULL,              -- for which it was raised
    last_month date NOT NULL,               -- the latest in which the reason stood
    reason jsonb NOT NULL,                  -- Reason in domain/quality_reasons.py, of last_month
    rules_version text NOT NULL,
    raised_at timestamptz NOT NULL,
    raised_again_from uuid,                 -- the former alert of the same kind
    acknowledged_at timestamptz,
    acted_at timestamptz,
    closed_at timestamptz,
    close_reason text,
    PRIMARY KEY (posyandu_code, alert_id)
);
COMMENT ON TABLE quality_alert IS 'primary; people move it: backed up';
CREATE UNIQUE INDEX quality_alert_one_open ON quality_alert (posyandu_code, kind) WHERE state <> 'closed';
CREATE INDEX quality_alert_by_time ON quality_alert (raised_at, alert_id);
CREATE UNIQUE INDEX quality_alert_by_id ON quality_alert (alert_id);

CREATE TABLE quality_alert_step (
    posyandu_code text COLLATE "C" NOT NULL,
    alert_id uuid NOT NULL,
    revision integer NOT NULL,
    desa_code text COLLATE "C" NOT NULL,
    step text NOT NULL,                     -- raised, acknowledged, acted, closed
    at timestamptz NOT NULL,
    account text,                           -- empty: the worker
    code text,                              -- what was done, or why it was closed
    note text,                              -- in whose words: in no answer that is kept, event or log
    PRIMARY KEY (posyandu_code, alert_id, revision)
);
COMMENT ON TABLE quality_alert_step IS 'primary; append-only: no role may change or delete a row';

DO $$
DECLARE
    told text;
    covered text := '(SELECT caller_areas())';
BEGIN
    covered := format(
        'left(desa_code, 5) = ANY (%1$s) OR left(desa_code, 8) = ANY (%1$s) OR desa_code = ANY (%1$s) '
        'OR posyandu_code = ANY (%1$s) OR left(desa_code, 2) = ANY (%1$s)', covered || '::text[]');
    FOREACH told IN ARRAY ARRAY['quality_alert', 'quality_alert_step'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', told);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', told);
        EXECUTE format('CREATE POLICY worker ON %I TO :service_worker USING (true) WITH CHECK (true)', told);
        EXECUTE format('CREATE POLICY api ON %I TO :service_api USING (%s) WITH CHECK (%s)', told, covered, covered);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON quality_alert TO :service_worker;
GRANT SELECT ON quality_alert TO :service_api;
GRANT UPDATE (state, revision, acknowledged_at, acted_at, closed_at, close_reason) ON quality_alert TO :service_api;
GRANT SELECT, INSERT ON quality_alert_step TO :service_worker, :service_api;
