-- K of SKDN: whether a child has a growth card (KMS) or mother-and-child book (KIA).

ALTER TABLE child ADD COLUMN has_growth_card boolean;           -- NULL: not known
ALTER TABLE child_revision ADD COLUMN has_growth_card boolean;
