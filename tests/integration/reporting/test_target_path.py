"""The target path of an area on a real database: children of today, rates of its own past, causes that add up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.calendar import add_months
from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver
from tests.unit.reporting.history import BORN, DESA, assessment, child, measurement, register

FIRST = date(2025, 3, 4)


def seen(number: int, months: int, haz: Any) -> list[Fact]:
    """A child measured every month from March 2025 on; `haz(month)` says how."""
    facts: list[Fact] = [child(number, homes=[(BORN, DESA[number % 2], None)])]
    for at in range(months):
        taken = measurement(f"{at}", add_months(date(FIRST.year, FIRST.month, 1), at), of=number)
        facts += [taken, assessment(taken, haz=haz(at))]
    return facts


async def test_the_path_starts_at_todays_children_and_its_causes_add_up(office: Office) -> None:
    facts = register()
    for number in range(40):
        stunted = number < 16
        recovers = number % 4 == 0
        facts += seen(number, 10, lambda at, s=stunted, r=recovers: -2.4 if s and not (r and at > 5) else -0.5)
    facts += [child(number, homes=[(BORN, DESA[0], None)]) for number in range(40, 50)]
    await deliver(office.worker, facts)
    path = "/v1/areas/12.19/target-path"
    told = await office.figures(path, period="2025-12", until="2026-12")
    assert told["start"] | {"share": None, "coverage_effect": None} == {
        "children": 50, "without_score": 10, "births": 0, "share": None, "coverage_effect": None,
    }  # fmt: skip
    assert told["start"]["share"] == pytest.approx(12 / 40)
    assert told["start"]["coverage_effect"] == pytest.approx(0)
    assert len(told["path"]) == 13
    assert (told["path"][0]["period"], told["path"][-1]["period"]) == ("2025-12", "2026-12")
    change = told["path"][-1]["share"] - told["path"][0]["share"]
    assert sum(cause["share_change"] for cause in told["causes"]) == pytest.approx(change)
    assert all(point["low"] <= point["share"] + 0.05 for point in told["path"])
    assert (told["target"]["year"], told["target"]["share"]) == (2029, 0.142)
    assert told["at_end"]["gap"] == pytest.approx(told["path"][-1]["share"] - 0.142)
    assert told["rates"][2]["recovery"] > 0
    assert told == await office.figures(path, period="2025-12", until="2026-12"), "the seed is fixed"

    desa: Any = {"role": "puskesmas", "areas": (DESA[0],)}
    small = await office.figures(f"/v1/areas/{DESA[0]}/target-path", period="2025-12", until="2026-12", **desa)
    assert small["start"]["children"] == 30
    province: Any = {"role": "province", "areas": ("12",)}
    assert (await office.get("/v1/areas/12.19.01/target-path", period="2025-12", **province)).status_code == 403
    too_late = await office.get(path, period="2025-12", until="2025-12")
    assert (too_late.status_code, too_late.json()["errors"][0]["field"]) == (422, "until")


@pytest.mark.parametrize("path", ["target-path", "why-changed"])
async def test_what_would_take_too_long_to_count_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await deliver(office.worker, [*register(), *seen(1, 2, lambda _: -2.4)])
    monkeypatch.setattr("services.reporting.use_cases.find_tally.MOST_OF_KABUPATEN", 0)
    refused = await office.get(f"/v1/areas/12.19/{path}", period="2025-04")
    assert (refused.status_code, refused.json()["code"]) == (422, "area_too_large")
    assert refused.json()["remedy_en"] == "Ask for each kabupaten."


async def test_without_history_nothing_is_foretold(office: Office) -> None:
    await deliver(office.worker, [*register(), *seen(1, 2, lambda _: -2.4)])
    told = await office.figures("/v1/areas/12.19/target-path", period="2025-04", until="2026-12")
    assert (told["path"], told["reason"]) == (None, "history_too_short")
