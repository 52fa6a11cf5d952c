"""`GET /v1/children/{id}/growth`: the series as it was judged, whose history is complete wherever the child lived."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from shared.contracts.child import Residence
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit


async def series(desk: Desk, child_id: uuid.UUID, **who: Any) -> list[dict[str, Any]]:
    document = await desk.get(f"/v1/children/{child_id}/growth", **who)
    items: list[dict[str, Any]] = document["items"]
    return items


async def test_every_measurement_is_shown_with_scores_letters_velocity_and_change(desk: Desk) -> None:
    """B018: birth and visit are two points at two dates."""
    c, born = uuid.uuid4(), days_ago(200)
    visits = [
        visit(c, born, 3.1, 49.3),
        visit(c, born + timedelta(days=61), 5.4, 57.8, head_circumference_cm=38.9, reported_letter="B"),
        visit(c, born + timedelta(days=122), 6.0, 61.7, head_circumference_cm=40.6, muac_cm=13.1),
        visit(c, born + timedelta(days=153), 6.1, 63.0, reported_letter="N"),
    ]
    await desk.arrive(child(c, birth_date=born), *visits)
    items = await series(desk, c)
    assert [item["measured_on"] for item in items] == [each.measured_on.isoformat() for each in visits]
    assert [item["weight_kg"] for item in items] == [3.1, 5.4, 6.0, 6.1]
    last = items[-1]
    assert (last["letter"], last["reported_letter"], last["letters_differ"]) == ("T", "N", True)
    assert items[0]["letters_differ"] is None
    weight, length = last["velocity"]["weight"], last["velocity"]["length"]
    assert (weight["days"], weight["since"], weight["low"]) == (31, visits[2].measured_on.isoformat(), True)
    assert (length["days"], length["since"]) == (92, visits[1].measured_on.isoformat())
    assert last["velocity"]["head"] is None
    assert items[2]["velocity"]["head"]["days"] == 61
    assert items[0]["velocity"]["weight"]["reason"]["code"] == "no_earlier_measurement"
    assert last["haz_change"]["short"] is not None
    assert last["haz_change"]["long"] is not None
    assert last["early_warning"] is None, "no early warning is made before 183 days"
    assert last["scores"]["haz"]["class"] == {"code": "normal", "name_id": "normal", "name_en": "normal"}
    assert items[2]["scores"]["acz"]["z"] is not None
    assert (last["scores"]["acz"], last["scores"]["hcz"]["reason"]) == (
        {"z": None, "flagged": False, "class": None, "reason": None},
        None,
    )


async def test_a_late_a_corrected_and_a_voided_visit_change_the_months_after_them(desk: Desk) -> None:
    """B094."""
    c, born = uuid.uuid4(), days_ago(250)
    first = visit(c, born + timedelta(days=91), 6.0, 61.3)
    last = visit(c, born + timedelta(days=152), 7.0, 65.2)
    await desk.arrive(child(c, birth_date=born), first, last)
    alone = (await series(desk, c))[-1]
    late = visit(c, born + timedelta(days=122), 6.8, 63.4)
    await desk.arrive(late)
    with_late = (await series(desk, c))[-1]
    assert (alone["velocity"]["weight"]["days"], with_late["velocity"]["weight"]["days"]) == (61, 30)
    await desk.arrive(late.model_copy(update={"revision": 2, "weight_kg": 6.3, "change": "corrected"}))
    corrected = (await series(desk, c))[-1]
    assert corrected["velocity"]["weight"]["z"] > with_late["velocity"]["weight"]["z"]
    await desk.arrive(late.model_copy(update={"revision": 3, "voided": True, "change": "voided"}))
    assert await series(desk, c) == [*(await series(desk, c))[:-1], alone]
    assert len(await series(desk, c)) == 2


async def test_a_preterm_child_has_its_corrected_scores_beside_the_official_ones(desk: Desk) -> None:
    c, born = uuid.uuid4(), days_ago(800)
    visits = [visit(c, born + timedelta(days=days), 8.0, 70.1) for days in (300, 760)]
    await desk.arrive(child(c, birth_date=born, gestation_weeks=32), *visits)
    young, old = await series(desk, c)
    assert young["corrected"]["haz"] > young["scores"]["haz"]["z"]
    assert young["corrected"]["waz"] > young["scores"]["waz"]["z"]
    assert old["corrected"] is None, "from 24 months on the official score alone"


async def test_the_whole_history_goes_with_a_child_that_moved_and_with_one_that_was_merged(desk: Desk) -> None:
    here, twice, born = uuid.uuid4(), uuid.uuid4(), days_ago(610)
    await desk.arrive(child(here), visit(here, days_ago(100), 9.0, 78.2))
    elsewhere = (Residence(valid_from=born, desa_code=DESA_B),)
    await desk.arrive(child(twice, residences=elsewhere), visit(twice, days_ago(40), 9.2, 79.1))
    await desk.arrive(child(twice, 2, residences=elsewhere, merged_into=here))
    items = await series(desk, here, areas=(DESA_A,))
    assert len(items) == 2
    assert all(0 < item["early_warning"]["risk"] < 1 for item in items)
    moved = (Residence(valid_from=born, desa_code=DESA_A), Residence(valid_from=days_ago(3), desa_code=DESA_B))
    await desk.arrive(child(here, 2, residences=moved))
    assert len(await series(desk, here, areas=(DESA_B,))) == 2
    answer = await desk.send("GET", f"/v1/children/{here}/growth", areas=(DESA_A,))
    assert answer.status_code == 404


async def test_a_child_that_is_not_there_has_no_series(desk: Desk) -> None:
    assert (await desk.send("GET", f"/v1/children/{uuid.uuid4()}/growth")).status_code == 404
    c = uuid.uuid4()
    await desk.arrive(child(c))
    assert await series(desk, c) == []
    await desk.arrive(child(c, 2, voided=True))
    assert (await desk.send("GET", f"/v1/children/{c}/growth")).status_code == 404


async def test_slow_gain_a_differing_card_and_the_corrected_age_are_explained(desk: Desk) -> None:
    c, born = uuid.uuid4(), days_ago(200)
    visits = [
        visit(c, born + timedelta(days=122), 6.4, 62.7),
        visit(c, born + timedelta(days=153), 6.4, 64.0, reported_letter="N"),
    ]
    await desk.arrive(child(c, birth_date=born, gestation_weeks=34), *visits)
    for language, said in (
        ("id", ["95 dari 100 anak sehat", "Kader menulis N pada kartu, hitungan kami T", "umur terkoreksi"]),
        ("en", ["95 in 100 healthy children", "The kader wrote N on the card, we count T", "corrected age"]),
    ):
        document = await desk.get(f"/v1/children/{c}/explanation?lang={language}")
        (growth,) = [part for part in document["sections"] if part["section"] == "growth"]
        lines = {line["code"]: line["text"] for line in growth["lines"]}
        texts = [lines[code] for code in ("weight_velocity_low", "letters_differ", "corrected_age")]
        assert all(part in text for part, text in zip(said, texts, strict=True)), texts
