"""Why-changed and the target path from tallies: the same answers as counted from the children, of every area."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.reporting.domain.periods import Period
from services.reporting.store.change_tally import CHANGES
from services.reporting.store.growth_tally import GROWTH
from services.reporting.store.tallies import read_tally
from services.reporting.use_cases import target_path, why_changed
from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver, empty
from tests.integration.reporting.test_tallies import counted, however_few
from tests.unit.reporting.history import BORN, DESA, assessment, child, measurement, random_history, register

__all__ = ["however_few"]
AREAS = ("12.19", DESA[0][:8], DESA[0], DESA[2])


@contextmanager
def from_children() -> Iterator[None]:
    """As if there were no tallies."""

    async def none(*_: Any) -> None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        for page in (why_changed, target_path):
            patch.setattr(page, "tally_of_now", none)
        yield


async def answers(office: Office) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for code in AREAS:
        for indicator, since in (("stunted", {}), ("wasted", {}), ("stunted", {"known_then": "2026-01-12"})):
            asked = {"period": "2026-01" if since else "2026-03", "indicator": indicator, **since}
            found[code, indicator, *since] = await office.figures(f"/v1/areas/{code}/why-changed", **asked)
        found[code, "path"] = await office.figures(f"/v1/areas/{code}/target-path", period="2026-03", until="2026-06")
    return found


@given(seed=st.integers(0, 10_000), rest=st.integers(0, 30))
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
async def test_answers_from_tallies_are_those_counted_from_the_children(
    open_office: Office, seed: int, rest: int
) -> None:
    """Also where some kecamatan have changed since: who moved between two of them is in one term, once."""
    await empty(open_office.worker)
    facts: list[Fact] = [*register(), *random_history(seed, 110)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.reporting.use_cases.reckon_path.is_enough", lambda _: True)
        await deliver(open_office.worker, facts[: len(facts) - rest], 25)
        await counted(open_office)
        await deliver(open_office.worker, facts[len(facts) - rest :], 5)
        told = await answers(open_office)
        with from_children():
            right = await answers(open_office)
    for asked, answer in told.items():
        assert differing(answer, right[asked]) == {}, asked


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What two answers do not say alike."""
    return {name: (one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)}


def seen(number: int, on: date, haz: float, **fields: Any) -> list[Fact]:
    taken = measurement(f"{on}", on, of=number)
    return [taken, assessment(taken, haz=haz, **fields)]


async def terms_of(office: Office, code: str) -> dict[str, int]:
    told = await office.figures(f"/v1/areas/{code}/why-changed", period="2026-03")
    return {term["code"]: term["children"] for term in told["terms"] if term["children"]}


async def test_what_becomes_known_of_a_day_makes_the_reasons_of_its_month_due(office: Office) -> None:
    """It died in March: a target of March all the same, so no span and no sum of that month says so."""
    home = [(BORN, DESA[0], None)]
    facts = [
        child(1, homes=home),
        child(2, homes=home),
        *seen(1, date(2026, 2, 3), -2.4),
        *seen(2, date(2026, 2, 3), -1),
    ]
    await deliver(office.worker, [*register(), *facts])
    await counted(office)
    assert await terms_of(office, "12.19") == {"not_measured": 2}
    await deliver(office.worker, [child(1, homes=home, revision=2, known=5, died_on=date(2026, 3, 9))])
    assert await terms_of(office, "12.19") == await terms_of(office, DESA[0]) == {"not_measured": 1, "died": 1}
    await counted(office)
    assert await terms_of(office, "12.19") == {"not_measured": 1, "died": 1}


async def test_a_score_of_before_a_move_makes_the_path_due_where_the_child_lives_now(office: Office) -> None:
    """And reasons: a month counts for what is told where the child was measured in the others."""
    moved = [(BORN, DESA[2], None), (date(2026, 3, 1), DESA[0], None)]
    await deliver(office.worker, [*register(), child(1, homes=moved), *seen(1, date(2026, 3, 3), -1)])
    await counted(office)
    assert await is_fresh(office) == [True, True]
    await deliver(office.worker, seen(1, date(2026, 2, 3), -2.4))
    assert await is_fresh(office) == [False, False]


async def is_fresh(office: Office) -> list[bool]:
    """Of March in the kecamatan that the child moved to."""
    async with office.worker.acquire() as connection:
        told = [await read_tally(connection, kind, DESA[0][:8], Period(date(2026, 3, 1))) for kind in (CHANGES, GROWTH)]
    return [one is not None and one.is_fresh for one in told]


async def test_a_provinsi_is_told_as_counted_last_and_says_when(office: Office) -> None:
    """The sum of its kabupaten; what has come since is not in it, and nobody waits for it."""
    home = [(BORN, DESA[0], None)]
    known = [child(1, homes=home), *seen(1, date(2026, 2, 3), -2.4), *seen(1, date(2026, 3, 3), -1)]
    await deliver(office.worker, [*register(), *known])
    await counted(office)
    asked: dict[str, Any] = {"period": "2026-03", "areas": ("12",)}
    told = await office.figures("/v1/areas/12/why-changed", **asked)
    assert (told["counted_at"], [term["code"] for term in told["terms"] if term["children"]]) == (None, ["recovered"])
    path = await office.figures("/v1/areas/12/target-path", until="2026-12", **asked)
    assert (path["counted_at"], path["start"]["children"]) == (None, 1)
    await deliver(office.worker, [child(2, homes=home), *seen(2, date(2026, 3, 3), -1)])
    later = await office.figures("/v1/areas/12/why-changed", **asked)
    assert later["counted_at"] is not None
    assert (later["terms"], later["after"]) == (told["terms"], told["after"])
