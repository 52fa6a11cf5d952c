-- Tests of an order that a person calls off, and why; asked for again, the row has an end and the next may come.

CREATE TABLE order_cancellation (
    child_id uuid NOT NULL,
    order_id uuid NOT NULL,
    orderable text NOT NULL,
    reason text NOT NULL,                -- code, domain/orders.py CancelReason
    reason_text text,                    -- somebody's words; never published
    cancelled_by text NOT NULL,          -- account
    cancelled_at timestamptz NOT NULL,
    ended_by text,                       -- who asked for the test again
    ended_at timestamptz
);
COMMENT ON TABLE order_cancellation IS 'primary; a person called a test off';
CREATE UNIQUE INDEX order_cancellation_stands ON order_cancellation (order_id, orderable) WHERE ended_at IS NULL;
CREATE INDEX order_cancellation_order ON order_cancellation (order_id);

ALTER TABLE order_cancellation ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_cancellation FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON order_cancellation TO :service_worker USING (true) WITH CHECK (true);
-- Whoever sees the order: the policies of `lab_order` say who.
CREATE POLICY api ON order_cancellation TO :service_api
    USING (EXISTS (SELECT FROM lab_order o
                   WHERE (o.child_id, o.fact_id) = (order_cancellation.child_id, order_cancellation.order_id)))
    WITH CHECK (EXISTS (SELECT FROM lab_order o
                        WHERE (o.child_id, o.fact_id) = (order_cancellation.child_id, order_cancellation.order_id)));
GRANT SELECT, INSERT, UPDATE, DELETE ON order_cancellation TO :service_worker;
GRANT SELECT, INSERT, UPDATE ON order_cancellation TO :service_api;
