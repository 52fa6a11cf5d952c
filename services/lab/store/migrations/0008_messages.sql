-- Messages of laboratories: read by who sent them, known by the sender's own number, forgotten after their time.

ALTER TABLE inbound_message
    ADD COLUMN number text,              -- the sender's own, as it is shown
    ADD COLUMN number_key bytea,         -- digest of sender and number; null where the message has none of its own
    ADD COLUMN state text NOT NULL DEFAULT 'taken',    -- taken, partly, refused
    ADD COLUMN outcomes json NOT NULL DEFAULT '[]';    -- one an observation: place, outcome, ids, codes of problems

-- One message of one number, whatever two copies think at the same moment.
CREATE UNIQUE INDEX inbound_message_number ON inbound_message (laboratory_code, number_key)
    WHERE number_key IS NOT NULL;
CREATE INDEX inbound_message_received ON inbound_message (received_at, message_id);

-- A district sees what the laboratories that serve its area sent and what became of it; the message itself is asked
-- for by the laboratory only (the route sees to that).
CREATE POLICY district ON inbound_message FOR SELECT TO :service_api USING (
    NOT laboratory_only() AND EXISTS (
        SELECT FROM laboratory l, unnest(l.area_codes) AS area
        WHERE l.code = inbound_message.laboratory_code AND area_visible(area, NULL)));
