-- What people do to cases and tasks through the API, without crossing a batch of the consumer.

-- A person knows a case or a task by its id alone.
CREATE INDEX child_case_fact ON child_case (fact_id);
CREATE INDEX follow_up_fact ON follow_up (fact_id);

-- Locks the child of a case or task. Every batch locks whole families before it reads their cases, so holding the one
-- row of the child is enough to be alone with them. The API role may lock a row it may not change: hence the owner's
-- rights; what it may then read is decided by its own.
CREATE FUNCTION lock_child(child uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :service, pg_temp AS $$
BEGIN
    PERFORM FROM child AS c WHERE c.child_id = child FOR UPDATE;
END $$;

-- The judgements of a visible child and of all that were merged into it, wherever those lived: recovery is shown by
-- every measurement, not by those recorded in the caller's area.
CREATE FUNCTION family_assessments(root uuid) RETURNS TABLE (measured_on date, codes bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :service, pg_temp AS $$
    SELECT m.measured_on, a.codes
    FROM child c
    JOIN measurement m ON m.child_id = c.child_id
    JOIN assessment a ON (a.child_id, a.measurement_id) = (m.child_id, m.fact_id)
    WHERE c.root_id = root
      AND EXISTS (SELECT FROM child r WHERE r.child_id = root AND area_visible(r.desa_code, r.posyandu_code))
$$;
REVOKE ALL ON FUNCTION lock_child(uuid), family_assessments(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_child(uuid), family_assessments(uuid) TO :service_api, :service_worker;
