-- The cascade of a month reads the months of suspected children who have a case, and no others.
CREATE INDEX child_month_with_case ON child_month (month, desa_code) WHERE course IS NOT NULL;
