"""The loop over HTTP and Kafka, from a register to figures; and that a planted fault is seen and can be healed."""

import asyncio
import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from aiokafka import TopicPartition

from deploy.local.data_dir import CHECKOUT, DATA_VARIABLE
from deploy.local.errors import CommandError
from shared.calendar import format_month, month_of, today_jakarta
from shared.contracts.topics import MEASUREMENT
from shared.postgres.pool import connect
from tests.journey.desk import DESA, OTHER_DESA, Desk, until, visit

STUNTED: dict[str, Any] = {"weight_kg": 9.4, "length_height_cm": 77.0}
THIS_MONTH = format_month(month_of(today_jakarta()))


@pytest.fixture(scope="module")
def children(desk: Desk) -> list[str]:
    """Five children of one desa and one of another, measured this month and the month before; two are stunted."""
    ids = [desk.register_child() for _ in range(5)] + [desk.register_child(desa_code=OTHER_DESA)]
    before = [visit(child_id, 1, weight_kg=11.8, length_height_cm=86.0) for child_id in ids]
    now = [visit(child_id, 0, **(STUNTED if place < 2 else {})) for place, child_id in enumerate(ids)]
    report = desk.measure(before + now)
    assert report["accepted"] == 12, report
    desk.balanced()
    return ids


def summary(desk: Desk, code: str) -> dict[str, Any]:
    answer = desk.call(
        "GET", "reporting", f"/v1/areas/{code}/summary", role="district", areas=["12.19"], params={"period": THIS_MONTH}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(desk: Desk, role: str, *statements: str) -> list[str]:
    """Tamper with the database as `role` would be able to; what each statement did."""
    connection = await connect(desk.system.stack.address(role))
    try:
        return [await connection.execute(statement) for statement in statements]
    finally:
        await connection.close()


def test_measurements_become_figures_statuses_and_cases(desk: Desk, children: list[str]) -> None:
    district = summary(desk, "12.19")
    assert (district["target_children"], district["measured_children"]) == (6, 6)
    assert (district["haz_measured"], district["stunted"], district["suspected"]) == (6, 2, 2)
    assert summary(desk, DESA)["measured_children"] + summary(desk, OTHER_DESA)["measured_children"] == 6
    status = desk.call("GET", "scoring", f"/v1/children/{children[0]}/status")
    assert status.status_code == 200, status.text
    assert status.json()["tier"] == "suspected"
    cases = desk.call("GET", "scoring", "/v1/cases")
    assert cases.status_code == 200, cases.text
    assert {case["child_id"] for case in cases.json()["items"]} == set(children[:2])
    desk.verified()


def test_a_correction_and_a_void_travel_to_the_figures(desk: Desk, children: list[str]) -> None:
    """B094: what is known last counts, and the recount agrees."""
    history = desk.call("GET", "measurement", f"/v1/children/{children[0]}/history").json()["measurements"]
    wrong = history[-1]
    path = f"/v1/measurements/{wrong['measurement_id']}"
    body = {"length_height_cm": 86.5, "weight_kg": 12.0}
    corrected = desk.call("PATCH", "measurement", path, headers={"If-Match": wrong["etag"]}, json=body)
    assert corrected.status_code == 200, corrected.text
    desk.balanced()
    assert summary(desk, "12.19")["stunted"] == 1
    tag = {"If-Match": corrected.headers["ETag"]}
    voided = desk.call("POST", "measurement", f"{path}:void", headers=tag, json={"reason": "wrong_child"})
    assert voided.status_code == 200, voided.text
    desk.balanced()
    after = summary(desk, "12.19")
    assert (after["target_children"], after["measured_children"], after["stunted"]) == (6, 5, 1)
    desk.verified()


@pytest.mark.usefixtures("children")
def test_without_new_input_the_system_is_silent(desk: Desk) -> None:
    """The loop is monotone: a record that changes nothing publishes nothing, so the second look sees no new one."""
    before = desk.balanced()["bus"]
    after = desk.balanced()["bus"]
    assert (after["records"], after["outbox_pending"]) == (before["records"], 0)


@pytest.mark.usefixtures("children")
async def test_a_planted_wrong_cell_is_found_by_verify_and_mended_by_rebuild(desk: Desk) -> None:
    done = await change(desk, "reporting_worker", "UPDATE cell SET stunted = stunted + 1 WHERE stunted > 0")
    assert done != ["UPDATE 0"]
    wrong = desk.verify()
    assert {row["kind"] for row in wrong["differences"]} == {"cell", "level"}, "its sums no longer fit, too"
    assert desk.door("reporting", "rebuild", "--json")["differences"] == []
    desk.verified()


@pytest.mark.usefixtures("children")
async def test_a_fact_that_a_holder_lost_is_named_by_the_ledger_and_healed_by_republish(desk: Desk) -> None:
    await change(desk, "lab_worker", f"DELETE FROM child WHERE desa_code = '{OTHER_DESA}'")
    seen = desk.ledger()
    assert (seen["state"], differences(seen)) == ("imbalanced", {("child", "lab", -1)})
    desk.republish("measurement")
    desk.balanced()


@pytest.mark.usefixtures("children")
async def test_a_fact_that_a_holder_has_twice_is_named_by_the_ledger(desk: Desk) -> None:
    columns = "fact_id, epoch, revision, known_at, content_hash, root_id, sex, birth_date, voided, desa_code"
    await change(
        desk,
        "lab_worker",
        f"INSERT INTO child (child_id, {columns}) SELECT gen_random_uuid(), {columns} FROM child LIMIT 1",
    )
    seen = desk.ledger()
    await change(desk, "lab_worker", "DELETE FROM child WHERE child_id <> fact_id")
    assert (seen["state"], differences(seen)) == ("imbalanced", {("child", "lab", 1)})
    desk.balanced()


@pytest.mark.usefixtures("children")
async def test_a_consumer_is_led_past_a_record_and_the_record_is_applied_later(desk: Desk) -> None:
    """`redrive skip`: the record becomes a dead letter that the ledger counts, `redrive apply` brings it home."""
    desk.system.stop("lab")
    desk.register_child()
    partition, offset = await unread(desk, "lab", MEASUREMENT.name)
    place = ("--topic", MEASUREMENT.name, "--partition", str(partition), "--offset")
    with pytest.raises(CommandError):
        desk.door("lab", "redrive", "skip", *place, str(offset + 7))
    desk.door("lab", "redrive", "skip", *place, str(offset), "--by", "operator-1")
    desk.system.start("lab")
    seen = until(desk.ledger, lambda ledger: ledger["bus"]["lag"] == ledger["bus"]["outbox_pending"] == 0)
    assert (seen["state"], differences(seen)) == ("unsettled", {("child", "lab", -1)})
    assert desk.door("lab", "redrive", "apply", "--reason", "skipped_by_operator")["redriven"] == 1
    desk.balanced()


def differences(ledger: dict[str, Any]) -> set[tuple[str, str, int]]:
    """(kind, holder, facts too many) of each difference."""
    return {(row["kind"], row["holder"], row["held"] - row["owned"]) for row in ledger["facts"]["differences"]}


async def unread(desk: Desk, service: str, topic: str) -> tuple[int, int]:
    """The one partition of `topic` that `service` has not read to its end, and where it stands."""
    connection = await connect(desk.system.stack.address(f"{service}_worker"))
    consumer = desk.system.stack.broker(service).consumer(f"tumbuh-{service}-look")
    await consumer.start()
    try:
        rows = await connection.fetch("SELECT partition, next_offset FROM consumer_position WHERE topic = $1", topic)
        stands = {row["partition"]: row["next_offset"] for row in rows}
        places = [TopicPartition(topic, partition) for partition in stands]
        async with asyncio.timeout(30):
            while True:
                ends = await consumer.end_offsets(places)
                behind = [place.partition for place, end in ends.items() if end > stands[place.partition]]
                if behind:
                    return behind[0], stands[behind[0]]
                await asyncio.sleep(0.1)
    finally:
        await consumer.stop()
        await connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour uses curl")
def test_the_tour_of_the_readme_works_as_written(desk: Desk) -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    tour = text.partition("## A tour of the API")[2].partition("```sh\n")[2].partition("```")[0]
    environment = {**os.environ, DATA_VARIABLE: str(desk.system.stack.data.root), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(  # noqa: S603 - our own README
        ["/bin/sh", "-euc", tour], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.replace("}{", "}\n{").splitlines()]
    assert not [answer for answer in answers if "status" in answer and "code" in answer and "instance" in answer], (
        answers
    )
    register, visit_report, job, held, at_once, mappings, profiles, compared_file, candidates, history, *answers = (
        answers
    )
    laboratory, suspicion, results, unitless, why, missing, totals, growth, scores, tasks, hints, *answers = answers
    summed, compared, cascade = answers
    assert register["rejected"] == 0
    assert visit_report["outcome"] == "accepted"
    assert job["state"] == "queued"
    assert held["items"] == []
    assert all(isinstance(answer["items"], list) for answer in (mappings, candidates, tasks, hints))
    assert {at_once["state"], compared_file["state"]} <= {"queued", "running", "done"}
    assert {"A", "B"} <= {profile["name"] for profile in profiles["items"]}
    assert [item["change"] for item in history["items"]]
    assert growth["items"][0]["measured_on"] == "2025-10-14"
    assert scores["scores"]["haz"]["z"] == growth["items"][0]["scores"]["haz"]["z"]
    assert summed["area"] == "12.19" or summed["code"] == "12.19"
    assert {row["code"] for row in compared["rows"]} >= {"12.19.01"}
    assert (laboratory["code"], suspicion["outcome"], results["accepted"]) == ("LAB.12.19.RSUD", "accepted", 4)
    assert unitless["items"] == []
    assert why["tier"] == "suspected"
    assert {row["missing"] for row in totals["items"]} >= {row["missing"] for row in missing["items"]}
    assert cascade["steps"][0]["step"] == "measured"
