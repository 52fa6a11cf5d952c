-- By which detector the hints were judged. Empty, or another one than the running program's: every session is marked.
CREATE TABLE detector (
    version text NOT NULL
);
CREATE UNIQUE INDEX detector_one ON detector ((true));
COMMENT ON TABLE detector IS 'derived; emptied, everything is judged anew';
GRANT SELECT, INSERT, UPDATE, DELETE ON detector TO :service_worker;
