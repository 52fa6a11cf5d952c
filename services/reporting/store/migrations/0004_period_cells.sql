-- Cells of quarters, semesters and years beside those of months: `months` = length of the period, `month` its first.
ALTER TABLE cell ADD COLUMN months smallint NOT NULL DEFAULT 1;
ALTER TABLE cell DROP CONSTRAINT cell_pkey;
ALTER TABLE cell ADD PRIMARY KEY (generation, desa_code, posyandu_code, months, month);
DROP INDEX cell_by_month;
CREATE INDEX cell_by_month ON cell (generation, months, month, desa_code);

-- What a generation holds. 1: cells of months only, since it was filled before there were others; long periods are then
-- counted from the child-months on read, until a rebuild has filled the next generation.
ALTER TABLE generation ADD COLUMN layout smallint NOT NULL DEFAULT 1;
UPDATE generation SET layout = 2 WHERE NOT EXISTS (SELECT FROM cell);
