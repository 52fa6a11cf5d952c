"""Outside the district why-changed and the target path are told from what was released, whatever comes in later."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.integration.reporting.test_surveys import FOUND
from tests.integration.reporting.test_tallies import counted
from tests.integration.reporting.test_target_path import seen
from tests.integration.reporting.test_why_changed import PATH, fraction, reached, seen_twice, visit
from tests.unit.reporting.history import register

PROVINCE: Any = {"role": "province", "areas": ("12",)}
KABUPATEN = PATH.format("12.19")
LOW, WELL = -2.4, -1.0
NOVEMBER_TOLD, DECEMBER_TOLD = date(2025, 12, 11), date(2026, 1, 11)


def many_seen_twice() -> list[Fact]:
    """Fifteen recover, three are found; twelve of 25 first seen in December have the finding; 60 stay as they are."""
    kinds = [(15, LOW, WELL), (3, WELL, LOW), (12, None, LOW), (13, None, WELL), (30, LOW, LOW), (30, WELL, WELL)]
    scores = [(before, after) for number, before, after in kinds for _ in range(number)]
    return [fact for number, both in enumerate(scores) for fact in seen_twice(number, *both)]


def late(number: int, on: date, haz: float) -> list[Fact]:
    """A child of the first desa that was in no figure yet: only its measurement comes late."""
    return [*seen_twice(number, None, None), *visit(number, on, haz)]


async def told(office: Office, path: str = KABUPATEN, **asked: Any) -> dict[str, Any]:
    return await office.figures(path, **asked, **PROVINCE)


async def test_why_a_figure_changed_is_told_as_it_was_released_and_who_came_late_among_other_reasons(
    office: Office,
) -> None:
    await deliver(office.worker, [*register(), *many_seen_twice()])
    await release_all(office.worker, NOVEMBER_TOLD, ["2025-11"])
    untold = await told(office, period="2025-12")
    assert (untold["suppressed"], untold["terms"]) == (True, [])
    assert untold["findings_told_from"] > DECEMBER_TOLD.isoformat()
    await deliver(office.worker, late(200, date(2025, 11, 6), LOW))
    await release_all(office.worker, DECEMBER_TOLD, ["2025-12"])

    body = await told(office, period="2025-12")
    assert (fraction(body["before"]), fraction(body["after"])) == ((45, 78), (45, 103)), "the late one is in neither"
    terms = {term["code"]: (*fraction(term), term["children"]) for term in body["terms"] if term["children"] != 0}
    assert terms == {"recovered": (-15, 0, 15), "other": (15, 25, None)}, "with it the terms that hide who came late"
    assert reached(body, "before") == fraction(body["after"])
    change = sum(term["share_change"] for term in body["terms"])
    assert change == pytest.approx(body["after"]["share"] - body["before"]["share"], abs=1e-12)
    assert "setelah angka sebelumnya dirilis" in body["terms"][-1]["text_id"]
    exact = await office.figures(KABUPATEN, period="2025-12")
    assert fraction(exact["before"]) == (46, 79), "within the district as known now"

    await deliver(office.worker, [*late(201, date(2025, 11, 7), LOW), *late(202, date(2025, 12, 7), LOW)])
    await counted(office)
    assert await told(office, period="2025-12") == body
    kept = await office.worker.fetchval(
        "SELECT changes FROM released_area WHERE month = '2025-12-01' AND area_code = '12.19'"
    )
    assert "stunted" in kept
    assert "severely_stunted" not in kept, "what is hidden is not kept"


async def test_between_other_periods_the_released_figures_are_told_and_all_reasons_as_one(office: Office) -> None:
    later = [fact for number in range(78) for fact in visit(number, date(2026, 1, 6), LOW if number < 40 else WELL)]
    await deliver(office.worker, [*register(), *many_seen_twice(), *later])
    for month in ("2025-12", "2025-11", "2026-01"):
        await release_all(office.worker, date(2026, 2, 11), [month])
    body = await told(office, period="2026-01", against="2025-11")
    (term,) = body["terms"]
    assert (fraction(body["before"]), fraction(body["after"])) == ((45, 78), (40, 78))
    assert (term["code"], *fraction(term), term["children"]) == ("other", -5, 0, None)
    assert "antara satu bulan dan bulan sebelumnya" in term["text_id"]
    assert len((await told(office, period="2026-01"))["terms"]) > 1
    (term,) = (await told(office, period="2025-12"))["terms"]
    assert term["code"] == "other", "the month before was released afterwards: no terms were kept"
    assert (await told(office, period="2026-Q1", against="2025-Q4"))["suppressed"]
    for code in ("12", "12.19.01"):
        assert (await office.get(PATH.format(code), period="2026-01", **PROVINCE)).status_code == 403


async def test_beside_a_survey_our_figure_of_the_year_is_the_released_one(office: Office) -> None:
    await deliver(office.worker, [*register(), *many_seen_twice()])
    entered = await office.post("/v1/surveys", body=FOUND, role="district", areas=("12.19",))
    assert entered.status_code == 201, entered.text
    beside: Any = {"path": "/v1/areas/12.19/surveys", "until": "2025-12"}
    (row,) = (await told(office, **beside))["surveys"]
    assert (row["ours"]["numerator"], row["comparison"]["statement"]) == (None, "unknown")
    await release_all(office.worker, DECEMBER_TOLD)
    before = await told(office, **beside)
    await deliver(office.worker, late(200, date(2025, 12, 6), LOW))
    assert await told(office, **beside) == before
    assert before["surveys"][0]["ours"]["numerator"] == 45
    assert (await office.figures(**beside))["surveys"][0]["ours"]["numerator"] == 46


async def test_a_target_path_begins_with_what_was_released_until_the_next_release(office: Office) -> None:
    facts = register()
    for number in range(40):
        recovers = number % 4 == 0
        facts += seen(number, 10, lambda at, s=number < 16, r=recovers: LOW if s and not (r and at > 5) else -0.5)
    await deliver(office.worker, facts)
    await counted(office)
    path: Any = {"path": "/v1/areas/12.19/target-path", "until": "2026-12"}
    early = await office.get(path["path"], until="2026-12", period="2025-12", **PROVINCE)
    assert (early.status_code, early.json()["code"]) == (422, "start_not_told")
    await release_all(office.worker, NOVEMBER_TOLD, ["2025-11"])
    await release_all(office.worker, DECEMBER_TOLD, ["2025-12"])
    exact = await office.figures(**path, period="2025-12")
    outside = await told(office, **path)
    assert outside["period"] == "2025-12", "the newest that is released"
    for name in ("start", "rates", "path", "causes", "at_end", "reason"):
        assert outside[name] == exact[name], name
    await deliver(office.worker, late(200, date(2025, 12, 6), LOW))
    assert (await office.figures(**path, period="2025-12"))["start"]["children"] == 41
    assert await told(office, **path) == outside
    assert (await told(office, **path, as_of="2025-12-31"))["period"] == "2025-11", "all that was released by then"
