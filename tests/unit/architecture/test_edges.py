"""The clock is read at edges only: everything further in takes `today` or `now` as an argument."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
CLOCKS = {
    *("date.today", "datetime.now", "datetime.utcnow", "datetime.today"),
    *("now_utc", "today_jakarta", "time.time", "time.time_ns"),
}
EDGES = (
    *(
        "services/*/app.py",
        "services/*/__main__.py",
        "services/*/commands.py",
        "services/*/http/*",
        "services/*/jobs/*",
    ),
    "shared/calendar.py",  # the clock itself
    "shared/messaging/worker.py",  # ages of records, for metrics
    "shared/jobs/*",
    "deploy/*",
)


def clock_readings(source: str) -> Iterator[int]:
    """Lines of `source` on which a clock is read."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if any(called == clock or called.endswith(f".{clock}") for clock in CLOCKS):
            yield node.lineno


def is_edge(path: str) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in EDGES)


def test_no_module_but_the_edges_reads_a_clock() -> None:
    found = []
    for root in ("services", "shared"):
        for file in sorted((CHECKOUT / root).rglob("*.py")):
            path = file.relative_to(CHECKOUT).as_posix()
            if not is_edge(path):
                found += [f"{path}:{line}" for line in clock_readings(file.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "age = date.today() - born",
        "now = datetime.now(tz=UTC)",
        "now = datetime.datetime.now()",
        "entry = Entry(now_utc())",
        "entry = Entry(calendar.today_jakarta())",
        "stamp = time.time()",
    ],
)
def test_a_planted_reading_is_seen(line: str) -> None:
    assert list(clock_readings(f"def rule():\n    {line}\n")) == [2]


def test_a_clock_handed_in_is_no_reading() -> None:
    assert list(clock_readings("def rule(now, clock):\n    return now, clock(), handler(now_utc)\n")) == []


@pytest.mark.parametrize("path", ["services/scoring/domain/fold.py", "services/lab/use_cases/hold_facts.py"])
def test_rules_and_use_cases_are_no_edges(path: str) -> None:
    assert not is_edge(path)
