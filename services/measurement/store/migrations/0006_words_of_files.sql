-- A file taken back makes an earlier state stand again, as a new revision: rows that made that state stand there, too.
-- NULL = where the row itself left the fact.

ALTER TABLE intake_row
    ADD COLUMN stands integer,                  -- revision of the measurement at which this row's state stands now
    ADD COLUMN child_stands integer;            -- the same of the child
GRANT UPDATE (stands, child_stands) ON intake_row TO measurement_worker;
