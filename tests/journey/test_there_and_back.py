"""The ministry's file, both ways, at the doors of the running service: exported, imported again, compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.trial import Trial
from shared.calendar import format_month, month_of, today_jakarta
from tests.journey.desk import DESA, Desk, until, visit

BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def desk(system: Trial) -> Iterator[Desk]:
    """Only the service that takes input."""
    system.start("measurement")
    with Desk(system) as desk:
        desk.load_register()
        yield desk


def ended(desk: Desk, path: str, *states: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        answer = desk.call("GET", "measurement", path)
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    return until(look, lambda job: job["state"] in {*states, "failed"}, seconds=60)


def test_what_is_exported_comes_back_unchanged_and_compares_as_the_same(desk: Desk) -> None:
    """B062, B076."""
    children = [desk.register_child() for _ in range(20)]
    desk.measure([visit(child_id) for child_id in children])
    month = format_month(month_of(today_jakarta()))
    body = {"area": DESA, "month": month, "profile": "B", "format": "xlsx", "purpose": "report"}
    answer = desk.call("POST", "measurement", "/v1/exports/eppgbm", json=body)
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    assert ended(desk, path, "done")["rows"] == len(children)
    file = desk.call("GET", "measurement", f"{path}/file")
    assert (file.status_code, int(file.headers["content-length"])) == (200, len(file.content))

    answer = desk.call("POST", "measurement", "/v1/intake-jobs", headers=BYTES, content=file.content)
    path = f"/v1/intake-jobs/{answer.json()['id']}"
    assert ended(desk, path, "diagnosed", "stopped")["diagnosis"]["taken"] == len(children)
    desk.call("POST", "measurement", f"{path}:commit")
    counts = {name: count for name, count in ended(desk, path, "done")["counts"].items() if count}
    assert counts == {"received": len(children), "unchanged": len(children)}

    compare = f"/v1/reconciliations?area={DESA}&month={month}"
    answer = desk.call("POST", "measurement", compare, headers=BYTES, content=file.content)
    found = ended(desk, answer.headers["location"], "done")
    assert {item["cause"]: item["theirs"] for item in found["causes"] if item["theirs"]} == {"same": len(children)}
    assert (found["theirs"], found["ours"]) == (len(children), len(children))
