"""What is published stays byte by byte; it waits for the day's last record, and a revision says what changed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.reporting.jobs.cut_offs import CutOffs
from shared.calendar import JAKARTA
from shared.contracts.fact import Fact
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver
from tests.unit.reporting.history import BORN, DESA, assessment, child, measurement, random_history, register

WHO: Any = {"role": "district", "areas": ("12.19",)}
PROVINCE: Any = {"role": "province", "areas": ("12",)}
AS_OF, LATER = date(2026, 1, 31), date(2026, 3, 15)
MINUTES_A_DAY = 24 * 60
PLACE = ("tumbuh.risk.v1", 3)


@pytest.fixture(autouse=True)
async def positions(office: Office) -> AsyncIterator[None]:
    """One partition, read to its end."""
    await office.worker.execute(
        "INSERT INTO consumer_position (topic, partition, first_offset, next_offset, end_offset) "
        "VALUES ($1, $2, 0, 70, 70) ON CONFLICT (topic, partition) DO UPDATE SET next_offset = 70, end_offset = 70",
        *PLACE,
    )
    yield
    await office.worker.execute("DELETE FROM consumer_position")


async def past(office: Office, day: date) -> None:
    """The day's cut-off is noted, and the consumer is past it."""

    async def ends() -> list[tuple[str, int]]:
        return [PLACE]

    morning = datetime.combine(day + timedelta(days=1), datetime.min.time(), JAKARTA) + timedelta(minutes=11)
    await CutOffs(office.worker, ends, lambda: morning).turn()


def visit(number: int, on: date, haz: float, *, known: float = 1) -> list[Fact]:
    taken = measurement(f"{on}", on, of=number, known=known)
    return [taken, assessment(taken, haz=haz)]


async def publish(office: Office, area: str, period: str, as_of: date) -> dict[str, Any]:
    body = {"area": area, "period": period, "as_of": as_of.isoformat()}
    answer = await office.post("/v1/reports", body=body, **WHO)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_report_waits_until_every_partition_is_past_the_days_cut_off(office: Office) -> None:
    await deliver(office.worker, [*register(), *random_history(5, 60)])
    body = {"area": "12.19", "period": "2025-12", "as_of": AS_OF.isoformat()}
    unknown = await office.post("/v1/reports", body=body, **WHO)
    assert (unknown.status_code, unknown.json()["reason"]) == (409, "cut_off_unknown")
    await past(office, AS_OF)
    await office.worker.execute("UPDATE consumer_position SET next_offset = 69")
    behind = await office.post("/v1/reports", body=body, **WHO)
    assert (behind.json()["reason"], behind.json()["count"]) == ("behind_cut_off", 1)
    today = await office.post("/v1/reports", body={**body, "as_of": "2099-01-01"}, **WHO)
    assert (today.status_code, today.json()["errors"][0]["field"]) == (422, "as_of")
    elsewhere = await office.post("/v1/reports", body={**body, "area": "12.20"}, **WHO)
    assert elsewhere.status_code in {403, 404}


async def test_a_report_waits_until_what_came_in_by_its_day_is_judged(office: Office) -> None:
    """Whose quality waits elsewhere, in another period or since a later day holds nothing up."""
    facts = [*register(), child(1), *visit(1, date(2025, 12, 5), -2.4)]
    await deliver(office.worker, facts)
    await past(office, AS_OF)
    await office.worker.execute("DELETE FROM quality_mark")
    at_noon = datetime.combine(AS_OF, datetime.min.time(), JAKARTA) + timedelta(hours=12)
    for desa, month, marked_at in (
        (DESA[0], date(2025, 12, 1), at_noon),
        (DESA[0], date(2025, 12, 1), at_noon + timedelta(minutes=1)),  # the same once more
        (DESA[0], date(2025, 11, 1), at_noon),
        ("12.20.01.2001", date(2025, 12, 1), at_noon),
        (DESA[1], date(2025, 12, 1), at_noon + timedelta(days=1)),
    ):
        mark = "INSERT INTO quality_mark (places, months, marked_at) VALUES (ARRAY[$1], ARRAY[$2::date], $3)"
        await office.worker.execute(mark, f"{desa}|{desa}.P001", month, marked_at)
    body = {"area": "12.19", "period": "2025-12", "as_of": AS_OF.isoformat()}
    waits = await office.post("/v1/reports", body=body, **WHO)
    assert (waits.status_code, waits.json()["reason"], waits.json()["count"]) == (409, "quality_waits", 1)
    await office.worker.execute("DELETE FROM quality_mark WHERE marked_at < $1", at_noon + timedelta(minutes=2))
    await publish(office, "12.19", "2025-12", AS_OF)


async def test_a_published_report_is_the_same_bytes_whatever_happens_later(office: Office) -> None:
    facts = [*register(), *(child(number, homes=[(BORN, DESA[0], None)]) for number in range(12))]
    for number in range(12):
        facts += visit(number, date(2025, 11, 5), -2.4 if number < 6 else -1.0)
    await deliver(office.worker, facts)
    await past(office, LATER)
    head = await publish(office, "12.19", "2025-11", AS_OF)
    first = await office.get(f"/v1/reports/{head['report_id']}", **WHO)
    assert hashlib.sha256(first.content).hexdigest() == head["sha256"]
    assert first.headers["etag"] == f'"{head["sha256"]}"'
    report = first.json()
    assert report["rule_sets"] == [{"version": "test", "assessments": 12}]
    codes = [row["code"] for row in report["rows"]]
    assert {"12.19", "12.19.01", *DESA, "PKM-12.19.01-1", f"{DESA[0]}.P001"} <= set(codes)
    assert {one["code"] for one in report["indicators"]} >= {"stunted"}
    assert all(one["since"] for one in report["indicators"])
    (top,) = (row for row in report["rows"] if row["code"] == "12.19")
    assert (top["stunted"], top["haz_measured"]) == (6, 12)
    told = await office.figures("/v1/areas/12.19/summary", period="2025-11", as_of=AS_OF.isoformat())
    assert {name: top[name] for name in told if name in top and name != "parent_code"} == {
        name: value for name, value in told.items() if name in top and name != "parent_code"
    }

    late = 40 * MINUTES_A_DAY
    await deliver(office.worker, [child(50, known=late), *visit(50, date(2025, 11, 7), -2.5, known=late)])
    again = await office.get(f"/v1/reports/{head['report_id']}", **WHO)
    assert again.content == first.content
    verified = await office.figures(f"/v1/reports/{head['report_id']}/verify", **WHO)
    assert (verified["equal"], verified["bytes_hold"], verified["also_differs"]) == (True, True, [])
    for statement in ("UPDATE published_report SET area_code = '12'", "DELETE FROM published_report"):
        for pool in (office.api, office.worker):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)

    twice = await office.post(
        "/v1/reports", body={"area": "12.19", "period": "2025-11", "as_of": LATER.isoformat()}, **WHO
    )
    assert (twice.status_code, twice.json()["newest"]) == (409, head["report_id"])
    revised = await office.post(
        f"/v1/reports/{head['report_id']}/revisions",
        body={"as_of": LATER.isoformat(), "reason": "Data susulan dari satu posyandu"},
        **WHO,
    )
    assert revised.status_code == 201, revised.text
    second = await office.figures(f"/v1/reports/{revised.json()['report_id']}", **WHO)
    assert (second["revision"], second["changes"]["previous"]) == (2, head["report_id"])
    stunted = next(item for item in second["changes"]["indicators"] if item["indicator"] == "stunted")
    assert [(term["code"], term["numerator"], term["denominator"]) for term in stunted["terms"]] == [("late", 1, 1)]
    stale = await office.post(
        f"/v1/reports/{head['report_id']}/revisions", body={"as_of": LATER.isoformat(), "reason": "sekali lagi"}, **WHO
    )
    assert stale.status_code == 409
    since = await office.figures("/v1/areas/12.19/why-changed", period="2025-12", **WHO)
    assert since["known_then"] == LATER.isoformat(), "an earlier figure is that of its published report"


async def test_the_province_reads_of_a_report_what_was_released_by_its_day(office: Office) -> None:
    """As of a day before the release nothing found; a revision after late facts tells it nothing new."""
    facts = [*register(), *(child(number, homes=[(BORN, DESA[number % 3], None)]) for number in range(30))]
    for number in range(30):
        facts += visit(number, date(2025, 10, 5), -2.4 if number < 11 else -1.0)
    await deliver(office.worker, facts)
    await past(office, LATER)
    await ground.release_all(office.worker, date(2026, 1, 11), ["2025-10", "2025-Q4"])
    early = await publish(office, "12.19", "2025-Q4", date(2026, 1, 10))
    before = (await office.get(f"/v1/reports/{early['report_id']}", **PROVINCE)).json()
    assert before["released_on"] is None
    assert {row["stunted"] for row in before["rows"] if row["target_children"] != 0} == {None}
    assert before["rows"][0]["target_children"] == 30
    head = await publish(office, "12.19", "2025-10", AS_OF)
    answer = await office.get(f"/v1/reports/{head['report_id']}", **PROVINCE)
    assert answer.json()["released_on"] == "2026-01-11"
    rows = {row["code"]: row for row in answer.json()["rows"]}
    assert answer.json()["suppressed"]
    assert not any(code.endswith("P001") or code.startswith("PKM") for code in rows)
    assert rows["12.19"]["stunted"] == 11
    assert {rows[code]["stunted"] for code in DESA} == {None}
    listed = await office.figures("/v1/reports", period="2025-10", **PROVINCE)
    assert [item["sha256"] for item in listed["items"]] == [hashlib.sha256(answer.content).hexdigest()]
    late = 40 * MINUTES_A_DAY
    await deliver(office.worker, [child(50, known=late), *visit(50, date(2025, 10, 7), -2.5, known=late)])
    body = {"as_of": LATER.isoformat(), "reason": "Data susulan dari satu posyandu"}
    revised = (await office.post(f"/v1/reports/{head['report_id']}/revisions", body=body, **WHO)).json()
    told = await office.figures(f"/v1/reports/{revised['report_id']}", **PROVINCE)
    assert told["rows"] == answer.json()["rows"]
    local = await publish(office, "12.19.01", "2025-10", AS_OF)
    assert (await office.get(f"/v1/reports/{local['report_id']}", **PROVINCE)).status_code == 404
    assert (await office.get(f"/v1/reports/{uuid.uuid4()}", **WHO)).status_code == 404
    other = await office.get(f"/v1/reports/{head['report_id']}", role="district", areas=("12.20",))
    assert other.status_code == 404


async def test_a_day_on_which_nothing_was_known_yet_is_refused_and_does_not_block_its_period(office: Office) -> None:
    """The office opened in January and typed June's visits then: as of December there is nothing to publish."""
    late = 10 * MINUTES_A_DAY
    await deliver(office.worker, [*register(), child(1, known=late), *visit(1, date(2025, 6, 5), -2.4, known=late)])
    await past(office, LATER)
    body = {"area": "12.19", "period": "2025-06", "as_of": "2025-12-31"}
    refused = await office.post("/v1/reports", body=body, **WHO)
    told = refused.json()
    assert (refused.status_code, told["code"], told["errors"][0]["field"]) == (422, "nothing_known", "as_of")
    head = await publish(office, "12.19", "2025-06", date.fromisoformat(told["known_from"]))
    assert head["revision"] == 1, "the day that was named will do"
    # Who is registered and was seen by nobody, to this day, is a figure of its own.
    assert (await publish(office, "12.19", "2025-07", LATER))["revision"] == 1
    early = await office.post("/v1/reports", body={**body, "period": "2026-03", "as_of": "2026-02-28"}, **WHO)
    assert (early.status_code, early.json()["known_from"]) == (422, None)


async def test_waiting_measurements_and_planted_differences_are_told(office: Office) -> None:
    await deliver(office.worker, [*register(), child(1), *visit(1, date(2025, 9, 5), -2.4)])
    await past(office, LATER)
    head = await publish(office, "12.19", "2025-09", AS_OF)
    await deliver(office.worker, [measurement("x", date(2025, 8, 9))])
    waits = await office.post(
        "/v1/reports", body={"area": "12.19", "period": "2025-08", "as_of": AS_OF.isoformat()}, **WHO
    )
    assert (waits.json()["reason"], waits.json()["count"]) == ("measurements_wait", 1)
    await ground.empty(office.worker)
    await deliver(office.worker, [*register(), child(1), *visit(1, date(2025, 9, 5), -1.0)])
    verified = await office.figures(f"/v1/reports/{head['report_id']}/verify", **WHO)
    assert not verified["equal"]
    found = {(item["code"], item["column"], item["published"], item["now"]) for item in verified["differences"]}
    assert ("12.19", "stunted", 1, 0) in found
