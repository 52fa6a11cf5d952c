"""The running service says of values what `./tumbuh detect --mode stream` says of the same facts in a file.

Simulated visits of two posyandu go through measurement's API in an arbitrary order, some are corrected and voided, over
real Kafka into scoring.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from aiokafka import TopicPartition

from deploy.local.commands import detect
from shared.contracts.codec import kind_of
from shared.contracts.fact import Fact
from shared.contracts.hint import HintV1
from shared.contracts.topics import RISK
from tests.journey.desk import DESA, OTHER_POSYANDU, POSYANDU, Desk

ROWS: Final = Path(__file__).parents[1] / "data" / "benchmarks" / "measurement_errors_simulated.csv.gz"
POSYANDU_OF: Final = {"DP006": POSYANDU, "DP013": OTHER_POSYANDU}
SEXES: Final = {"M": "male", "F": "female"}
POSITIONS: Final = {"L": "lying", "H": "standing"}
PARAMS: Final = {"weight_kg": "weight_kg", "height_cm": "length_height_cm"}
LETTERS: Final = {name: letter for letter, name in (SEXES | POSITIONS).items()}
KAFKA_WITHIN_S: Final = 30.0


class Said(NamedTuple):
    """A doubted value; the probability is compared apart."""

    measurement_id: str
    param: str
    kind: str
    evidence: str


@pytest.fixture(scope="module")
def facts(desk: Desk) -> dict[str, dict[str, Any]]:
    """Measurement id → visit as it stands in the service, after everything has settled."""
    with gzip.open(ROWS, "rt", encoding="utf-8", newline="") as source:
        rows = [row for row in csv.DictReader(source) if row["posyandu_id"] in POSYANDU_OF]
    children = register(desk, rows)
    visits = visits_of(rows, children)
    random.Random(8).shuffle(visits)
    stored: dict[str, dict[str, Any]] = {}
    for start in range(0, len(visits), 60):
        part = visits[start : start + 60]
        report = desk.measure([{name: value for name, value in visit.items() if name != "child"} for visit in part])
        for visit, outcome in zip(part, report["rows"], strict=True):
            if outcome["outcome"] == "accepted":
                stored[outcome["measurement_id"]] = visit
    assert len(stored) > 0.9 * len(visits)
    for measurement_id in sorted(stored)[:10]:
        path = f"/v1/measurements/{measurement_id}"
        tag = desk.call("GET", "measurement", path).headers["etag"]
        if stored[measurement_id].get("weight_kg") is None or int(measurement_id[-1], 16) % 2:
            gone = desk.call(
                "POST", "measurement", f"{path}:void", headers={"If-Match": tag}, json={"reason": "duplicate"}
            )
            assert gone.status_code == 200, gone.text
            del stored[measurement_id]
        else:
            stored[measurement_id]["weight_kg"] = round(stored[measurement_id]["weight_kg"] * 0.7, 1)
            body = {"weight_kg": stored[measurement_id]["weight_kg"]}
            right = desk.call("PATCH", "measurement", path, headers={"If-Match": tag}, json=body)
            assert right.status_code == 200, right.text
    desk.balanced(120)
    return stored


def register(desk: Desk, rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The children by their names in the file; in the service a child has one sex and one birth date."""
    told: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        told[row["child_id"]].append(row)
    children = {}
    for name, of_child in told.items():
        born, sex = (Counter(row[key] for row in of_child).most_common(1)[0][0] for key in ("birth_date", "sex"))
        posyandu = POSYANDU_OF[of_child[0]["posyandu_id"]]
        body = {
            "identity": {"name": f"Anak {name}"},
            "sex": SEXES[sex],
            "birth_date": born,
            "desa_code": posyandu[: len(DESA)],
            "posyandu_code": posyandu,
            "resident_since": born,
        }
        answer = desk.call("POST", "measurement", "/v1/children", json=body)
        assert answer.status_code == 201, answer.text
        children[name] = {"child_id": answer.json()["child_id"], "birth_date": born, "sex": sex}
    return children


def visits_of(rows: Sequence[Mapping[str, str]], children: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Rows of the API; a second visit of a day is a second reading."""
    visits: dict[str, dict[str, Any]] = {}
    days: set[tuple[str, str]] = set()
    for row in rows:
        day = (row["child_id"], row["visit_date"])
        if row["visit_id"] not in visits:
            visits[row["visit_id"]] = {
                "child": children[row["child_id"]],
                "child_id": children[row["child_id"]]["child_id"],
                "measured_on": row["visit_date"],
                "posyandu_code": POSYANDU_OF[row["posyandu_id"]],
                "is_remeasurement": day in days,
            }
            days.add(day)
        visits[row["visit_id"]][PARAMS[row["param"]]] = float(row["value"])
        if row["position"]:
            visits[row["visit_id"]]["measurement_position"] = POSITIONS[row["position"]]
    return list(visits.values())


def detected(facts: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[Said, float]:
    """What the command says of the same facts, with its probability."""
    columns = ("row_id", "posyandu_id", "child_id", "visit_id", "visit_date", "birth_date", "sex", "param", "value")
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow((*columns, "position"))
        for measurement_id, visit in facts.items():
            for param, name in PARAMS.items():
                if visit.get(name) is None:
                    continue
                child = visit["child"]
                position = LETTERS.get(visit.get("measurement_position", ""), "") if param == "height_cm" else ""
                ids = (f"{measurement_id}/{name}", visit["posyandu_code"], visit["child_id"], measurement_id)
                when = (visit["measured_on"], child["birth_date"], child["sex"])
                writer.writerow((*ids, *when, param, visit[name], position))
    asked = argparse.Namespace(input=folder / "in.csv", output=folder / "out.csv", mode="stream")
    assert detect.run(asked) == 0
    with (folder / "out.csv").open(encoding="utf-8", newline="") as source:
        return {_said(row): float(row["probability"]) for row in csv.DictReader(source) if row["flagged"] == "1"}


def _said(row: Mapping[str, str]) -> Said:
    measurement_id, _, param = row["row_id"].partition("/")
    return Said(measurement_id, param, row["kind"], row["evidence"].partition(";")[0])


@pytest.mark.slow
def test_the_running_service_gives_exactly_the_verdicts_of_the_command(
    desk: Desk, facts: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    expected = detected(facts, tmp_path)
    assert len(expected) > 20
    hints = asyncio.run(published(desk))
    said = {
        Said(str(hint.measurement_id), hint.param, hint.error_kind, hint.evidence.code): hint.probability
        for hint in hints
        if hint.state == "open"
    }
    assert said.keys() == expected.keys()
    assert said == pytest.approx(expected, abs=0.0056)
    listed = desk.call("GET", "scoring", "/v1/hints", params={"limit": 500}).json()["items"]
    assert {item["hint_id"] for item in listed} == {str(hint.fact_id) for hint in hints if hint.state == "open"}


async def published(desk: Desk) -> list[HintV1]:
    """The last state of every hint on the topic."""
    consumer = desk.system.stack.broker("admin").consumer("hints-look")
    await consumer.start()
    try:
        partitions = [TopicPartition(RISK.name, number) for number in range(RISK.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        newest: dict[Any, Fact] = {}
        deadline = time.monotonic() + KAFKA_WITHIN_S
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            assert time.monotonic() < deadline
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    if kind_of(record.headers) == HintV1.kind:
                        hint = HintV1.read(record.value)
                        if hint.fact_id not in newest or hint.order > newest[hint.fact_id].order:
                            newest[hint.fact_id] = hint
        return [hint for hint in newest.values() if isinstance(hint, HintV1)]
    finally:
        await consumer.stop()
