"""When periods are released: by the calendar once a month, or when the kabupaten asks; nothing is released twice."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from services.reporting.domain.periods import Period
from services.reporting.http import releases as door
from services.reporting.jobs import releases as job
from services.reporting.jobs.releases import ReleaseKeeper
from services.reporting.store.feed import tell_released
from services.reporting.use_cases.release_period import due, release_period
from services.reporting.use_cases.verify import verify
from shared import metrics
from tests.integration.reporting.ground import Office, deliver, forget_releases
from tests.integration.reporting.test_province import OTHER_DESA, PROVINCE, lives, two_kabupaten, visited
from tests.unit.reporting.history import BORN, DESA

JANUARY = date(2026, 1, 10)  # one day before December 2025 may be told
DISTRICT: dict[str, Any] = {"role": "district", "areas": ("12.19",)}


async def measured(office: Office, desa: str, number: int, *days: date) -> None:
    facts = [lives(number, (BORN, desa))]
    for day in days:
        facts += visited(number, day, haz=-2.4)
    await deliver(office.worker, facts)


async def worked_off(office: Office, today: date) -> int:
    """Turns until nothing is left; of how many something was done."""
    keeper, turns = ReleaseKeeper(office.worker, lambda: today), 0
    while await keeper.once():
        turns += 1
    return turns


async def released(office: Office) -> list[tuple[str, list[str], bool]]:
    """Period, kabupaten and whether somebody asked, in the order of releasing."""
    rows = await office.worker.fetch(
        "SELECT months, month, asked_by, array_agg(kabupaten_code ORDER BY kabupaten_code) AS kabupaten "
        "FROM release JOIN released_kabupaten USING (release_id, months, month) GROUP BY release_id ORDER BY release_id"
    )
    return [(str(Period(row["month"], row["months"])), row["kabupaten"], row["asked_by"] is not None) for row in rows]


@pytest.fixture
async def november(office: Office) -> Office:
    """Batu Bara, measured in November and December 2025; nothing planned and nothing released."""
    await forget_releases(office.stack)
    await deliver(office.worker, two_kabupaten())
    await measured(office, DESA[0], 1, date(2025, 11, 4), date(2025, 12, 4))
    return office


async def test_the_calendar_releases_once_a_month_and_what_is_loaded_later_waits_for_the_next(november: Office) -> None:
    """A worker that was down on the eleventh does it when it is up; a history of eleven years is no reason to hurry."""
    assert await worked_off(november, JANUARY) == 0
    assert await worked_off(november, date(2026, 1, 13)) == 5
    whole_year = [("2025-11", ["12.19"], False), ("2025-12", ["12.19"], False), ("2025-Q4", ["12.19"], False)]
    assert (await released(november))[:3] == whole_year
    await measured(november, OTHER_DESA[0], 2, date(2025, 12, 9))
    assert await worked_off(november, date(2026, 1, 20)) == 0
    number = len(await released(november))
    assert await worked_off(november, date(2026, 2, 11)) > 0
    later = (await released(november))[number:]
    assert ("2025-12", ["12.05"], False) in later
    assert ("2026-01", ["12.05", "12.19"], False) in later
    assert len({(period, code) for period, codes, _ in await released(november) for code in codes}) == sum(
        len(codes) for _, codes, _ in await released(november)
    )


async def test_a_turn_waits_until_everything_of_the_day_before_is_applied(november: Office) -> None:
    await november.worker.execute(
        "INSERT INTO consumer_position (topic, partition, first_offset, next_offset) VALUES ('t', 0, 0, 7)"
    )
    try:
        day = date(2026, 1, 12)
        assert await worked_off(november, day) == 0, "nobody has noted where the day before ended"
        assert metrics.RELEASES_OLDEST_SECONDS._value.get() > 0
        noted = "INSERT INTO cut_off (day, topic, partition, end_offset) VALUES ($1, 't', 0, 8)"
        await november.worker.execute(noted, day)
        assert await worked_off(november, day) == 0, "a fact of the day before is under way"
        await november.worker.execute("UPDATE consumer_position SET next_offset = 8")
        assert await worked_off(november, day) > 0
        assert metrics.RELEASES_OLDEST_SECONDS._value.get() == 0
    finally:
        await november.worker.execute("DELETE FROM consumer_position WHERE topic = 't'")


async def test_what_fails_is_set_aside_and_the_quarter_around_it_waits(
    november: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Released before its months, a quarter would be hidden beside none of them."""

    async def failing(connection: Any, provinsi: str, period: Period, *rest: Any) -> int | None:
        if str(period) == "2025-11":
            raise ZeroDivisionError
        return await release_period(connection, provinsi, period, *rest)

    monkeypatch.setattr(job, "release_period", failing)
    assert await worked_off(november, date(2026, 1, 11)) == 2
    assert await released(november) == [("2025-12", ["12.19"], False)]
    assert metrics.RELEASES_SET_ASIDE._value.get() == 1
    monkeypatch.setattr(job, "release_period", release_period)
    assert await worked_off(november, date(2026, 1, 12)) == 0, "not before some minutes have passed"
    monkeypatch.setattr(job, "RETRY_SECONDS", 0)
    await worked_off(november, date(2026, 1, 12))
    assert [period for period, _, _ in await released(november)][:3] == ["2025-12", "2025-11", "2025-Q4"]
    assert metrics.RELEASES_SET_ASIDE._value.get() == 0 == metrics.RELEASES_WAITING._value.get()


async def test_two_workers_and_one_that_dies_in_between_release_and_tell_everything_once(
    november: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dying(*_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(job, "tell_released", dying)
    with pytest.raises(ConnectionResetError):
        await worked_off(november, date(2026, 1, 11))
    assert len(await released(november)) == 1
    monkeypatch.setattr(job, "tell_released", tell_released)
    await asyncio.gather(*(worked_off(november, date(2026, 1, 11)) for _ in range(3)))
    await worked_off(november, date(2026, 1, 11))
    async with november.worker.acquire() as connection:
        assert await due(connection, date(2026, 1, 11)) == []
    periods = [period for period, _, _ in await released(november)]
    assert sorted(set(periods)) == sorted(periods)
    told = await november.figures("/v1/feed", level="desa", **PROVINCE)
    assert {entry["period"] for entry in told["items"] if entry["area"] == DESA[0]} >= {"2025-11", "2025-12"}


async def test_a_kabupaten_releases_its_periods_when_it_asks(november: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "today_jakarta", lambda: date(2026, 1, 20))
    asked = await november.post("/v1/releases", body={"area": "12.19", "through": "2025-11"}, **DISTRICT)
    assert asked.status_code == 202, asked.text
    body = asked.json()
    assert (body["periods"], body["state"]) == (["2025-11"], "queued")
    assert "untuk selamanya" in body["warning_id"]
    assert "for good" in body["warning_en"]
    path = asked.headers["location"]
    listed = await november.figures("/v1/releases", area=DESA[0], **DISTRICT)
    waiting = [(row["period"], row["state"], row["request"]) for row in listed["waiting"]]
    assert waiting == [("2025-11", "due", body["id"])]
    await november.worker.execute("INSERT INTO release_turn VALUES ('2026-01-01', now())")
    assert await worked_off(november, date(2026, 1, 20)) == 1
    progress = await november.figures(path, **DISTRICT)
    assert (progress["state"], progress["progress"]["released"]) == ("done", 1)
    assert await released(november) == [("2025-11", ["12.19"], True)]
    for who in (DISTRICT, PROVINCE, {"role": "partner", "areas": ("12.19",)}):
        items = (await november.figures("/v1/releases", period="2025-11", **who))["items"]
        assert [(item["kabupaten"], item["released_on"], item["by"]) for item in items] == [
            (["12.19"], "2026-01-20", "request")
        ]
    summary = await november.figures("/v1/areas/12.19/summary", **PROVINCE)
    assert (summary["period"], summary["released_on"]) == ("2025-11", "2026-01-20")
    assert (await november.figures("/v1/releases", role="district", areas=("12.05",)))["items"] == []
    assert (await november.get(path, role="district", areas=("12.05",))).status_code == 404


async def test_what_cannot_be_released_is_refused_with_the_day_on_which_it_can(
    november: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "today_jakarta", lambda: JANUARY)
    early = await november.post("/v1/releases", body={"area": "12.19", "through": "2025-12"}, **DISTRICT)
    assert (early.status_code, early.json()["code"]) == (422, "not_told_yet")
    assert early.json()["findings_told_from"] == "2026-01-11"
    foreign = await november.post("/v1/releases", body={"area": "12.05"}, **DISTRICT)
    assert foreign.json()["code"] == "outside_area"
    province = await november.post("/v1/releases", body={"area": "12.19"}, **PROVINCE)
    assert province.json()["code"] == "scope_missing"
    finer = await november.post("/v1/releases", body={"area": "12.19.01"}, **DISTRICT)
    assert (finer.status_code, finer.json()["errors"][0]["field"]) == (422, "area")
    nothing = await november.post("/v1/releases", body={"area": "12.05"}, role="district", areas=("12.05",))
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_release")
    assert nothing.json()["next_findings_told_from"] == "2026-01-11"
    assert await november.worker.fetchval("SELECT count(*) FROM release_request") == 0


async def test_verify_names_a_release_whose_areas_do_not_add_up(november: Office) -> None:
    await worked_off(november, date(2026, 1, 11))
    async with november.worker.acquire() as connection:
        assert (await verify(connection))["differences"] == []
        await connection.execute(
            "INSERT INTO released_area SELECT '12.19.01.2999', months, month, release_id, '12.19.01', sums, hidden "
            "FROM released_area WHERE area_code = $1 AND months = 1 AND month = '2025-11-01'",
            DESA[0],
        )
        found = (await verify(connection))["differences"]
    assert {(row["kind"], row["period"], row["area"]) for row in found} == {("release", "2025-11", "12.19.01")}
    assert ("stunted", 1, 2) in {(row["column"], row["released"], row["below"]) for row in found}


async def test_verify_names_an_area_whose_groups_do_not_add_up(november: Office) -> None:
    await worked_off(november, date(2026, 1, 11))
    async with november.worker.acquire() as connection:
        await connection.execute(
            "INSERT INTO released_area SELECT '12.19.01.2999', months, month, release_id, '12.19.01', sums, hidden, "
            "jsonb_set(groups, '{sums,target_children,0}', '0') "
            "FROM released_area WHERE area_code = $1 AND months = 1 AND month = '2025-11-01'",
            DESA[0],
        )
        found = [row for row in (await verify(connection))["differences"] if row["column"].startswith("groups")]
    assert [(row["kind"], row["area"], row["column"]) for row in found] == [
        ("release", "12.19.01.2999", "groups.target_children")
    ]
