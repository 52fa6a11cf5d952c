"""By sex and age outside the district: as released, adding up, and hidden where a group of a sibling is small."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.figures import COUNTS
from services.reporting.domain.periods import Period
from services.reporting.jobs import tallies
from services.reporting.store.group_sums import GROUPS
from services.reporting.store.releases import read_released
from services.reporting.use_cases import count_tallies
from services.reporting.use_cases.tally_kinds import KINDS
from shared.contracts.fact import Fact
from shared.postgres.pool import connect
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.integration.reporting.test_province import OTHER_DESA, PROVINCE, lives, two_kabupaten, visited
from tests.integration.reporting.test_tallies import counted
from tests.unit.reporting.history import BORN, DESA

NOVEMBER = date(2025, 11, 4)
TOLD = date(2025, 12, 11)  # of November
LATER = date(2026, 1, 11)
BY = ("sex", "age", "sex,age")


def children(desa: str, first: int, girls: tuple[int, int], boys: tuple[int, int]) -> list[Fact]:
    """Girls and boys of a desa, measured in November: how many, and how many of them stunted."""
    facts: list[Fact] = []
    number = first
    for sex, (many, stunted) in (("female", girls), ("male", boys)):
        for place in range(many):
            facts += (
                lives(number, (BORN, desa), sex=sex),
                *visited(number, NOVEMBER, haz=-2.5 if place < stunted else -1.0),
            )
            number += 1
    return facts


async def groups(office: Office, code: str, by: str, *, exact: bool = False, **query: Any) -> dict[str, dict[str, Any]]:
    """Rows of November by the code of their group, those under two among them."""
    asked = {"period": "2025-11", **({"areas": ("12",)} if exact else PROVINCE), **query}
    body = await office.figures(f"/v1/areas/{code}/breakdown", by=by, **asked)
    assert body["counted_at"] is None
    return {row["code"]: row for row in (*body["rows"], *body["under_two"])}


async def test_groups_are_told_as_released_add_up_and_are_hidden_in_every_group_where_one_is_small(
    office: Office,
) -> None:
    """Three boys of the first desa: all its groups hide stunted, and the next desa's with them."""
    facts = [*two_kabupaten(), *children(DESA[0], 0, (40, 15), (40, 3)), *children(DESA[1], 100, (45, 20), (50, 25))]
    facts += children(DESA[2], 200, (40, 12), (45, 20))
    await deliver(office.worker, facts)
    unreleased = await groups(office, "12", "sex,age")
    assert {row[name] for row in unreleased.values() for name in COUNTS} == {None}
    await release_all(office.worker, TOLD)
    for code in ("12", "12.19.01", DESA[0]):
        total = await office.figures(f"/v1/areas/{code}/summary", period="2025-11", **PROVINCE)
        for by in BY:
            told, right = await groups(office, code, by), await groups(office, code, by, exact=True)
            hidden = {tuple(row["suppressed"]) for row in told.values()}
            assert len(hidden) == 1
            assert set(*hidden) >= set(total["suppressed"])
            for group, row in right.items():
                shown = told.get(group, dict.fromkeys(COUNTS, 0) | {"pending": None, "suppressed": []})
                assert {name: shown[name] for name in COUNTS} == {
                    name: None if name in {*shown["suppressed"], "pending"} else row[name] for name in COUNTS
                }, (code, group)
            for name in set(COUNTS) - set(*hidden) - {"pending"}:
                assert sum(row[name] for row in told.values() if row["age"] != "0-23") == total[name], (code, by, name)
    assert [(await groups(office, desa, "sex"))["L"]["stunted"] for desa in DESA] == [None, None, 20]
    assert [(await groups(office, desa, "sex"))["L"]["haz_measured"] for desa in DESA] == [40, 50, 45]
    assert [(await groups(office, desa, "age"))["12-23"]["stunted"] for desa in DESA[:2]] == [18, 45]
    assert set(await groups(office, DESA[2], "age")) == {"12-23", "0-23"}, "nobody of another age anywhere"


async def test_outside_groups_of_a_quarter_are_not_told_below_the_kabupaten(office: Office) -> None:
    """Beside the groups of its months those of a small area could be reckoned."""
    await deliver(office.worker, [*two_kabupaten(), *children(DESA[0], 0, (40, 15), (40, 20))])
    await release_all(office.worker, LATER, ["2025-11", "2025-Q4"])
    told = {code: await groups(office, code, "sex", period="2025-Q4") for code in ("12", "12.19", "12.19.01", DESA[0])}
    stunted = {code: [row["stunted"] for row in rows.values()] for code, rows in told.items()}
    assert stunted == {"12": [20, 15], "12.19": [20, 15], "12.19.01": [None] * 3, DESA[0]: [None] * 3}
    assert (await groups(office, DESA[0], "sex"))["P"]["stunted"] == 15, "of the month they are"


async def test_groups_of_a_provinsi_are_the_sum_of_its_releases_as_known_on_the_day(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), *children(DESA[0], 0, (40, 15), (40, 20))])
    await release_all(office.worker, TOLD, ["2025-11"])
    before = await groups(office, "12", "sex")
    await deliver(office.worker, children(OTHER_DESA[0], 300, (40, 12), (30, 4)))
    assert await groups(office, "12", "sex") == before
    await release_all(office.worker, LATER, ["2025-11"])
    after = await groups(office, "12", "sex")
    assert {group: (row["measured_children"], row["stunted"]) for group, row in after.items()} == {
        "L": (70, None), "P": (80, None),
    }  # fmt: skip
    assert await groups(office, "12", "sex", as_of="2026-01-10") == before
    then = await groups(office, "12", "sex", as_of="2025-12-10")
    assert {row["target_children"] for row in then.values()} == {None}, "not released on that day"


async def test_a_release_takes_groups_from_tallies_and_counts_where_something_changed_since(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it was the tally is seen when the children are gone."""
    monkeypatch.setattr(tallies, "QUICKLY_COUNTED", -1)
    for module in (tallies, count_tallies):
        monkeypatch.setattr(module, "KINDS", [kind for kind in KINDS if kind.kind == GROUPS])
    await deliver(office.worker, [*two_kabupaten(), *children(DESA[0], 0, (30, 15), (30, 20))])
    await counted(office)
    await office.worker.execute("UPDATE child_month SET known_to = known_from")
    await office.worker.execute("UPDATE child_span SET known_to = known_from")
    await deliver(office.worker, children(DESA[2], 100, (12, 10), (11, 10)))
    await release_all(office.worker, TOLD, ["2025-11"])
    async with office.api.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tumbuh.areas', '12', true)")
        november = Period(date(2025, 11, 1))
        for code, counts in (("12.19.01", [30, 30]), ("12.19.02", [11, 12]), ("12", [41, 42])):
            (found,) = (await read_released(connection, code, [november], None, ["groups"]))[november]
            kept = found.area.groups
            assert (kept["groups"], kept["sums"]["target_children"]) == (["L,12-23", "P,12-23"], counts), code


async def test_a_count_that_the_program_of_the_release_did_not_know_is_in_no_group(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), *children(DESA[0], 0, (40, 15), (40, 20))])
    await release_all(office.worker, TOLD, ["2025-11"])
    owner = await connect(office.stack.address("reporting_owner"))
    try:
        await owner.execute("UPDATE release SET columns = array_replace(columns, 'severely_stunted', 'another')")
    finally:
        await owner.close()
    told = await groups(office, "12.19", "sex")
    assert [(row["stunted"], row["severely_stunted"]) for row in told.values()] == [(20, None), (15, None)]
