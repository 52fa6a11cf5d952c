"""Tallies: what is counted beside the consumer says what counting now says, or when it was counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.reporting.domain.periods import LENGTHS, Period, period_of
from services.reporting.domain.tallies import Tally, rows_of
from services.reporting.jobs import tallies
from services.reporting.jobs.feed import FeedGatherer
from services.reporting.jobs.tallies import TallyKeeper
from services.reporting.store.due_tallies import claim_due
from services.reporting.store.sums import Where
from services.reporting.store.tallies import read_tally
from services.reporting.use_cases import count_tallies, find_tally
from services.reporting.use_cases.hidden_columns import seeing_siblings
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.tally_kinds import KINDS, TallyKind
from services.reporting.use_cases.verify import verify
from shared import metrics
from shared.auth.areas import AreaGrant, apply
from shared.contracts.fact import Fact
from shared.postgres.pool import Connection
from tests.integration.reporting.ground import Office, deliver, empty
from tests.integration.reporting.test_province import lives, visited
from tests.unit.reporting.history import BORN, DESA, KECAMATAN, case, random_history, register

TODAY = date(2026, 4, 10)
LAST = ("services", "12", "2026", 1)
ORDERED = {"lab_ordered": date(2026, 3, 6)}
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 5))]


@pytest.fixture(autouse=True)
def however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six children have tallies, too."""
    monkeypatch.setattr(tallies, "QUICKLY_COUNTED", -1)


@pytest.fixture
def this_year_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tallies of the last year are left out, where they show nothing that those of this year do not."""
    for module in (tallies, count_tallies):
        monkeypatch.setattr(module, "first_kept", lambda month: month.replace(month=1))


async def counted(office: Office) -> None:
    """Everything that is due is counted."""
    gatherer, keeper = FeedGatherer(office.worker), TallyKeeper(office.worker, lambda: TODAY, settled_seconds=0)
    while await gatherer.once():
        pass
    while await keeper.once():
        pass


def periods() -> Iterator[Period]:
    yield from sorted({period_of(month, length) for month in MONTHS for length in LENGTHS})


async def now_of(connection: Connection, kind: TallyKind, code: str, period: Period) -> Tally:
    """Counted now, from the children; of an area above a kecamatan brought together from its kecamatan."""
    if code in KECAMATAN:
        where = Where("desa_code >= $1 AND desa_code < $2", code, f"{code}/", area=code)
        return await kind.count(connection, where, period)
    below = {one: await now_of(connection, kind, one, period) for one in KECAMATAN}
    kabupaten = kind.bring_together(below)
    return kabupaten if code.count(".") else kind.bring_together({"12.19": kabupaten})


async def assert_tallies_say_what_counting_says(office: Office) -> None:
    async with office.worker.acquire() as connection, connection.transaction():
        await apply(connection, AreaGrant(("12",)))
        for kind in KINDS:
            for code in (*KECAMATAN, "12.19", "12"):
                for period in periods():
                    found = await read_tally(connection, kind.kind, code, period)
                    if found is None:
                        continue
                    assert found.is_fresh
                    right = await now_of(connection, kind, code, period)
                    assert rows_of(found.tally) == rows_of(right), (kind.kind.name, code, period)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 40), turns=st.integers(1, 3))
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
async def test_a_tally_without_marks_says_what_counting_now_says(
    open_office: Office, seed: int, size: int, turns: int
) -> None:
    """Also after corrections that move no sum: of a birth date, a sex, a day of a case. Counted in between as well."""
    await empty(open_office.worker)
    facts = [*register(), *random_history(seed, 70)]
    each = len(facts) // turns + 1
    for start in range(0, len(facts), each):
        await deliver(open_office.worker, facts[start : start + each], size)
        await counted(open_office)
    await assert_tallies_say_what_counting_says(open_office)
    present = await open_office.worker.fetchval("SELECT count(*) FROM tally WHERE area_code = '12' AND months = 1")
    assert present >= len(KINDS)


async def two_children(office: Office) -> None:
    facts: list[Fact] = [*register()]
    for number in (1, 2):
        facts += stunted(number)
    await deliver(office.worker, facts)


def stunted(number: int) -> list[Fact]:
    return [lives(number, (BORN, DESA[0])), *visited(number, date(2026, 3, 4), haz=-2.5, tier="suspected")]


@pytest.mark.usefixtures("this_year_only")
async def test_a_small_area_is_counted_now_as_long_as_something_changed_since(office: Office) -> None:
    await two_children(office)
    await counted(office)
    before = await office.figures("/v1/areas/12.19/breakdown", period="2026-03", by="sex")
    await deliver(office.worker, stunted(3))
    after = await office.figures("/v1/areas/12.19/breakdown", period="2026-03", by="sex")
    assert before["counted_at"] is None is after["counted_at"]
    assert sum(row["stunted"] for row in before["rows"]) == before["total"]["stunted"] == 2
    assert sum(row["stunted"] for row in after["rows"]) == after["total"]["stunted"] == 3


@pytest.mark.usefixtures("this_year_only")
async def test_a_desa_is_read_from_the_tally_of_its_kecamatan(office: Office) -> None:
    """It says what counting said; that it is the tally is seen when the children are gone. A change is counted now."""
    await two_children(office)
    await deliver(
        office.worker, [lives(7, (BORN, DESA[1])), case(of=1, opened_on=date(2026, 3, 4), milestones=ORDERED)]
    )

    async def pages(period: str) -> list[dict[str, Any]]:
        names = ("breakdown", "cascade", "indicators")
        return [await office.figures(f"/v1/areas/{DESA[0]}/{name}", period=period) for name in names]

    now = {period: await pages(period) for period in ("2026-03", "2026-Q1")}
    assert now["2026-03"][1]["steps"][3]["median_days"] == now["2026-Q1"][1]["steps"][3]["median_days"] == 2
    await counted(office)
    for table in ("child_month", "child_span"):
        assert await office.worker.fetch(f"UPDATE {table} SET known_to = known_from RETURNING 1")
    assert {period: await pages(period) for period in now} == now
    await deliver(office.worker, [lives(8, (BORN, DESA[0]))])
    breakdown, cascade, indicators = await pages("2026-03")
    assert sum(row["target_children"] for row in breakdown["rows"]) == 1
    assert cascade["steps"][3]["median_days"] is None
    assert breakdown["counted_at"] is cascade["counted_at"] is indicators["counted_at"] is None


@pytest.mark.usefixtures("this_year_only")
async def test_of_a_large_area_the_last_tally_is_shown_with_its_instant(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_children(office)
    await deliver(office.worker, [case(of=1, opened_on=date(2026, 3, 4))])
    await counted(office)
    monkeypatch.setattr(find_tally, "QUICKLY_COUNTED", 1)
    monkeypatch.setattr(find_tally, "MOST_COUNTED", 1)
    for number, page in enumerate(("breakdown", "cascade", "indicators"), start=3):
        path = f"/v1/areas/12/{page}"
        assert (await office.figures(path, period="2026-03", areas=("12",)))["counted_at"] is None
        await deliver(office.worker, stunted(number))
        shown = await office.figures(path, period="2026-03", areas=("12",))
        assert shown["counted_at"] is not None
        if page != "indicators":  # of which those that count nobody one by one are answered: below
            refused = await office.get(path, period="2026-03", areas=("12",), as_of="2026-04-01")
            assert (refused.status_code, refused.json()["code"]) == (422, "area_too_large")
        await counted(office)
        assert (await office.figures(path, period="2026-03", areas=("12",)))["counted_at"] is None


async def test_indicators_that_cannot_be_counted_in_time_say_what_to_ask_instead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are answered all the same; outside nothing is counted while somebody waits."""
    await two_children(office)
    monkeypatch.setattr(find_tally, "MOST_COUNTED", 1)
    asked: dict[str, Any] = {"period": "2026-03", "codes": "stunted_baduta,d_s", "areas": ("12",)}
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "counted_later"),
        ({"as_of": "2026-04-30"}, "too_large_for_a_past_day"),
        ({"as_of": "2026-04-30", "role": "province"}, "not_told_yet"),
    ]
    for more, reason in cases:
        body = await office.figures("/v1/areas/12/indicators", **asked, **more)
        d_s, baduta = body["indicators"]
        assert (baduta["reason"]["code"], baduta["share"]) == (reason, None)
        assert d_s["denominator"] == (None if "role" in more else 2)


async def test_what_another_program_counted_is_counted_anew(office: Office) -> None:
    async def is_read() -> set[bool]:
        async with office.worker.acquire() as connection, connection.transaction():
            await apply(connection, AreaGrant(("12",)))
            month = period_of(MONTHS[-1])
            return {await read_tally(connection, kind.kind, "12.19", month) is not None for kind in KINDS}

    await two_children(office)
    await counted(office)
    assert await is_read() == {True}
    await office.worker.execute("UPDATE tally SET layout = 'of before', counts = ''")
    assert await is_read() == {False}
    await counted(office)
    await assert_tallies_say_what_counting_says(office)
    assert not await office.worker.fetchval(
        "SELECT count(*) FROM tally WHERE layout = 'of before' AND month >= '2025-01-01'"
    )


@pytest.mark.usefixtures("this_year_only")
async def test_after_a_rebuild_everything_is_counted_anew(office: Office) -> None:
    await two_children(office)
    await counted(office)
    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
        assert await connection.fetchval("SELECT count(*) > 0 FROM tally_due")
    await counted(office)
    await assert_tallies_say_what_counting_says(office)


async def test_what_changed_before_last_year_is_counted_when_it_is_asked_for(office: Office) -> None:
    await two_children(office)
    await counted(office)
    assert await office.worker.fetchval("SELECT min(month) FROM tally") == date(2025, 1, 1)
    assert await office.worker.fetchval("SELECT count(*) FROM tally_due") == 0
    await office.worker.execute("UPDATE tally SET month = '2024-12-01' WHERE month = '2025-12-01' AND months = 1")
    await deliver(office.worker, stunted(3))
    await counted(office)
    assert not await office.worker.fetchval("SELECT count(*) FROM tally WHERE month < '2025-01-01'")
    body = await office.figures("/v1/areas/12.19/breakdown", period="2024-12", by="sex")
    assert sum(row["target_children"] for row in body["rows"]) == 3


@pytest.mark.usefixtures("this_year_only")
async def test_few_children_have_no_tallies(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "QUICKLY_COUNTED", 2)
    await two_children(office)
    await counted(office)
    assert await office.worker.fetchval("SELECT count(*) FROM tally") == 0
    await deliver(office.worker, stunted(3))
    await counted(office)
    assert await office.worker.fetchval("SELECT count(*) FROM tally") > 0


@pytest.mark.usefixtures("this_year_only")
async def test_an_area_that_cannot_be_counted_is_set_aside_and_the_rest_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays due, so nobody takes its tally for fresh, and is counted at a later turn when the fault is gone."""
    await two_children(office)
    await deliver(office.worker, [lives(7, (BORN, DESA[2])), case(of=1, opened_on=date(2026, 3, 4))])
    right = await office.worker.fetch("SELECT root_id, month, course FROM child_month")
    await office.worker.execute("""UPDATE child_month SET course = '{"opened_on": "soon"}' WHERE course IS NOT NULL""")
    await counted(office)
    assert await office.worker.fetchval("SELECT count(*) > 0 FROM tally WHERE area_code = $1", KECAMATAN[1])
    assert metrics.REGISTRY.get_sample_value("tumbuh_tallies_set_aside") == 1
    above = "SELECT count(*) FROM tally WHERE area_code IN ('12', '12.19')"
    assert await office.worker.fetchval(above) == 0, "a sum without one of its parts is none"
    await office.worker.executemany(
        "UPDATE child_month SET course = $3 WHERE root_id = $1 AND month = $2", [tuple(row) for row in right]
    )
    await counted(office)
    assert await only_the_first_is_due(office), "not before its time"
    with monkeypatch.context() as slow:
        slow.setattr(count_tallies, "KINDS", [replace(kind, count=too_long(kind), count_all=None) for kind in KINDS])
        await counted_after(office, seconds=301)
    assert await only_the_first_is_due(office), "counting lasts too long now"
    await counted_after(office, seconds=301)
    assert await office.worker.fetchval("SELECT count(*) FROM tally_due") == 0
    assert metrics.REGISTRY.get_sample_value("tumbuh_tallies_set_aside") == 0
    await assert_tallies_say_what_counting_says(office)
    assert await office.worker.fetchval("SELECT count(*) > 0 FROM tally WHERE area_code = '12'")


async def only_the_first_is_due(office: Office) -> bool:
    due = await office.worker.fetch("SELECT DISTINCT area_code, tried_at IS NOT NULL FROM tally_due")
    return [tuple(row) for row in due] == [(KECAMATAN[0], True)]


async def counted_after(office: Office, *, seconds: int) -> None:
    await office.worker.execute("UPDATE tally_due SET tried_at = tried_at - make_interval(secs => $1)", seconds)
    await counted(office)


@pytest.mark.usefixtures("this_year_only")
async def test_a_change_reaches_later_months_that_count_since_january(office: Office) -> None:
    await two_children(office)
    await counted(office)
    await deliver(office.worker, visited(1, date(2026, 2, 4), whz=-2.5))
    await counted(office)
    await assert_tallies_say_what_counting_says(office)


@pytest.mark.usefixtures("this_year_only")
async def test_what_changes_while_it_is_counted_stays_due(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting sees one state; what comes beside it is counted at a later turn."""
    await two_children(office)
    await counted(office)
    await deliver(office.worker, stunted(3))
    gatherer, groups, late = FeedGatherer(office.worker), KINDS[0], stunted(4)

    async def count(connection: Connection, where: Where, period: Period) -> Tally:
        if late:
            await deliver(office.worker, late)
            late.clear()
            await gatherer.once()
        return await groups.count(connection, where, period)

    await gatherer.once()
    with monkeypatch.context() as beside:
        beside.setattr(count_tallies, "KINDS", (replace(groups, count=count), *KINDS[1:]))
        await TallyKeeper(office.worker, lambda: TODAY, settled_seconds=0).once()
    assert late == []
    path = f"/v1/areas/{KECAMATAN[0]}/breakdown"
    assert sum(row["stunted"] for row in (await office.figures(path, period="2026-03", by="sex"))["rows"]) == 4
    await counted(office)
    await assert_tallies_say_what_counting_says(office)


def too_long(kind: TallyKind) -> Callable[[Connection, Where, Period], Awaitable[Tally]]:
    """Counting that lasts longer than a statement may, in the first kecamatan."""

    async def count(connection: Connection, where: Where, period: Period) -> Tally:
        if where.area == KECAMATAN[0]:
            await connection.fetchval("SELECT pg_sleep(60)", timeout=0.01)
        return await kind.count(connection, where, period)

    return count


async def test_a_look_from_the_province_ends_also_where_it_fails(office: Office) -> None:
    """What counting refuses, and what the database does: no later statement sees more than the reader may."""
    areas = "SELECT current_setting('tumbuh.areas')"

    async def look(connection: Connection, statement: str) -> None:
        async with seeing_siblings(connection, DESA[0]):
            assert await connection.fetchval(areas) == "12"
            await connection.fetchval(statement)
            raise find_tally.TooLargeError("12")

    async with office.api.acquire() as connection, connection.transaction():
        await apply(connection, AreaGrant((DESA[0],)))
        with pytest.raises(find_tally.TooLargeError):
            await look(connection, "SELECT 1")
        assert await connection.fetchval(areas) == DESA[0]
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with connection.transaction():
                await look(connection, "SELECT 1 / 0")
        assert await connection.fetchval(areas) == DESA[0]


@pytest.mark.usefixtures("this_year_only")
async def test_verify_counts_tallies_again_that_claim_to_be_of_this_moment(office: Office) -> None:
    """Wrong ones are named by kind, area and period, at every level; what waits to be counted is none of them."""
    await two_children(office)
    await counted(office)
    async with office.worker.acquire() as connection:
        report = await verify(connection)
        assert report["differences"] == []
        assert report["tallies"]["compared"] == report["tallies"]["kept"] > 0 == report["tallies"]["waiting"]
        assert report["tallies"]["oldest_counted_at"] is not None
        await connection.execute(
            "UPDATE tally SET counts = set_byte(counts, 0, 1 + get_byte(counts, 0)) "
            "WHERE (kind, area_code, month) = ('groups', '12.19.01', '2026-03-01') "
            "OR (kind, area_code, month, months) = ('services', '12', '2026-01-01', 12)"
        )
        wrong = (await verify(connection))["differences"]
        assert {one["kind"] for one in wrong} == {"tally"}
        named = {(one["tally"], one["area_code"], one["period"], one["rows"]) for one in wrong}
        assert named == {("groups", "12.19.01", "2026-03", 1), ("groups", "12.19", "2026-03", 1), LAST}
        assert (await verify(connection, last_months=1))["tallies"]["kept"] < report["tallies"]["kept"]
        await connection.execute("DELETE FROM tally WHERE (kind, area_code) = ('groups', '12.19.01') AND months = 12")
        wrong = (await verify(connection))["differences"]
        assert ("groups", "12.19", "2026") in {(one["tally"], one["area_code"], one["period"]) for one in wrong}
    await deliver(office.worker, stunted(3))
    async with office.worker.acquire() as connection:
        report = await verify(connection)
    assert report["differences"] == []
    assert report["tallies"]["waiting"] > 0


@pytest.mark.usefixtures("this_year_only")
async def test_two_keepers_never_count_the_same_area_at_once(office: Office) -> None:
    await two_children(office)
    while await FeedGatherer(office.worker).once():
        pass
    async with office.worker.acquire() as one, office.worker.acquire() as other, one.transaction(), other.transaction():
        first, second = await claim_due(one), await claim_due(other)
        assert first is not None
        assert second is None or second.area_code != first.area_code
