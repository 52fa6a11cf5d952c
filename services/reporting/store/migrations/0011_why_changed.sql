-- Why a figure changed is told from the facts of the children that changed: born, moved, gone. The API reads them of those
-- whom the caller sees where they live now; what is sealed elsewhere (names, NIK) is not in this service at all.
ALTER TABLE child_fact ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_fact FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON child_fact TO reporting_worker USING (true) WITH CHECK (true);
CREATE POLICY api ON child_fact FOR SELECT TO reporting_api
    USING (EXISTS (SELECT FROM child WHERE child.child_id = child_fact.child_id));
-- The ledger counts what is held, and runs as the owner (facts_census).
CREATE POLICY census ON child_fact FOR SELECT TO reporting_owner USING (true);
GRANT SELECT ON child_fact TO reporting_api;
