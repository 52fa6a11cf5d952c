-- A subscription that is over: nothing is sent any more, its secret and what waited are gone. The row stays, so that it can
-- be said who ended it and when, and its attempts can be looked at.
ALTER TABLE subscription
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_by text,
    ALTER COLUMN sealed_secret DROP NOT NULL,
    DROP CONSTRAINT subscription_state_check,
    ADD CONSTRAINT subscription_state_check CHECK (state IN ('active', 'paused', 'stopped', 'deleted')),
    ADD CONSTRAINT subscription_deleted CHECK (
        (state = 'deleted') = (deleted_at IS NOT NULL) AND (state = 'deleted') = (sealed_secret IS NULL)
        AND (state <> 'deleted' OR pending_key IS NULL)
    );

-- What waited is dropped with a line in its log.
CREATE POLICY api_dropped ON webhook_delivery FOR INSERT TO :service_api
    WITH CHECK (EXISTS (SELECT FROM subscription AS s WHERE s.subscription_id = webhook_delivery.subscription_id));
GRANT INSERT ON webhook_delivery TO :service_api;
