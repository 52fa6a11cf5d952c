-- Danger signs of a visit; birth length and household of a child, which stand beside its status and change no verdict.

ALTER TABLE measurement
    ADD COLUMN danger_signs integer NOT NULL DEFAULT 0,  -- mask of domain/danger_signs.py
    ADD COLUMN temperature_c double precision;
ALTER TABLE child
    ADD COLUMN birth_length_cm double precision,
    ADD COLUMN household text;                  -- JSON: risk, answer, as_of, source of each; NULL: nobody asked
