"""What the service says about itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.measurement.jobs.housekeeping import Housekeeping
from shared import metrics
from tests.integration.measurement.desk import Desk


async def test_the_openapi_document_names_every_body_and_scope(desk: Desk) -> None:
    document = (await desk.client.get("/openapi.json")).json()
    batch = document["paths"]["/v1/measurements:batch"]["post"]
    assert batch["x-required-scope"] == "measurement:write"
    assert batch["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/MeasurementsIn")
    upload = document["paths"]["/v1/intake-jobs"]["post"]
    assert "text/csv" in upload["requestBody"]["content"]


async def test_rows_that_wait_for_a_person_are_measured_and_old_answers_forgotten(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id, weight_kg=60.0)
    await desk.superuser(
        "UPDATE idempotency_key SET created_at = now() - interval '8 days' WHERE route LIKE '%children'"
    )
    await Housekeeping(desk.worker).once()
    assert metrics.QUARANTINE_OPEN_ROWS._value.get() == 1
    assert await desk.worker.fetchval("SELECT count(*) FROM idempotency_key") == 1


async def test_no_label_holds_a_child_or_a_person(desk: Desk) -> None:
    """B126."""
    child_id = await desk.register_child()
    await desk.record(child_id)
    rendered = metrics.render("measurement").decode()
    assert 'intake_rows_total{channel="api",outcome="accepted"' in rendered
    assert child_id not in rendered
    assert "person-1" not in rendered


async def test_facts_are_counted_by_the_day_they_became_known(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    owns = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["facts"]["owns"]
    today = (datetime.now(tz=UTC) + timedelta(hours=7)).date().isoformat()
    counted = {kind: days[today][0] for kind, days in owns.items() if days and kind != "register-entry"}
    assert counted == {"child": 1, "measurement": 1}
