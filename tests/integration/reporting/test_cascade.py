"""The cascade: how far suspected children have come, as current and as of a day, and only what may be seen."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.contracts.fact import Fact
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver
from tests.unit.reporting.history import BORN, DESA, assessment, at, case, child, child_id, measurement, register

VISIT = date(2025, 11, 4)
MINUTES_A_DAY = 24 * 60
ORDERED = {"lab_ordered": date(2025, 11, 5)}
COMPLETE = ORDERED | {"lab_complete": date(2025, 11, 16), "remeasured": date(2025, 11, 11)}
Answer = dict[str, dict[str, Any]]


def suspected(number: int, desa: str = DESA[0], tier: str = "suspected") -> list[Fact]:
    """A child with a measurement in November."""
    taken = measurement("a", VISIT, of=number)
    return [child(number, homes=[(BORN, desa, None)]), taken, assessment(taken, haz=-2.5, tier=tier)]


def six_children() -> list[Fact]:
    """Five suspected: one complete and anaemic, one complete and recovered, two ordered, one without a case."""
    facts = [*register(), *(fact for number in range(5) for fact in suspected(number)), *suspected(5, tier="low")]
    cared = {"referred": date(2025, 11, 6), "care_started": date(2025, 11, 20)}
    return [
        *facts,
        case(of=0, anaemia="yes", milestones=COMPLETE),
        case(of=1, anaemia="no", milestones=COMPLETE | cared, closed_on=date(2026, 1, 8)),
        case(of=2, milestones=ORDERED),
        case(of=3, milestones=ORDERED),
        case(of=5, milestones=ORDERED),  # of a child not suspected in November: none of November's
    ]


async def cascade_of(office: Office, code: str = "12.19", **query: Any) -> tuple[dict[str, Any], Answer]:
    body = await office.figures(f"/v1/areas/{code}/cascade", **{"period": "2025-11", **query})
    return body, {step["step"]: step for step in body["steps"]}


async def test_each_step_has_its_count_its_share_of_the_suspected_and_its_median_days(office: Office) -> None:
    await deliver(office.worker, six_children())
    body, steps = await cascade_of(office)
    assert list(steps) == [
        *("measured", "suspected", "remeasured", "lab_ordered", "lab_complete", "referred", "in_care", "recovered"),
    ]
    assert [step["count"] for step in steps.values()] == [6, 5, 2, 4, 2, 1, 1, 1]
    assert [step["share"] for step in steps.values()] == [None, 1.0, 0.4, 0.8, 0.4, 0.2, 0.2, 0.2]
    # Of four with a case: ordered after 1, 1, 1, 1; complete after 12, 12 and two wait (one half); the rest 1 of 4.
    medians = {name: step["median_days"] for name, step in steps.items()}
    assert medians == {"measured": None, "suspected": None, "remeasured": 7, "lab_ordered": 1, "lab_complete": 12,
                       "referred": None, "in_care": None, "recovered": None}  # fmt: skip
    assert (body["lab_coverage"]["numerator"], body["lab_coverage"]["denominator"]) == (2, 5)
    assert body["lab_coverage"]["share"] == 0.4
    assert body["anaemia"] == pytest.approx(
        {"numerator": 1, "denominator": 2, "share": 0.5, "low": 0.0945, "high": 0.9055}, abs=0.0001
    )


async def test_an_area_without_suspected_children_has_no_share(office: Office) -> None:
    """B108: no data, not 0 %."""
    await deliver(office.worker, six_children())
    body, steps = await cascade_of(office, "12.19.02")
    assert {step["share"] for step in steps.values()} == {None}
    assert body["lab_coverage"] == {"numerator": 0, "denominator": 0, "share": None, "low": None, "high": None}


async def test_an_earlier_day_shows_what_was_known_then_and_who_waited_until_then(office: Office) -> None:
    """The order is known after 10 days, completed after 20."""
    days = [at(day * MINUTES_A_DAY).date().isoformat() for day in (5, 10, 20)]
    facts = [*register(), *suspected(1), case(known=2)]
    ordered = case(revision=2, known=10 * MINUTES_A_DAY, milestones=ORDERED)
    complete = case(revision=3, known=20 * MINUTES_A_DAY, milestones=COMPLETE, anaemia="yes")
    await deliver(office.worker, [complete, *facts, ordered])
    told = []
    for day in days:
        body, steps = await cascade_of(office, as_of=day)
        told.append((steps["lab_ordered"]["count"], steps["lab_complete"]["count"], body["anaemia"]["numerator"],
                     steps["lab_complete"]["median_days"]))  # fmt: skip
    assert told == [(0, 0, 0, None), (1, 0, 0, None), (1, 1, 1, 12)]
    assert (await cascade_of(office))[1]["lab_complete"]["count"] == 1


async def test_the_comparison_shows_the_laboratory_of_each_area(office: Office) -> None:
    await deliver(office.worker, [*six_children(), *suspected(9, DESA[2]), case(of=9, milestones=ORDERED)])
    body = await office.figures("/v1/areas/12.19/comparison", period="2025-11")
    told = {row["code"]: [row[name] for name in ("lab_ordered", "lab_complete", "anaemic")] for row in body["rows"]}
    assert told == {"12.19.01": [4, 2, 1], "12.19.02": [1, 0, 0]}
    assert [body["total"][name] for name in ("lab_ordered", "lab_complete", "anaemic")] == [5, 2, 1]
    (point,) = (await office.figures("/v1/areas/12.19/trend", until="2025-11", months=1))["points"]
    assert (point["lab_complete_share"], point["anaemic_share"]) == (2 / 6, 0.5)


async def test_the_province_sees_no_small_step(office: Office) -> None:
    facts = register()
    for number in range(60):
        desa = DESA[0] if number < 30 else DESA[2]
        facts += suspected(number, desa, "suspected" if number % 30 < 20 else "low")
        reached = ORDERED if number % 30 < 12 else {}
        facts.append(case(of=number, milestones=COMPLETE if number in {0, 1} else reached))
    await deliver(office.worker, facts)
    await ground.release_all(office.worker, date(2025, 12, 11), ["2025-11"])
    asked: dict[str, Any] = {"role": "province", "areas": ("12",)}
    for code, counts in (("12.19.01", (12, None)), ("12.19.02", (12, None)), ("12.19", (24, None))):
        body, steps = await cascade_of(office, code, **asked)
        assert (steps["lab_ordered"]["count"], steps["lab_complete"]["count"]) == counts, code
        _, exact = await cascade_of(office, code)
        assert steps["lab_ordered"]["median_days"] == exact["lab_ordered"]["median_days"] is not None
        assert steps["lab_complete"] == {"step": "lab_complete", "count": None, "share": None, "median_days": None}
        assert (body["lab_coverage"]["numerator"], body["lab_coverage"]["share"]) == (None, None)
        assert "lab_complete" in body["suppressed"]


async def test_callers_see_the_cascade_of_their_area_only(office: Office) -> None:
    await deliver(office.worker, six_children())
    refused = await office.get("/v1/areas/12.19/cascade", role="puskesmas", areas=(DESA[0],), period="2025-11")
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_area")
    _, steps = await cascade_of(office, DESA[0], role="puskesmas", areas=(DESA[0],))
    assert steps["lab_ordered"]["count"] == 4


async def test_a_wrong_count_of_a_step_is_seen_and_a_rebuild_mends_it(office: Office) -> None:
    await deliver(office.worker, six_children())
    right = await ground.derived(office.worker)
    await office.worker.execute("UPDATE cell SET anaemic = anaemic + 1, in_care = 0 WHERE in_care > 0")
    async with office.worker.acquire() as connection:
        found = [row for row in (await verify(connection))["differences"] if row["kind"] == "cell"]
        assert [row["months"] for row in found] == [1, 3, 6, 12]
        for row in found:
            assert row["differs"] == {
                "anaemic": {"expected": 1, "stored": 2},
                "in_care": {"expected": 1, "stored": 0},
            }
        assert (await rebuild(connection))["differences"] == []
    assert await ground.derived(office.worker) == right


async def test_a_case_touches_its_own_months_and_nothing_else(office: Office) -> None:
    """The new order is written to the months from the opening on; those before, and other children, are let be."""
    facts: list[Fact] = [child(1), child(2)]
    for number in (1, 2):
        for on in (date(2025, 9, 4), date(2025, 10, 4), VISIT, date(2025, 12, 4)):
            taken = measurement(f"{on}", on, of=number)
            facts += [taken, assessment(taken, tier="suspected")]
    await deliver(office.worker, [*facts, case(of=1, known=3)])
    before = await office.worker.fetch("SELECT ctid, root_id, month FROM child_month")
    await deliver(office.worker, [case(of=1, revision=2, known=8, milestones=ORDERED)])
    after = {row["ctid"] for row in await office.worker.fetch("SELECT ctid FROM child_month")}
    moved = {(row["root_id"], row["month"].month) for row in before if row["ctid"] not in after}
    assert moved == {(child_id(1), 11), (child_id(1), 12)}
    assert (await ground.cell(office.worker, "2025-10"))["suspected"] == 2


async def test_a_case_that_comes_before_its_child_and_measurement_counts_all_the_same(office: Office) -> None:
    facts = six_children()
    await deliver(office.worker, facts)
    in_order = await ground.derived(office.worker)
    await ground.empty(office.worker)
    await deliver(office.worker, facts[::-1], 1)
    assert await ground.derived(office.worker) == in_order
