"""Two kabupaten in one database: each sees its own, the province sees the sums of both, and no child."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.figures import COUNTS
from services.reporting.use_cases.verify import verify
from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.unit.reporting.history import BORN, DESA, assessment, child, entry, measurement, random_history, register

OTHER = "12.05"
OTHER_DESA = ("12.05.01.2001", "12.05.07.2002")
PROVINCE: dict[str, Any] = {"role": "province", "areas": ("12",)}
SUMMED = ("target_children", "measured_children", "haz_measured", "stunted", "suspected", "lab_complete", "pending")


def two_kabupaten() -> list[Fact]:
    """Batu Bara and a neighbour of two kecamatan with a desa each."""
    return [
        *register(),
        entry("area", OTHER, "Kabupaten Langkat", level="kabupaten", parent_code="12"),
        *(
            made
            for desa in OTHER_DESA
            for made in (
                entry("area", desa[:8], f"Kecamatan {desa[6:8]}", level="kecamatan", parent_code=OTHER),
                entry("area", desa, f"Desa {desa[-4:]}", level="desa", parent_code=desa[:8]),
            )
        ),
        entry("target", OTHER, "Langkat", target_children=90, valid_from=date(2025, 1, 1)),
    ]


def lives(number: int, *homes: tuple[date, str], **fields: Any) -> Fact:
    return child(number, homes=[(day, desa, None) for day, desa in homes], **fields)


def visited(number: int, on: date, **scores: Any) -> list[Fact]:
    taken = measurement(f"{on}", on, of=number)
    return [taken, assessment(taken, **scores)]


@pytest.fixture
async def province(office: Office) -> Office:
    """Twelve children of Batu Bara, nine of Langkat (one stunted each), one who moves to Langkat in December."""
    facts = two_kabupaten()
    for number in range(1, 22):
        desa = DESA[0] if number < 7 else DESA[2] if number < 13 else OTHER_DESA[number % 2]
        low = {"haz": -2.4, "tier": "suspected"} if number in {1, 13} else {}
        facts += [lives(number, (BORN, desa)), *visited(number, date(2025, 11, 4), **low)]
    facts += [lives(50, (BORN, DESA[0]), (date(2025, 12, 1), OTHER_DESA[0]))]
    facts += [*visited(50, date(2025, 11, 6), haz=-2.9), *visited(50, date(2025, 12, 6), haz=-2.9)]
    await deliver(office.worker, facts, 13)
    return office


async def rows_of(office: Office, code: str, period: str, **asked: Any) -> dict[str, dict[str, Any]]:
    body = await office.figures(f"/v1/areas/{code}/comparison", period=period, **asked)
    return {row["code"]: row for row in body["rows"]}


async def test_the_rows_of_a_province_are_its_kabupaten_and_of_each_its_kecamatan(province: Office) -> None:
    rows = await rows_of(province, "12", "2025-11", areas=("12",))
    assert {code: row["target_children"] for code, row in rows.items()} == {OTHER: 9, "12.19": 13}
    assert (rows[OTHER]["name"], rows[OTHER]["level"], rows[OTHER]["official_target"]) == (
        "Kabupaten Langkat", "kabupaten", 90,
    )  # fmt: skip
    below = await rows_of(province, OTHER, "2025-11", areas=(OTHER,))
    assert {code: row["measured_children"] for code, row in below.items()} == {"12.05.01": 4, "12.05.07": 5}
    (desa,) = (await rows_of(province, "12.05.07", "2025-11", areas=(OTHER,))).values()
    assert (desa["code"], desa["measured_children"]) == (OTHER_DESA[1], 5)


async def test_a_child_who_moves_to_another_kabupaten_counts_each_month_once(province: Office) -> None:
    """B102, across the border: no month has it twice, none loses it."""
    for period, there in (("2025-11", 0), ("2025-12", 1)):
        rows = await rows_of(province, "12", period, areas=("12",))
        assert (rows[OTHER]["target_children"], rows["12.19"]["target_children"]) == (9 + there, 13 - there)
        total = await province.figures("/v1/areas/12/summary", period=period, areas=("12",))
        assert total["target_children"] == 22
    assert (await rows_of(province, "12", "2025-12", areas=("12",)))[OTHER]["stunted"] == 1
    listed = await province.figures("/v1/areas/12.05/children", areas=(OTHER,), limit=50)
    assert len(listed["items"]) == 10


async def test_each_district_sees_its_own_and_nothing_of_the_other(province: Office) -> None:
    for mine, other in (("12.19", OTHER), (OTHER, "12.19")):
        assert (await province.get(f"/v1/areas/{mine}/summary", areas=(mine,))).status_code == 200
        for path in ("summary", "comparison", "trend", "cascade", "children"):
            for code in (other, "12"):
                refused = await province.get(f"/v1/areas/{code}/{path}", areas=(mine,))
                assert (refused.status_code, refused.json()["code"]) == (403, "outside_area"), (mine, code, path)
    async with province.api.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tumbuh.areas', '12.05', true)")
        seen = await connection.fetch("SELECT DISTINCT area_code FROM level_cell ORDER BY 1")
    assert [row[0] for row in seen] == [OTHER, "12.05.01", "12.05.07"]


async def test_the_province_sees_sums_of_all_kabupaten_suppressed_and_no_child(province: Office) -> None:
    rows = await rows_of(province, "12", "2025-11", **PROVINCE)
    assert {code: (row["measured_children"], row["stunted"]) for code, row in rows.items()} == {
        OTHER: (9, None), "12.19": (13, None),
    }  # fmt: skip
    for code in ("12", OTHER, "12.19.01", OTHER_DESA[0]):
        for path in ("summary", "trend", "cascade", "comparison"):
            assert (await province.get(f"/v1/areas/{code}/{path}", **PROVINCE)).status_code == 200, (code, path)
    alone = await province.figures("/v1/areas/12.05/summary", period="2025-11", **PROVINCE)
    assert (alone["stunted"], alone["stunted_share"]) == (None, None)
    refused = await province.get("/v1/areas/12.05/children", **PROVINCE)
    assert refused.json()["code"] == "scope_missing"


async def test_sums_by_level_are_those_of_the_places_whatever_happened(office: Office) -> None:
    """Read by level, by place, and from the versions: three ways to one number; verify counts the levels, too."""
    await deliver(office.worker, [*two_kabupaten(), *random_history(47, 150)], 19)
    for code in ("12", "12.19", "12.19.01"):
        points = (await office.figures(f"/v1/areas/{code}/trend", until="2026-03", months=6, areas=("12",)))["points"]
        for point in points:
            body = await office.figures(f"/v1/areas/{code}/comparison", period=point["period"], areas=("12",))
            asked = {"period": point["period"], "as_of": "2026-11-20", "areas": ("12",)}
            then = await office.figures(f"/v1/areas/{code}/summary", **asked)
            for name in SUMMED:
                assert point[name] == body["total"][name] == sum(row[name] for row in body["rows"]), (code, name)
                assert name == "pending" or point[name] == then[name], (code, name)
    async with office.worker.acquire() as connection:
        assert (await verify(connection))["differences"] == []
    await office.worker.execute("UPDATE level_cell SET stunted = stunted + 1 WHERE area_code = '12.19.01'")
    async with office.worker.acquire() as connection:
        found = (await verify(connection))["differences"]
    assert {(row["kind"], row["area_code"]) for row in found} == {("level", "12.19.01")}


async def test_an_area_elsewhere_than_its_code_says_counts_where_the_register_has_it(office: Office) -> None:
    """B106: a desa that was given to another kecamatan before its code was changed."""
    moved = entry("area", DESA[2], "Desa 2001", revision=2, known=5, valid_from=date(2026, 1, 1), level="desa",
                  parent_code="12.19.01")  # fmt: skip
    facts = [*two_kabupaten(), moved, lives(1, (BORN, DESA[2])), lives(2, (BORN, DESA[0]))]
    await deliver(office.worker, facts)
    for period, counted in (("2025-12", (1, 1)), ("2026-01", (2, 0))):
        rows = await rows_of(office, "12.19", period)
        assert (rows["12.19.01"]["target_children"], rows["12.19.02"]["target_children"]) == counted
    assert DESA[2] in await rows_of(office, "12.19.01", "2026-01")


async def test_no_door_tells_what_another_hides(office: Office) -> None:
    """Summary, comparison, trend, cascade, breakdown and indicators of every area: one answer for each count."""
    facts: list[Fact] = [*two_kabupaten()]
    for number in range(1, 61):  # forty in one desa measured once, twenty in another in two months
        desa = DESA[0] if number <= 40 else DESA[1]
        facts += [lives(number, (BORN, desa)), *visited(number, date(2026, 1, 8), haz=-2.4 if number % 3 else -1.0)]
        if number > 40:
            facts += visited(number, date(2026, 2, 8), haz=-2.4 if number % 2 else -1.0)
    for number in range(61, 91):
        facts += [lives(number, (BORN, OTHER_DESA[number % 2])), *visited(number, date(2026, 3, 8), haz=-2.4)]
    await deliver(office.worker, facts, 40)
    await release_all(office.worker, date(2026, 4, 11))
    told: dict[tuple[str, str, str], set[Any]] = {}
    codes = ("12", "12.19", "12.19.01", DESA[0], DESA[1])
    for code in codes:
        for period in ("2026-01", "2026-Q1"):
            for area, row in await heard(office, code, period):
                for name in COUNTS:
                    if name in row and name != "pending":
                        told.setdefault((area, row.get("period", period), name), set()).add(row[name])
    assert {key: values for key, values in told.items() if len(values) > 1} == {}
    assert told[DESA[0], "2026-Q1", "stunted"] == told[DESA[0], "2026-01", "stunted"], "measured in January only"


async def heard(office: Office, code: str, period: str) -> list[tuple[str, dict[str, Any]]]:
    """Every row of figures that a reader of the province gets of an area in a period, and of those below it."""
    path, asked = f"/v1/areas/{code}", {"period": period, **PROVINCE}
    body = await office.figures(f"{path}/comparison", **asked)
    broken_down = await office.figures(f"{path}/breakdown", by="sex", **asked)
    whole = broken_down["total"]
    assert all(row[name] is None for row in broken_down["rows"] for name in COUNTS if whole[name] is None)
    (stunted,) = (await office.figures(f"{path}/indicators", codes="stunted", **asked))["indicators"]
    points = (await office.figures(f"{path}/trend", until=period, months=3, **PROVINCE))["points"]
    return [
        (code, await office.figures(f"{path}/summary", **asked)),
        (code, body["total"]),
        *((row["code"], row) for row in body["rows"] if row["code"] != "unmapped"),
        (code, whole),
        *((code, point) for point in points if point["period"] == period),
        *([(code, {"stunted": stunted["numerator"]})] if whole["haz_measured"] else []),
    ]
