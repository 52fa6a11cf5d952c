-- A longer period is released beside all that was released of the shorter ones inside it.
CREATE INDEX released_area_of_release ON released_area (release_id);
