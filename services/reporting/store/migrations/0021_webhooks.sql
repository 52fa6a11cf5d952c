-- Who is sent the feed, how far it got, and what is under way to it.
CREATE TABLE subscription (
    subscription_id uuid PRIMARY KEY,
    revision integer NOT NULL DEFAULT 1,        -- counts decisions of people, not deliveries
    url text NOT NULL,
    areas text[] NOT NULL,
    level smallint NOT NULL,                    -- of the areas told: parts of their codes
    sealed_secret bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'paused', 'stopped')),
    feed_id uuid NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,         -- acknowledged up to here
    -- Sent and not acknowledged: sent again with the same bytes under the same key until it is.
    pending_key uuid,
    pending_body bytea,
    pending_entries integer,
    pending_sequence bigint,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    failing_since timestamptz,
    last_error text,
    last_acknowledged_at timestamptz,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE subscription IS 'primary; people decided who is told, the secret is sealed';
CREATE INDEX subscription_due ON subscription (due_at) WHERE state = 'active';

CREATE TABLE webhook_delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES subscription,
    delivery_key uuid NOT NULL,
    attempt integer NOT NULL,
    entries integer NOT NULL,
    status smallint,                            -- of the answer; null = there was none
    error text,                                 -- a code; null = acknowledged
    milliseconds integer NOT NULL,
    attempted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE webhook_delivery IS 'primary for thirty days; attempts without what was sent or answered';
CREATE INDEX webhook_delivery_newest ON webhook_delivery (subscription_id, delivery_id DESC);

ALTER TABLE subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON subscription TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON subscription TO reporting_api
    USING (areas_inside_callers(areas)) WITH CHECK (areas_inside_callers(areas));
ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_delivery FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON webhook_delivery TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON webhook_delivery FOR SELECT TO reporting_api
    USING (EXISTS (SELECT FROM subscription AS s WHERE s.subscription_id = webhook_delivery.subscription_id));

GRANT SELECT, INSERT, UPDATE ON subscription TO reporting_api;
GRANT SELECT ON webhook_delivery TO reporting_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON subscription, webhook_delivery TO reporting_worker;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA reporting TO reporting_worker;
