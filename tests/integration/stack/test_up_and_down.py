"""The system started and stopped through its command line, as a person does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.local.data_dir import CHECKOUT, DataDir, write_json
from deploy.local.ports import LOOPBACK, load_ports
from deploy.local.throw_away import sweep

INTERRUPTED = 130
# Whole systems start here, six processes each; on an idle machine none of these takes half a minute.
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "deploy.local.cli", *arguments]


def _environment(place: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), "TUMBUH_DATA": str(place)}


def _tumbuh(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        _command(*arguments), cwd="/", env=_environment(place), capture_output=True, text=True, check=False
    )


def _status(place: Path) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = json.loads(_tumbuh(place, "status", "--json").stdout)
    return parts


def _processes_of(place: Path) -> list[int]:
    """Every process on this machine that names `place` on its command line or in its environment, but for us."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(place).encode() in text and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory of one test; whatever a failing test leaves running there is stopped."""
    folder = tmp_path_factory.mktemp("stack") / "data"
    yield folder
    _tumbuh(folder, "down", "--purge")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A system that is up; started twice at the same moment, as two people might."""
    folder = tmp_path_factory.mktemp("stack") / "running"
    both = [
        subprocess.Popen(_command("up"), cwd="/", env=_environment(folder), stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
        for _ in range(2)
    ]
    try:
        said = [launcher.communicate(timeout=240)[1] for launcher in both]
        assert [launcher.returncode for launcher in both] == [0, 0], said
        assert sum("waiting for it" in text for text in said) == 1
        yield folder
    finally:
        _tumbuh(folder, "down", "--purge")


def _interrupt(place: Path, number: int) -> int:
    """Start `up`, send it a signal half-way, and return its exit code."""
    with subprocess.Popen(_command("up"), cwd="/", env=_environment(place), stderr=subprocess.PIPE) as launcher:  # noqa: S603 - our own interpreter
        _until((place / "processes" / "postgres.json").exists)
        launcher.send_signal(number)
        return launcher.wait(60)


def test_up_leaves_everything_ready_and_running(running: Path) -> None:
    assert all(part["ready"] and part["pid"] and part["url"] for part in _status(running).values())


def test_two_ups_at_once_end_in_one_system(running: Path) -> None:
    leaders = [pid for pid in _processes_of(running) if os.getpgid(pid) == pid]
    assert sorted(leaders) == sorted(part["pid"] for part in _status(running).values())


def test_another_up_starts_nothing_and_migrates_nothing(running: Path) -> None:
    before = _status(running)
    up = _tumbuh(running, "up")
    assert up.returncode == 0, up.stderr
    assert "migrations" not in up.stderr
    assert "services" not in up.stderr
    assert _status(running) == before


def test_a_service_that_was_killed_is_back_after_up_and_the_others_stay(running: Path) -> None:
    before = _status(running)
    os.kill(before["lab"]["pid"], signal.SIGKILL)
    _until(lambda: _status(running)["lab"]["pid"] is None)
    up = _tumbuh(running, "up")
    assert up.returncode == 0, up.stderr
    assert "services: lab ..." in up.stderr
    after = _status(running)
    assert after["lab"]["ready"]
    assert {name for name in before if before[name] != after[name]} == {"lab"}


def test_an_interrupted_up_leaves_nothing_running(place: Path) -> None:
    assert _interrupt(place, signal.SIGTERM) == 128 + signal.SIGTERM
    assert _processes_of(place) == []


def test_two_systems_run_side_by_side_and_a_taken_port_is_told_and_moved(running: Path, place: Path) -> None:
    """The second one starts where an earlier start was interrupted: that does no harm."""
    first = _status(running)
    assert _interrupt(place, signal.SIGINT) == INTERRUPTED
    assert _processes_of(place) == []
    taken = load_ports(DataDir(running))["kafka"]
    write_json(DataDir(place).ports, load_ports(DataDir(place)) | {"kafka": taken})
    up = _tumbuh(place, "up")
    assert up.returncode == 0, up.stderr
    assert f"port {taken} (kafka) is used by another program" in up.stderr
    assert all(part["ready"] for part in _status(place).values())
    assert _tumbuh(place, "down", "--purge").returncode == 0
    assert not place.exists()
    assert _processes_of(place) == []
    assert _status(running) == first


def test_ports_lost_while_stopped_move_and_the_data_stay_usable(running: Path) -> None:
    assert _tumbuh(running, "down").returncode == 0
    old = load_ports(DataDir(running))
    lost = ("kafka", "kafka-controller", "postgres")
    with ExitStack() as others:
        for name in lost:
            others.enter_context(socket.create_server((LOOPBACK, old[name])))
        up = _tumbuh(running, "up")
    assert up.returncode == 0, up.stderr
    new = load_ports(DataDir(running))
    assert {name for name in old if old[name] != new[name]} == set(lost)
    assert all(part["ready"] for part in _status(running).values())


def test_a_killed_test_run_leaves_no_process_and_the_next_one_removes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After SIGKILL nobody can tidy up: the kernel ends what hangs on the launcher, the next run does the rest."""
    environment = {**_environment(tmp_path / "unused"), "TMPDIR": str(tmp_path)}
    command = _command("test", "--collect-only")
    with subprocess.Popen(command, cwd="/", env=environment, stdout=subprocess.DEVNULL) as launcher:  # noqa: S603 - our own interpreter
        _until(lambda: any(tmp_path.glob("tumbuh-test-*/processes/postgres.json")))
        launcher.kill()
    _until(lambda: _processes_of(tmp_path) == [], 30)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sweep()
    assert list(tmp_path.iterdir()) == []
