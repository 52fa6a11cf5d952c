-- How long the steps of the cascade took, as told outside. Null = not told: of areas whose suspected are hidden, and of
-- what was released before.
ALTER TABLE released_area ADD COLUMN days jsonb;
