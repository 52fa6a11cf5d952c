"""Rule sets and replays through the API, on real PostgreSQL."""

import uuid
from datetime import timedelta
from typing import Any

from deploy.local.stack import Stack
from services.scoring.domain.ruleset import ACTIVE, FOLDER
from services.scoring.jobs.replay import Share, judge_share
from services.scoring.store import bulk_evidence, replays
from services.scoring.use_cases.rules_in_force import install_shipped
from services.scoring.use_cases.switch_rules import begin_replay
from shared.calendar import now_utc
from shared.postgres.pool import connect
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit

SHIPPED = (FOLDER / f"{ACTIVE}.toml").read_text()
STRICTER = SHIPPED.replace(f'version = "{ACTIVE}"', 'version = "2026-07"').replace("below = -2.0", "below = -1.2")
DISTRICT = {"role": "district", "areas": ["12.19"]}


async def upload(desk: Desk, toml: str, **who: Any) -> Any:
    return await desk.send("POST", "/v1/rulesets", toml.encode(), **(DISTRICT | who), media_type="application/toml")


async def test_a_rule_set_is_kept_once_and_told_with_the_source_of_every_number(desk: Desk) -> None:
    async with desk.worker.acquire() as connection, connection.transaction():
        await install_shipped(connection, now_utc())
    answer = await upload(desk, STRICTER)
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/rulesets/2026-07")
    assert (await upload(desk, STRICTER)).status_code == 201
    taken = await upload(desk, STRICTER.replace("below = -1.2", "below = -1.3"))
    assert (taken.status_code, taken.json()["code"]) == (409, "ruleset_version_taken")
    listed = (await desk.get("/v1/rulesets", **DISTRICT))["items"]
    assert [(each["version"], each["source"], each["active"]) for each in listed] == [
        (ACTIVE, "shipped", True),
        ("2026-07", "api", False),
    ]
    active = await desk.get("/v1/rulesets/active", **DISTRICT)
    assert (active["version"], active["toml"]) == (ACTIVE, SHIPPED)
    rules = {each["rule"]: each for each in active["rules"]}
    assert rules["tier.haz_low"]["numbers"] == {"tier": "suspected", "below": -2.0}
    assert (rules["tier.haz_low"]["status"], rules["recovery"]["provisional"]) == ("S", True)
    assert all(len(each["source"]) > 3 and each["status"] in {"S", "S2", "P"} for each in active["rules"])
    assert (await desk.send("GET", "/v1/rulesets/2020-01", **DISTRICT)).status_code == 404


async def test_a_broken_rule_set_is_refused_with_every_place_named(desk: Desk) -> None:
    broken = STRICTER.replace("below = -1.2", 'below = "x"').replace("term_weeks", "weeks").replace("2026-07", "active")
    answer = await upload(desk, broken)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "ruleset_broken")
    assert {"version", "tier.haz_low", "corrected_age"} <= {each["field"] for each in problem["errors"]}
    assert (await upload(desk, STRICTER, role="puskesmas", areas=[DESA_A])).status_code == 403
    assert (await desk.get("/v1/rulesets", **DISTRICT))["items"] == []


async def test_a_replay_is_shown_by_desa_and_child_within_the_caller_s_areas(desk: Desk, database: Stack) -> None:
    for desa in (DESA_A, DESA_A, DESA_B):
        child_id = uuid.uuid4()
        home = {"valid_from": days_ago(600), "desa_code": desa}
        await desk.arrive(child(child_id, residences=(home,)), visit(child_id, days_ago(5), 10.4, 80.0))
    address = database.address("scoring_worker")
    connection = await connect(address)
    async with connection.transaction():
        replay = await begin_replay(connection, STRICTER.encode(), "tester", now_utc() + timedelta(seconds=1))
    found = tuple(await bulk_evidence.buckets(connection, 100))
    await judge_share(address, Share(replay.replay_id, STRICTER.encode(), SHIPPED.encode(), found))
    await replays.set_ready(connection, replay.replay_id, now_utc())
    await connection.close()

    path = f"/v1/rulesets/replays/{replay.replay_id}"
    report = await desk.get(path, **DISTRICT)
    assert (report["state"], report["children"], report["statuses_changed"], report["raised"]) == ("ready", 3, 3, 3)
    assert report["orders_by_month"][0]["tests"] == 3 * len(report["panel"])
    by_desa = (await desk.get(f"{path}/by-desa", **DISTRICT))["items"]
    assert [(row["desa_code"], row["suspected"]) for row in by_desa] == [(DESA_A, 2), (DESA_B, 1)]
    first = await desk.get(f"{path}/by-child?limit=2", **DISTRICT)
    second = await desk.get(f"{path}/by-child?cursor={first['next_cursor']}", **DISTRICT)
    rows = first["items"] + second["items"]
    assert [row["tier"] for row in rows] == ["suspected"] * 3
    assert all(row["reasons_gained"] == ["haz_low"] for row in rows)
    of_b = await desk.get(f"{path}/by-child", role="puskesmas", areas=[DESA_B])
    assert [row["desa_code"] for row in of_b["items"]] == [DESA_B]
    for page, who in ((path, "province"), (f"{path}/by-desa", "province"), (f"{path}/by-child", "kecamatan")):
        assert (await desk.send("GET", page, role=who, areas=["12.19.01"])).status_code == 403
    assert len((await desk.get("/v1/rulesets/replays", **DISTRICT))["items"]) == 1
