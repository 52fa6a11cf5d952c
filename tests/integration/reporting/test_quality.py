"""Quality of posyandu-months: the same rows from the same facts in any order, alerts that people take up, answers."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.periods import parse_period
from services.reporting.domain.quality_ruleset import load
from services.reporting.jobs.quality import QualityJudge
from services.reporting.use_cases.freeze_report import freeze_report
from services.reporting.use_cases.judge_quality import judge_anew
from services.reporting.use_cases.keep_alerts import Clock
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared import metrics
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.contracts.fact import Fact, new_fact_id
from shared.postgres.pool import Pool
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office
from tests.integration.shared import small_service
from tests.unit.reporting.history import BORN, DESA, POSYANDU, assessment, child, measurement, random_history, register

PROPERTY = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
TODAY = date(2026, 2, 5)
MONTHS = (date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1))
NEXT = date(2026, 2, 1)
ROWS = "SELECT * FROM posyandu_quality ORDER BY desa_code, posyandu_code, month"
SUMS = "SELECT * FROM quality_sum ORDER BY kecamatan_code, months, month"


def worker_of(pool: Pool, today: date = TODAY) -> QualityJudge:
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return QualityJudge(pool, load(), lambda: Clock(today, now, new_fact_id), settled_seconds=0)


async def judge(pool: Pool, today: date = TODAY) -> None:
    """Work off every mark."""
    worker = worker_of(pool, today)
    while await worker.once():
        pass
    assert await pool.fetchval("SELECT count(*) FROM quality_mark") == 0


async def rows(pool: Pool) -> list[tuple[Any, ...]]:
    """Of posyandu, and their sums by kecamatan and period."""
    return [tuple(row) for table in (ROWS, SUMS) for row in await pool.fetch(table)]


def spoilt(seed: int) -> list[Fact]:
    """A random history in which visits say how they were taken."""
    dice = random.Random(seed)
    facts = random_history(seed, 40)
    return [
        fact.model_copy(
            update={
                "measurement_position": dice.choice((None, "lying", "standing")),
                "device_id": dice.choice((None, "timbangan-1", "timbangan-2")),
                "reported_letter": dice.choice((None, "N", "T")),
            }
        )
        if fact.kind == "measurement"
        else fact
        for fact in facts
    ]


@PROPERTY
@given(seed=st.integers(0, 10**9), size=st.integers(1, 30), between=st.integers(0, 3))
async def test_any_order_of_facts_and_of_judging_ends_in_the_same_rows(
    pool: Pool, seed: int, size: int, between: int
) -> None:
    """Corrections, voids, moves and merges withdraw what they took away; a rebuild changes nothing."""
    facts = spoilt(seed)
    await ground.empty(pool)
    await ground.deliver(pool, facts)
    await judge(pool)
    at_once = await rows(pool)

    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    await ground.empty(pool)
    for start in range(0, len(shuffled), size):
        await ground.deliver(pool, shuffled[start : start + size])
        if between and start // size % between == 0:
            await judge(pool)
    await judge(pool)
    assert await rows(pool) == at_once

    async with pool.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE posyandu_quality SET rules_version = 'older', grade = 3")
        assert await judge_anew(connection, load()) == bool(at_once)
    await judge(pool)
    assert await rows(pool) == at_once


ZERO = POSYANDU[DESA[0]][0]
ELSEWHERE = "12.19.02.2001"


def nobody_stunted(months: Sequence[date] = MONTHS) -> list[Fact]:
    """B114: a posyandu with 60 children and nobody stunted for three months, beside three at a fifth of 30."""
    facts = register()
    number = 0
    for desa in DESA[:2]:
        for post in POSYANDU[desa]:
            for of_post in range(60 if post == ZERO else 30):
                number += 1
                dice = random.Random(number)
                facts.append(child(number, homes=[(BORN, desa, post)]))
                low = post != ZERO and of_post % 5 == 0
                for month in months:
                    values: dict[str, Any] = {
                        "weight_kg": round(dice.uniform(7, 11), 1),
                        "length_height_cm": round(dice.uniform(68, 80), 1),
                    }
                    taken = measurement(f"{month}", month.replace(day=4), of=number, **values)
                    haz = dice.uniform(-2.9, -2.1) if low else dice.uniform(-1.9, 1.5)
                    facts += [taken, assessment(taken, haz=round(haz, 2), whz=round(dice.gauss(-0.4, 1), 2))]
    return facts


async def send(office: Office, alert: dict[str, Any], step: str, body: dict[str, Any], **asked: Any) -> Any:
    role, areas = asked.get("role", "puskesmas"), asked.get("areas", (DESA[0],))
    headers = {
        "authorization": f"Bearer {small_service.token(role, areas)}",
        "idempotency-key": asked.get("key", str(uuid.uuid4())),
        "if-match": alert["etag"],
    }
    return await office.client.post(f"/v1/quality-alerts/{alert['alert_id']}:{step}", json=body, headers=headers)


async def whole_answers(office: Office) -> list[dict[str, Any]]:
    """What is told of the quality of the kabupaten, and its grades, in periods of three lengths."""
    paths = ("/v1/areas/12.19/quality", "/v1/areas/12.19/comparison", "/v1/areas/12.19/trend")
    periods = {"period": ("2026-01", "2025-Q4", "2025"), "until": ("2026-01", "2025-Q4")}
    return [
        await office.figures(path, **{name: period})
        for path in paths
        for name in ("until" if path.endswith("trend") else "period",)
        for period in periods[name]
    ]


async def people_take_it_up(office: Office, alert: dict[str, Any]) -> None:
    """Step by step, by those of its area only, each answered once."""
    elsewhere = {"role": "puskesmas", "areas": (ELSEWHERE,)}
    assert (await office.figures("/v1/quality-alerts", **elsewhere))["items"] == []
    assert (await send(office, alert, "acknowledge", {}, **elsewhere)).status_code == 404
    assert (await send(office, alert, "acknowledge", {}, role="kecamatan", areas=("12.19.01",))).status_code == 403
    too_early = await send(office, alert, "close", {"outcome": "resolved", "evidence": "sudah diukur ulang"})
    assert (too_early.status_code, too_early.json()["code"]) == (409, "alert_step_not_allowed")
    taken_up = await send(office, alert, "acknowledge", {}, key="acknowledge-1")
    assert (taken_up.status_code, taken_up.json()["state"]) == (200, "acknowledged")
    assert (await send(office, alert, "acknowledge", {}, key="acknowledge-1")).json() == taken_up.json()
    assert (await send(office, alert, "acknowledge", {})).status_code == 412
    acted = await send(office, taken_up.json(), "act", {"action": "remeasured", "note": "10 anak diukur oleh bidan"})
    assert "bidan" not in acted.text
    closed = await send(office, acted.json(), "close", {"outcome": "explained", "evidence": "papan ukur diganti"})
    assert (closed.json()["state"], closed.json()["close_reason"]) == ("closed", "explained")
    path = f"/v1/quality-alerts/{alert['alert_id']}"
    told = await office.figures(path)
    assert [step["step"] for step in told["steps"]] == ["raised", "acknowledged", "acted", "closed"]
    assert told["steps"][2]["note"] == "10 anak diukur oleh bidan"
    read_only = await office.figures(path, role="camat", areas=("12.19.01",))
    assert "note" not in read_only["steps"][2]


async def test_a_posyandu_without_any_stunted_child_is_alerted_taken_up_and_closed_by_people(office: Office) -> None:
    """B114: `improbable_zero`, once, whatever is judged again or rebuilt."""
    await ground.forget_alerts(office.stack)
    await ground.deliver(office.worker, nobody_stunted(), 400)
    await judge(office.worker)
    asked = {"kind": "improbable_zero", "area": "12.19.01"}

    listed = (await office.figures("/v1/quality-alerts", state="open", **asked))["items"]
    assert [(one["posyandu_code"], one["state"], one["first_month"]) for one in listed] == [(ZERO, "raised", "2026-01")]
    alert = listed[0]
    assert (alert["value"], alert["limit"], alert["n"], alert["grade"]) == (0.0, 0.2, 60, "D")
    assert alert["text_id"].startswith("Tidak ada anak pendek")
    assert alert["next_en"].startswith("Have 10 children measured again")

    own = await office.figures(f"/v1/areas/{ZERO}/quality", period="2026-01")
    reason = next(one for one in own["reasons"] if one["code"] == "improbable_zero")
    assert reason["found"][0] | {"p": 0} == {
        "month": "2026-01", "grade": "D", "value": 0.0, "limit": 0.2, "n": 60, "test": "beta_binomial", "p": 0,
    }  # fmt: skip
    desa = await office.figures(f"/v1/areas/{DESA[0]}/quality", period="2026-01")
    assert {row["code"]: row["quality_grade"] for row in desa["rows"]}[ZERO] == "D"
    assert desa["children_by_grade"]["D"] == 60
    assert (await office.figures(f"/v1/areas/{DESA[0]}/summary", period="2026-01"))["quality_grade"] == "D"
    district = await office.figures("/v1/areas/12.19/quality", period="2026-01")
    assert sum(district["children_by_grade"].values()) == district["measured_children"] == 150
    province = await office.figures("/v1/areas/12.19/quality", period="2026-01", role="province", areas=("12",))
    assert (province["basis"], "reasons" in province) == ("sums", False)
    then = await office.figures("/v1/areas/12.19/quality", period="2026-01", as_of="2026-02-20")
    assert (then["basis"], then["reasons"], then["quality_grade"]) == (
        "judgements", district["reasons"], district["quality_grade"],
    )  # fmt: skip
    earlier = await office.figures("/v1/areas/12.19/quality", period="2026-01", as_of="2026-02-04")
    assert (earlier["basis"], "reasons" in earlier) == ("versions", False), "nothing was judged until that day"

    await people_take_it_up(office, alert)
    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    await ground.deliver(office.worker, [child(1, revision=2, known=90, homes=[(BORN, DESA[0], ZERO)])])
    await judge(office.worker)
    assert len((await office.figures("/v1/quality-alerts", **asked))["items"]) == 1, "still true, and already answered"

    await it_comes_again(office, asked, alert["alert_id"])

    await office.worker.execute("DELETE FROM posyandu_quality")
    await ground.deliver(office.worker, [child(1, revision=3, known=95, homes=[(BORN, DESA[0], ZERO)])])
    await judge(office.worker, date(2026, 3, 5))
    assert len((await office.figures("/v1/quality-alerts", **asked))["items"]) == 2


async def it_comes_again(office: Office, asked: dict[str, str], former: str) -> None:
    """By the next month only; two people at once, somebody of another area, and no words are refused."""
    await ground.deliver(office.worker, nobody_stunted([NEXT]), 400)
    await judge(office.worker, date(2026, 3, 5))
    (again,) = (await office.figures("/v1/quality-alerts", state="open", **asked))["items"]
    assert (again["first_month"], again["raised_again_from"]) == ("2026-02", former)
    two = await asyncio.gather(*(send(office, again, "acknowledge", {}) for _ in range(2)))
    assert sorted(one.status_code for one in two) == [200, 412]
    (taken_up,) = [one for one in two if one.status_code == 200]
    act = {"action": "scale_checked", "note": "dilihat dari wilayah lain"}
    assert (await send(office, taken_up.json(), "act", act, role="puskesmas", areas=(ELSEWHERE,))).status_code == 404
    no_words = await send(office, taken_up.json(), "close", {"outcome": "resolved", "evidence": " "})
    assert (no_words.status_code, no_words.json()["errors"][0]["field"]) == (422, "evidence")
    closed = await send(office, taken_up.json(), "close", {"outcome": "not_confirmed", "evidence": "diukur ulang"})
    assert closed.json()["state"] == "closed"
    assert (await send(office, closed.json(), "act", act)).status_code == 409


async def test_grades_and_reasons_of_a_past_day_are_those_that_were_judged_then(office: Office) -> None:
    """Kept through a rebuild, frozen in a report; what was not judged by that day is not told of it."""
    asked = {"period": "2026-01"}
    whole, there = "/v1/areas/12.19/quality", f"/v1/areas/{ZERO}/quality"
    await ground.deliver(office.worker, nobody_stunted(), 400)
    await judge(office.worker)
    first = await office.figures(whole, **asked)
    of_posyandu = await office.figures(there, **asked)
    corrected = [
        assessment(measurement(f"{month}", month.replace(day=4), of=number), revision=2, known=99, haz=-2.4)
        for month in MONTHS
        for number in range(1, 16)
    ]
    await ground.deliver(office.worker, corrected)
    await judge(office.worker, date(2026, 2, 10))
    now = await office.figures(whole, **asked)
    assert first["reasons"] != now["reasons"] == []
    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    told = ("reasons", "children_by_grade", "children_not_judged", "posyandu_months_judged", "quality_grade")
    for day, then in (("2026-02-05", first), ("2026-02-09", first), ("2026-02-10", now)):
        found = await office.figures(whole, **asked, as_of=day)
        assert ({name: found[name] for name in told}, found["basis"], found["rows"][0]["quality_grade"]) == (
            {name: then[name] for name in told}, "judgements", then["rows"][0]["quality_grade"],
        )  # fmt: skip
    summary = await office.figures(f"/v1/areas/{ZERO}/summary", **asked, as_of="2026-02-09")
    assert summary["quality_grade"] == of_posyandu["quality_grade"] == "D"
    foreign = await office.get(there, **asked, as_of="2026-02-09", role="puskesmas", areas=(ELSEWHERE,))
    assert foreign.status_code == 403

    async with office.api.acquire() as connection, connection.transaction():
        await areas.apply(connection, AreaGrant(("12.19",)))
        frozen = await freeze_report(connection, "12.19", parse_period("2026-01"), date(2026, 2, 9))
    rows = {row["code"]: row for row in frozen.exact["rows"]}
    judged = {(row["kind"], row["code"]): row for row in frozen.exact["quality"]["rows"]}
    assert rows[ZERO]["quality_grade"] == "D"
    (reason,) = [one for one in judged["posyandu", ZERO]["reasons"] if one["code"] == "improbable_zero"]
    assert (reason["found"][0]["n"], reason["found"][0]["limit"]) == (60, 0.2)
    assert judged["area", "12.19"]["children_by_grade"] == first["children_by_grade"]
    assert frozen.suppressed is not None
    assert "quality" not in frozen.suppressed


async def test_verify_sees_a_wrong_sum_of_quality_and_a_rebuild_mends_it(office: Office) -> None:
    await ground.deliver(office.worker, nobody_stunted(MONTHS[:1]), 400)
    await judge(office.worker)
    await office.worker.execute(
        "UPDATE quality_sum SET graded_d = graded_d + 1, counts = (counts::jsonb || '{\"heights\": 1}')::json, "
        'reasons = \'{"copied": ["B", 9, 1]}\' WHERE months = 1'
    )
    async with office.worker.acquire() as connection:
        (found,) = [row for row in (await verify(connection))["differences"] if row["differs"].get("graded_d")]
        assert (found["kind"], found["area_code"], found["period"]) == ("quality", "12.19.01", "2025-11")
        assert found["differs"]["graded_d"] == {"expected": 150, "stored": 151}
        assert found["differs"]["copied"] == {"expected": None, "stored": ["B", 9, 1]}
        assert found["differs"]["counts.heights"] == {"expected": 150, "stored": 1}
        await rebuild(connection)
        assert (await verify(connection))["differences"] == []


async def test_sums_by_kecamatan_tell_what_the_posyandu_tell_also_after_an_upgrade(office: Office) -> None:
    """What an older program judged is summed once; until then it is told of every posyandu."""
    await ground.deliver(office.worker, nobody_stunted(), 400)
    await judge(office.worker)
    told = await whole_answers(office)
    summed = await office.worker.fetch(SUMS)
    await ground.forget_quality_sums(office.stack)
    assert await whole_answers(office) == told  # until all is summed, of every posyandu
    await worker_of(office.worker).sum_what_was_judged()
    assert await office.worker.fetch(SUMS) == summed
    assert await whole_answers(office) == told


async def test_what_cannot_be_judged_is_set_aside_and_the_rest_goes_on(pool: Pool) -> None:
    """A mark that makes judging fail waits alone; it is told by its age, and the ledger stays unsettled."""
    await ground.deliver(pool, nobody_stunted()[:300])
    await pool.execute(
        "INSERT INTO quality_mark (places, months) VALUES (ARRAY['12.19.99.2001|'], ARRAY['0001-01-01'::date])"
    )
    worker = worker_of(pool)
    while await worker.once():
        pass
    left = await pool.fetch("SELECT places FROM quality_mark")
    assert [row["places"] for row in left] == [["12.19.99.2001|"]]
    assert await pool.fetchval("SELECT count(*) FROM posyandu_quality") > 0
    assert (metrics.QUALITY_SET_ASIDE._value.get(), metrics.QUALITY_WAITING._value.get()) == (1, 1)

    await pool.execute("UPDATE quality_mark SET months = ARRAY['2026-01-01'::date]")  # mended, and started anew
    assert not await worker.once(), "it waits for its time"
    restarted = worker_of(pool)
    await restarted.begin()
    while await restarted.once():
        pass
    assert await pool.fetchval("SELECT count(*) FROM quality_mark") == 0
