"""Quality of posyandu-months: the same rows from the same facts in any order, alerts that people take up, answers."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.quality_ruleset import load
from services.reporting.jobs.quality import QualityJudge
from services.reporting.use_cases.judge_quality import judge_anew
from services.reporting.use_cases.keep_alerts import Clock
from services.reporting.use_cases.rebuild import rebuild
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


def nobody_stunted() -> list[Fact]:
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
                for month in MONTHS:
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
    assert (then["basis"], "reasons" in then) == ("versions", False)

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

    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    await office.worker.execute("DELETE FROM posyandu_quality")
    await ground.deliver(office.worker, [child(1, revision=2, known=90, homes=[(BORN, DESA[0], ZERO)])])
    await judge(office.worker)
    assert len((await office.figures("/v1/quality-alerts", **asked))["items"]) == 1


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
