"""What is told outside is released once and for good: whatever comes in later, nobody outside sees a difference."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.figures import COUNTS
from services.reporting.domain.periods import Period, parse_period
from services.reporting.store.releases import hold_provinsi
from services.reporting.use_cases.release_period import NotFinishedError, due, release_period
from shared.contracts.fact import Fact
from shared.postgres.pool import Pool
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.integration.reporting.test_province import OTHER, OTHER_DESA, PROVINCE, lives, two_kabupaten
from tests.unit.reporting.history import (
    BORN,
    DESA,
    EMPTY_DESA,
    assessment,
    entry,
    measurement,
    random_history,
    register,
)

NOVEMBER = date(2025, 11, 4)
TOLD = date(2025, 12, 11)  # of November
LATER = date(2026, 1, 11)
PROPERTY = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


def visited(number: int, on: date, *, known: float = 1, **scores: Any) -> list[Fact]:
    taken = measurement(f"{on}", on, of=number, known=known)
    return [taken, assessment(taken, **scores)]


def measured_in(desa: str, numbers: range, on: date = NOVEMBER, stunted: int = 12, known: float = 1) -> list[Fact]:
    """Children of a desa, the first ones stunted."""
    facts: list[Fact] = []
    for place, number in enumerate(numbers):
        facts += [lives(number, (BORN, desa)), *visited(number, on, known=known, haz=-2.5 if place < stunted else -1.0)]
    return facts


async def release(pool: Pool, period: str, kabupaten: tuple[str, ...], today: date) -> int | None:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        return await release_period(connection, "12", parse_period(period), kabupaten, today)


async def outside(office: Office, code: str, path: str, **query: Any) -> dict[str, Any]:
    return await office.figures(f"/v1/areas/{code}/{path}", **{**PROVINCE, **query})


@PROPERTY
@given(seed=st.integers(0, 10_000))
async def test_whatever_comes_in_after_a_release_changes_no_answer_outside(office: Office, seed: int) -> None:
    """Late, corrected and withdrawn facts, merges and moves: the same bytes, of areas above and of a desa."""
    await ground.empty(office.worker)
    await ground.forget_releases(office.stack)
    facts = random_history(seed, 120)
    first = [lives(900, (BORN, DESA[0])), *visited(900, NOVEMBER)]  # from then on every month is due
    await deliver(office.worker, [*register(), *first, *facts[: len(facts) // 2]])
    assert await release_all(office.worker, date(2026, 4, 11))
    asked = [
        (f"/v1/areas/{code}/{path}", query)
        for code in ("12", "12.19.01", DESA[0])
        for path, query in (
            ("summary", {"period": "2025-12"}),
            ("comparison", {"period": "2025-Q4"}),
            ("comparison", {"period": "2025-S2"}),
            ("trend", {"until": "2026-03", "months": 4}),
            ("quality", {"period": "2026-02"}),
            ("cascade", {"period": "2026-02"}),
            ("breakdown", {"period": "2026-02"}),
        )
    ]

    async def answers() -> list[str]:
        return [(await office.get(path, **PROVINCE, **query)).text for path, query in asked]

    before = await answers()
    assert all("released_on" in text for text in before)
    await deliver(office.worker, facts[len(facts) // 2 :])
    await release_all(office.worker, date(2026, 5, 11))
    assert await answers() == before


async def test_released_rows_add_up_and_hide_what_is_small(office: Office) -> None:
    facts = [*two_kabupaten(), *measured_in(DESA[0], range(40)), *measured_in(DESA[2], range(40, 80), stunted=3)]
    await deliver(office.worker, [*facts, *measured_in(OTHER_DESA[0], range(80, 120), stunted=14)])
    assert await release_all(office.worker, TOLD) == 1
    for code in ("12", "12.19", "12.19.01"):
        body = await outside(office, code, "comparison", period="2025-11")
        assert body["released_on"] == "2025-12-11"
        exact = await office.figures(f"/v1/areas/{code}/comparison", period="2025-11", areas=("12",))
        for told, right in zip([body["total"], *body["rows"]], [exact["total"], *exact["rows"]], strict=True):
            for name in COUNTS:
                assert name == "pending" or told[name] == (None if name in told["suppressed"] else right[name])
        for name in ("target_children", "haz_measured", "stunted"):
            if all(row[name] is not None for row in (body["total"], *body["rows"])):
                assert sum(row[name] for row in body["rows"]) == body["total"][name], (code, name)
    rows = {row["code"]: row for row in (await outside(office, "12.19", "comparison", period="2025-11"))["rows"]}
    assert [rows[code]["stunted"] for code in ("12.19.01", "12.19.02")] == [None, None], "three and one beside them"
    nobody = {row["code"]: row for row in (await outside(office, "12.19.02", "comparison", period="2025-11"))["rows"]}
    assert nobody[EMPTY_DESA]["target_children"] == 0
    quality = await outside(office, "12.19", "quality", period="2025-11", as_of="2026-01-20")
    assert (quality["basis"], quality["released_on"]) == ("sums", "2025-12-11")
    posts = await outside(office, DESA[0], "comparison", period="2025-11")
    assert {row["code"] for row in posts["rows"]} == {f"{DESA[0]}.P001", f"{DESA[0]}.P002"}, "nobody is unmapped there"
    assert {row[name] for row in posts["rows"] for name in COUNTS} == {None}


async def test_kabupaten_of_one_provinsi_released_at_two_times_are_two_tables(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), *measured_in(DESA[0], range(40))])
    assert await release_all(office.worker, TOLD, ["2025-11"]) == 1
    before = await outside(office, "12", "summary", period="2025-11")
    assert (before["stunted"], before["kabupaten_released"]) == (12, {"released": 1, "of": 2})
    rows = {row["code"]: row for row in (await outside(office, "12", "comparison", period="2025-11"))["rows"]}
    assert (rows["12.19"]["stunted"], rows[OTHER]["target_children"]) == (12, None), "nothing of it is released"
    await deliver(office.worker, measured_in(OTHER_DESA[0], range(80, 120), stunted=3, known=9))
    assert await outside(office, "12", "summary", period="2025-11") == before
    async with office.worker.acquire() as connection:
        found = [one for one in await due(connection, LATER) if str(one.period) == "2025-11"]
    assert [(one.provinsi, one.kabupaten) for one in found] == [("12", (OTHER,))]
    assert await release_all(office.worker, LATER, ["2025-11"]) == 1
    after = await outside(office, "12", "summary", period="2025-11")
    assert (after["measured_children"], after["stunted"], after["released_on"]) == (80, None, "2026-01-11")
    assert "kabupaten_released" not in after
    assert await outside(office, "12", "summary", period="2025-11", as_of="2026-01-10") == {
        **before, "as_of": "2026-01-10",
    }  # fmt: skip
    rows = {row["code"]: row for row in (await outside(office, "12", "comparison", period="2025-11"))["rows"]}
    assert (rows["12.19"]["stunted"], rows[OTHER]["stunted"]) == (12, None)


async def test_an_area_stays_where_it_lay_when_it_was_released(office: Office) -> None:
    await deliver(
        office.worker, [*two_kabupaten(), *measured_in(DESA[0], range(40)), *measured_in(DESA[2], range(40, 90))]
    )
    await release_all(office.worker, TOLD, ["2025-11"])
    before = [await outside(office, code, "comparison", period="2025-11") for code in ("12.19.01", "12.19.02")]
    moved = entry("area", DESA[2], "Desa 2001", revision=2, known=5, level="desa", parent_code="12.19.01")
    await deliver(office.worker, [moved])
    assert [await outside(office, code, "comparison", period="2025-11") for code in ("12.19.01", "12.19.02")] == before
    await deliver(office.worker, measured_in(DESA[2], range(40, 90), date(2025, 12, 4)))
    await release_all(office.worker, LATER, ["2025-12"])
    rows = (await outside(office, "12.19.01", "comparison", period="2025-12"))["rows"]
    assert {row["code"]: row["measured_children"] for row in rows} == {DESA[0]: 0, DESA[1]: 0, DESA[2]: 50}


@pytest.mark.parametrize("late", [False, True])
async def test_a_quarter_with_late_facts_is_hidden_where_it_is_the_sum_of_its_months(
    office: Office,
    late: bool,  # noqa: FBT001
) -> None:
    """Else the quarter without October as it was released would be those who came late."""
    october = date(2025, 10, 7)
    facts = [*register(), *measured_in(DESA[0], range(40), october), *measured_in(DESA[1], range(40, 80), october)]
    await deliver(office.worker, facts)
    assert await release_all(office.worker, date(2025, 11, 11)) == 1
    if late:
        await deliver(office.worker, measured_in(DESA[1], range(80, 92), october, stunted=1, known=60 * 24))
    assert await release_all(office.worker, LATER) == 5, "November, December, the quarter, the semester, the year"
    for desa in DESA[:2]:
        month = await outside(office, desa, "summary", period="2025-10")
        assert (month["haz_measured"], month["stunted"]) == (40, 12)
    told = [(await outside(office, desa, "summary", period="2025-Q4"))["stunted"] for desa in DESA[:2]]
    assert told == ([None, None] if late else [12, 12])


async def test_a_period_is_released_once_and_only_when_it_is_over(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), *measured_in(DESA[0], range(40))])
    with pytest.raises(NotFinishedError):
        await release(office.worker, "2025-11", ("12.19",), date(2025, 12, 10))
    async with office.worker.acquire() as other, other.transaction():
        assert await hold_provinsi(other, "12")
        assert await release(office.worker, "2025-11", ("12.19",), TOLD) is None, "another process is at it"
    assert await release(office.worker, "2025-11", ("12.19",), TOLD) is not None
    assert await release(office.worker, "2025-11", ("12.19",), LATER) is None
    async with office.worker.acquire() as connection:
        assert [one for one in await due(connection, TOLD) if one.period == Period(date(2025, 11, 1))] == []
    with pytest.raises(asyncpg.UniqueViolationError):
        await office.worker.execute(
            "INSERT INTO released_kabupaten SELECT kabupaten_code, months, month, release_id FROM released_kabupaten"
        )
    for sentence in ("UPDATE released_area SET hidden = '{}'", "DELETE FROM release", "DELETE FROM released_kabupaten"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await office.worker.execute(sentence)


async def test_each_reader_sees_the_released_rows_of_its_own_areas(office: Office) -> None:
    facts = [*two_kabupaten(), *measured_in(DESA[0], range(40)), *measured_in(OTHER_DESA[0], range(80, 120))]
    await deliver(office.worker, facts)
    await release_all(office.worker, TOLD)
    below = {"12.19": {"12.19", "12.19.01", "12.19.02", *DESA, EMPTY_DESA}, OTHER_DESA[0]: {OTHER_DESA[0]}, "": set()}
    for granted, seen in below.items():
        async with office.api.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", granted)
            rows = await connection.fetch("SELECT DISTINCT area_code FROM released_area")
        assert {row[0] for row in rows} == seen, granted
    narrow = await office.figures(f"/v1/areas/{DESA[0]}/summary", role="partner", areas=(DESA[0],), period="2025-11")
    assert narrow == await outside(office, DESA[0], "summary", period="2025-11")
    assert narrow["stunted"] == 12
