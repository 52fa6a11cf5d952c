-- What a reading looks at beside the value: how the laboratory measured it. Folate is read by its assay.

ALTER TABLE lab_result ADD COLUMN method text;                          -- as the laboratory wrote it
