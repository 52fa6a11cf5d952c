"""Surveys are entered with their source, corrected by revisions, and shown beside our figures, never in them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from tests.integration.reporting.ground import Office, deliver
from tests.integration.shared import small_service
from tests.unit.reporting.history import BORN, DESA, assessment, child, measurement, register

WHO: Any = {"role": "district", "areas": ("12.19",)}
FOUND = {"area": "12.19", "survey": "SSGI", "year": 2025, "indicator": "stunted", "children": 640,
         "share": 0.216, "low": 0.172, "high": 0.267, "source": "SSGI 2025, tabel 3"}  # fmt: skip


async def put(office: Office, tag: str, **fields: Any) -> Any:
    headers = {
        "authorization": f"Bearer {small_service.token('district', ('12.19',))}",
        "idempotency-key": str(uuid.uuid4()), "if-match": tag,
    }  # fmt: skip
    body = {name: FOUND[name] for name in ("children", "share", "low", "high", "source")} | fields
    return await office.client.put("/v1/surveys/12.19/SSGI/2025/stunted", headers=headers, json=body)


@pytest.fixture(autouse=True)
async def children(office: Office) -> None:
    facts = register()
    for number in range(20):
        facts.append(child(number, homes=[(BORN, DESA[0], None)]))
        taken = measurement("a", date(2025, 11, 5), of=number)
        facts += [taken, assessment(taken, haz=-2.4 if number < 4 else -1.0)]
    await deliver(office.worker, facts)


async def test_a_survey_stands_beside_our_figure_of_its_year_and_changes_nothing_of_it(office: Office) -> None:
    before = await office.figures("/v1/areas/12.19/summary", period="2025")
    entered = await office.post("/v1/surveys", body=FOUND, **WHO)
    assert (entered.status_code, entered.headers["etag"]) == (201, '"1.1"'), entered.text
    assert (await office.post("/v1/surveys", body=FOUND, **WHO)).status_code == 409
    beside = await office.figures("/v1/areas/12.19/surveys", indicator="stunted", until="2025-12")
    (row,) = beside["surveys"]
    assert (row["share"], row["ours"]["numerator"], row["ours"]["denominator"]) == (0.216, 4, 20)
    assert row["comparison"]["statement"] == "compatible"
    assert {(target["year"], target["share"]) for target in beside["targets"]} == {(2025, 0.188), (2029, 0.142)}
    assert await office.figures("/v1/areas/12.19/summary", period="2025") == before
    in_desa = await office.figures(f"/v1/areas/{DESA[0]}/surveys", role="puskesmas", areas=(DESA[0],))
    assert [(item["area"], item["comparison"]) for item in in_desa["surveys"]] == [("12.19", None)]

    assert (await put(office, '"1.7"', share=0.2)).status_code == 412
    corrected = await put(office, '"1.1"', share=0.205)
    assert (corrected.status_code, corrected.json()["revision"]) == (200, 2)
    wrong = await put(office, '"1.2"', share=20.5)
    assert wrong.status_code == 422
    trend = await office.figures("/v1/areas/12.19/trend", months=2, until="2025-12")
    assert [(item["survey"], item["share"]) for item in trend["surveys"]] == [("SSGI", 0.205)]
    assert (await put(office, '"1.2"', voided=True)).status_code == 200
    assert (await office.figures("/v1/areas/12.19/surveys"))["surveys"] == []


async def test_only_who_answers_for_the_area_enters_its_surveys(office: Office) -> None:
    refused: Any = ({"role": "district", "areas": ("12.20",)}, {"role": "camat", "areas": ("12.19",)})
    for who in refused:
        assert (await office.post("/v1/surveys", body={**FOUND, "year": 2024}, **who)).status_code == 403
    wrong = await office.post("/v1/surveys", body={**FOUND, "year": 2024, "low": 0.3}, **WHO)
    assert wrong.status_code == 422
