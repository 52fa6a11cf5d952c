"""Released once: whatever happens afterwards, every door says the same bytes of a released period to readers outside.

So two answers have no difference, on whichever days they are asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Final

import pytest

from services.reporting.domain.quality_ruleset import load
from services.reporting.jobs.quality import QualityJudge
from services.reporting.jobs.tallies import TallyKeeper
from services.reporting.use_cases.keep_alerts import Clock
from services.reporting.use_cases.rebuild import rebuild
from shared.calendar import now_utc
from shared.contracts.fact import Fact, new_fact_id
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.integration.reporting.outside_doors import (
    ASKED_OTHERWISE,
    NO_FIGURES,
    OF_AN_AREA,
    OUTSIDE,
    SENT_BY_THE_DISTRICT,
    Answers,
    all_files,
    ask_everything,
    doors_of,
    feed_of,
)
from tests.integration.reporting.test_province import OTHER, OTHER_DESA, two_kabupaten
from tests.integration.reporting.test_reports import PLACE, past, publish
from tests.unit.reporting.history import (
    DESA,
    POSYANDU,
    act,
    assessment,
    case,
    child,
    child_id,
    entry,
    measurement,
    register,
    risk_status,
    vitamin_a,
)

RELEASED_ON, A_MONTH_LATER = date(2026, 4, 11), date(2026, 5, 11)
NEW_HERE: Final = date(2025, 12, 1)  # everybody came that day, so that nothing before is to be released
FEW: Final = (("12", "12.19", DESA[0]), ("2026-03", "2026-Q1"))
# Not the desa that will lie elsewhere: where an area lies is said as the register has it.
ALL: Final = (
    ("12", "12.19", "12.19.01", "12.19.02", DESA[0], DESA[2]),
    ("2026-02", "2026-03", "2025-Q4", "2026-Q1", "2025-S2", "2025"),
)
SIZES: Final = ((DESA[0], 40), (DESA[1], 26), (DESA[2], 30))
VISITS: Final = (date(2025, 12, 9), date(2026, 1, 8), date(2026, 2, 5), date(2026, 3, 5))
MINUTES_A_DAY: Final = 24 * 60


def known_on(day: date) -> int:
    """Minutes from the beginning of the tests' time to noon or so of a day."""
    return max((day - date(2026, 1, 5)).days, 0) * MINUTES_A_DAY + 60


def seen(number: int, on: date, *, known: date | None = None, revision: int = 1, **scores: Any) -> list[Fact]:
    """A visit and what was made of it."""
    minutes = known_on(known or on)
    voided = scores.pop("voided", False)
    taken = measurement(f"{on}", on, of=number, known=minutes, revision=revision, voided=voided)
    return [taken, assessment(taken, **scores)]


def scores_of(number: int) -> dict[str, Any]:
    """Every second is stunted, every fourth wasted, every fifth has not gained."""
    haz, whz = (-2.4 if number % 2 == 0 else -1.0), (-2.2 if number % 4 == 0 else -0.5)
    letter = "T" if number % 5 == 0 else "N"
    return {"haz": haz, "whz": whz, "letter": letter, "tier": "suspected" if number % 2 == 0 else "low"}


def living(number: int, desa: str, since: date = NEW_HERE, **fields: Any) -> Fact:
    content = {"sex": ("female", "male")[number % 2], "birth_date": date(2024 - number % 3, 3, 10)} | fields
    return child(number, homes=[(since, desa, POSYANDU.get(desa, (None,))[0])], **content)


def a_district() -> list[Fact]:
    """Some hundred children of three desa, seen in four months; steps of care, capsules."""
    facts: list[Fact] = [*register(), entry("target", "12.19", "Batu Bara", target_children=100)]
    number = 0
    for desa, size in SIZES:
        for _ in range(size):
            number += 1
            facts.append(living(number, desa))
            for on in VISITS if number % 7 else VISITS[::2]:
                facts += seen(number, on, **scores_of(number))
            if number % 3 == 0:
                reached = {"remeasured": VISITS[1], "lab_ordered": VISITS[1]}
                reached |= {"lab_complete": VISITS[2]} if number % 2 else {}
                facts.append(case(of=number, opened_on=VISITS[0], milestones=reached, anaemia="yes"))
                facts.append(risk_status(number))
            if number % 2:
                facts.append(act("a", vitamin_a(VISITS[2]), of=number, known=known_on(VISITS[2])))
    return facts


LATE: Final = date(2026, 4, 20)


def afterwards() -> list[Fact]:
    """What comes in after the release: late, corrected, withdrawn, died, merged, moved, cared for."""
    late = known_on(LATE)
    many: dict[str, Any] = {"revision": 2, "known": late}
    new = [living(number, DESA[number % 3], known=late) for number in range(201, 207)]
    facts = [*new, *(fact for number in range(201, 207) for fact in seen(number, VISITS[3], known=LATE, haz=-2.6))]
    facts += seen(7, VISITS[3], known=LATE, haz=-3.3, whz=-2.5)  # was not seen that day
    for number in (3, 6, 42, 69):
        facts += seen(number, VISITS[3], known=LATE, revision=2, haz=-1.0)
    facts += seen(9, VISITS[2], known=LATE, revision=2, voided=True, **scores_of(9))
    facts += [living(12, DESA[0], died_on=date(2026, 3, 2), **many), living(15, DESA[0], sex="female", **many)]
    facts += [living(20, DESA[0], merged_into=child_id(21), **many)]
    facts += [living(23, DESA[0], birth_date=date(2020, 12, 1), **many)]
    homes = [(NEW_HERE, DESA[0], None), (date(2026, 2, 1), DESA[2], None)]
    facts += [child(number, homes=homes, sex="female", birth_date=date(2024, 3, 10), **many) for number in (30, 33)]
    reached = {"remeasured": VISITS[1], "lab_ordered": VISITS[1], "lab_complete": VISITS[2], "referred": VISITS[3]}
    facts += [case(of=number, milestones=reached, anaemia="yes", **many) for number in (36, 48)]
    return [*facts, act("late", vitamin_a(VISITS[2]), of=4, known=late), risk_status(48, tier="urgent", **many)]


def register_afterwards() -> list[Fact]:
    """A desa comes to another kecamatan, one is split, the official target is another."""
    late = known_on(LATE)
    moved = entry("area", DESA[1], f"Desa {DESA[1][-4:]}", revision=2, known=late, valid_from=date(2026, 2, 1),
                  level="desa", parent_code="12.19.02")  # fmt: skip
    split = entry("area", f"{DESA[0][:-1]}9", "Desa Baru", known=late, valid_from=date(2026, 3, 1), level="desa",
                  parent_code="12.19.01")  # fmt: skip
    homes = [(NEW_HERE, DESA[0], None), (date(2026, 3, 1), f"{DESA[0][:-1]}9", None)]
    gone = [child(number, homes=homes, revision=2, known=late, birth_date=date(2024, 3, 10)) for number in (1, 2, 5)]
    return [moved, split, *gone]


@pytest.fixture(autouse=True)
async def positions(office: Office) -> AsyncIterator[None]:
    """One partition, read to its end: a report can be published."""
    await office.worker.execute(
        "INSERT INTO consumer_position (topic, partition, first_offset, next_offset, end_offset) "
        "VALUES ($1, $2, 0, 70, 70) ON CONFLICT (topic, partition) DO UPDATE SET next_offset = 70, end_offset = 70",
        *PLACE,
    )
    yield
    await office.worker.execute("DELETE FROM consumer_position")


async def work_off(office: Office) -> None:
    """Quality is judged anew, tallies are counted anew."""
    clock = Clock(LATE, now_utc(), new_fact_id)
    judge = QualityJudge(office.worker, load(), lambda: clock, settled_seconds=0)
    keeper = TallyKeeper(office.worker, lambda: A_MONTH_LATER, settled_seconds=0)
    for worker in (judge, keeper):
        while await worker.once():
            pass


def differences(before: Answers, after: Answers) -> list[str]:
    """Questions that are answered otherwise, and the first place where."""
    return [f"{key}: {_where(told[1], after[key][1])}" for key, told in before.items() if told != after[key]]


def _where(one: bytes, other: bytes) -> str:
    at = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    start = max(0, at - 60)
    return f"{one[start : at + 40]!r} became {other[start : at + 40]!r}"


async def test_every_door_of_an_outside_reader_is_among_those_that_are_tried(office: Office) -> None:
    """A new route is either tried here or said to tell no figures."""
    doors = doors_of((await office.client.get("/openapi.json")).json())
    sent = {door for door in doors if door.startswith(SENT_BY_THE_DISTRICT)}
    assert doors - sent - NO_FIGURES == {*OF_AN_AREA, *ASKED_OTHERWISE}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("areas", "periods"), [FEW, pytest.param(*ALL, marks=[pytest.mark.slow])])
async def test_whatever_happens_after_a_release_every_door_says_the_same_bytes(
    office: Office, areas: tuple[str, ...], periods: tuple[str, ...]
) -> None:
    forms = None if periods == ALL[1] else 1

    await deliver(office.worker, a_district())
    await work_off(office)
    await release_all(office.worker, RELEASED_ON)
    for day in (RELEASED_ON, LATE):
        await past(office, day)
    published = await publish(office, "12.19", "2026-03", RELEASED_ON)
    feed = await feed_of(office, periods)
    before = await ask_everything(office, areas, periods)
    files = await all_files(office, "12.19", periods[1:2], forms)
    tells = await office.figures(f"/v1/areas/{DESA[0]}/summary", period="2026-03", **OUTSIDE)
    assert (tells["haz_measured"], tells["released_on"]) == (35, str(RELEASED_ON))
    assert tells["stunted"] is not None
    exact = await office.figures("/v1/areas/12.19/summary", period="2026-03")

    await deliver(office.worker, [*afterwards(), *register_afterwards()])
    await work_off(office)
    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    await work_off(office)
    changed = await office.figures("/v1/areas/12.19/summary", period="2026-03")
    assert changed["haz_measured"] != exact["haz_measured"]
    assert differences(before, await ask_everything(office, areas, periods)) == []
    assert await feed_of(office, periods) == feed
    await _revision_says_the_same(office, published["report_id"])

    await deliver(office.worker, [*a_neighbour(), *next_month()])
    await work_off(office)
    await release_all(office.worker, A_MONTH_LATER)
    later = await ask_everything(office, areas, periods)
    assert differences(files, await all_files(office, "12.19", periods[1:2], forms)) == []
    assert differences(_below_the_provinsi(before), later) == []
    await _provinsi_is_the_sum_of_its_releases(office)

    await deliver(office.worker, [entry("area", DESA[0], "Desa Berganti", revision=2, known=known_on(LATE),
                                        level="desa", parent_code="12.19.01")])  # fmt: skip
    renamed = await ask_everything(office, areas[2:], periods[:1])
    old, new = f"Desa {DESA[0][-4:]}".encode(), b"Desa Berganti"
    assert any(new in body for _, body in renamed.values())
    as_before = {key: (status, body.replace(new, old)) for key, (status, body) in renamed.items()}
    assert differences({key: later[key] for key in as_before}, as_before) == []


async def _revision_says_the_same(office: Office, report_id: str) -> None:
    """The district publishes again, with what came late; outside the figures are those of the release."""
    body = {"as_of": str(LATE), "reason": "Data susulan"}
    answer = await office.post(f"/v1/reports/{report_id}/revisions", role="district", areas=("12.19",), body=body)
    assert answer.status_code == 201, answer.text
    rows = [
        (await office.figures(f"/v1/reports/{number}", **OUTSIDE))["rows"]
        for number in (report_id, answer.json()["report_id"])
    ]
    assert rows[0] == rows[1]


def a_neighbour() -> list[Fact]:
    """Another kabupaten, whose history comes in after the first one's release."""
    late = known_on(date(2026, 5, 2))
    facts: list[Fact] = two_kabupaten()[len(register()) :]
    for number in range(301, 341):
        facts.append(living(number, OTHER_DESA[number % 2], known=late))
        for on in VISITS:
            facts += seen(number, on, known=date(2026, 5, 2), **scores_of(number))
    return facts


def next_month() -> list[Fact]:
    return [fact for number in range(1, 97) for fact in seen(number, date(2026, 4, 9), **scores_of(number))]


def _below_the_provinsi(answers: Answers) -> Answers:
    """All but the provinsi's, which has the sum of its releases."""
    return {key: told for key, told in answers.items() if "/areas/12/" not in key and "wilayah=12&" not in key}


async def _provinsi_is_the_sum_of_its_releases(office: Office) -> None:
    """Each kabupaten is shown or hidden by its own release; the provinsi shows what is shown in both."""
    body = await office.figures("/v1/areas/12/comparison", period="2026-03", **OUTSIDE)
    rows = {row["code"]: row for row in body["rows"]}
    assert set(rows) == {"12.19", OTHER}
    for name in ("target_children", "measured_children", "haz_measured", "stunted", "wasted", "suspected", "urgent"):
        parts = [rows[code][name] for code in rows]
        assert body["total"][name] == (None if None in parts else sum(parts)), name
    assert body["total"]["stunted"] is not None
    assert body["total"]["urgent"] is None
