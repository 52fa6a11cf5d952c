-- Results of qualitative tests, and when a skin test was injected: it is read between 48 and 72 hours later.

ALTER TABLE lab_result ADD COLUMN findings text NOT NULL DEFAULT '';  -- codes of the catalogue with blanks between them
ALTER TABLE lab_result ADD COLUMN administered_at timestamptz;      -- empty: no skin test, or not known
