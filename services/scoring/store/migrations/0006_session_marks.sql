-- One row for many sessions, as the outbox keeps one for many messages: a visit without a posyandu is a session of its own,
-- and two row writes for each are more than the write budget of a measurement has left. What waits is waiting still.
ALTER TABLE session_mark
    ADD COLUMN places text[],            -- places[i] on days[i] is a session
    ADD COLUMN days date[],
    ADD COLUMN children text[],          -- ids of whose values changed there; '' = nobody's: only this session
    ADD COLUMN sessions integer;         -- how many
UPDATE session_mark SET places = ARRAY[place], days = ARRAY[measured_on], children = ARRAY[array_to_string(child_ids, ' ')],
    sessions = 1;
ALTER TABLE session_mark
    DROP COLUMN place, DROP COLUMN measured_on, DROP COLUMN child_ids,
    ALTER COLUMN places SET NOT NULL, ALTER COLUMN days SET NOT NULL, ALTER COLUMN children SET NOT NULL,
    ALTER COLUMN sessions SET NOT NULL;
GRANT SELECT (sessions) ON session_mark TO :service_api;
