"""Only what was started here is ever stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.data_dir import CHECKOUT, DataDir, write_json

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDir]:
    directory = DataDir(tmp_path / "data")
    directory.create()
    yield directory
    processes.stop(directory, ["sleeper", "deaf"], signal.SIGKILL, 5)


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)


def test_a_started_process_is_recorded_and_found_again(data: DataDir) -> None:
    process = processes.start(data, "sleeper", SLEEPER)
    assert processes.running(data, "sleeper") == process
    assert processes.stop(data, ["sleeper"], signal.SIGTERM, 5) == ["sleeper"]
    assert processes.running(data, "sleeper") is None
    assert processes.recorded(data, "sleeper") is None


def test_a_recycled_pid_is_never_killed(data: DataDir) -> None:
    ours = processes.start(data, "sleeper", SLEEPER)
    processes.stop(data, ["sleeper"], signal.SIGKILL, 5)
    with subprocess.Popen(SLEEPER) as stranger:  # noqa: S603 - our own interpreter
        # The kernel gave our old pid to a stranger: same number, another start.
        record = {"pid": stranger.pid, "start_ticks": ours.start_ticks - 1, "boot_id": ours.boot_id}
        write_json(data.processes / "sleeper.json", record)
        assert processes.running(data, "sleeper") is None
        assert processes.stop(data, ["sleeper"], signal.SIGKILL, 5) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_record_of_before_the_last_boot_names_nobody(data: DataDir) -> None:
    process = processes.start(data, "sleeper", SLEEPER)
    record = {"pid": process.pid, "start_ticks": process.start_ticks, "boot_id": "of an earlier boot"}
    write_json(data.processes / "sleeper.json", record)
    assert processes.running(data, "sleeper") is None
    processes.kill(process)


def test_who_ignores_the_request_is_made_to_end(data: DataDir) -> None:
    processes.start(data, "deaf", DEAF)
    _until(lambda: "deaf" in data.log("deaf").read_text())
    assert processes.stop(data, ["deaf"], signal.SIGTERM, 0.2) == ["deaf"]
    assert processes.running(data, "deaf") is None


def test_a_process_that_ended_by_itself_does_not_count_as_running(data: DataDir) -> None:
    processes.start(data, "sleeper", [sys.executable, "-c", "print('bye')"])
    _until(lambda: processes.running(data, "sleeper") is None)
    assert processes.log_tail(data, "sleeper") == "bye"


def test_a_tethered_process_ends_with_the_one_that_started_it_even_by_kill(data: DataDir) -> None:
    starter = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local import processes\n"
        "from deploy.local.data_dir import DataDir\n"
        "processes.start(DataDir(Path(sys.argv[1])), 'sleeper', sys.argv[2:], tether=processes.Tether('KILL'))\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", starter, str(data.root), *SLEEPER]
    with subprocess.Popen(command, cwd=CHECKOUT) as parent:  # noqa: S603 - our own interpreter
        _until(lambda: processes.running(data, "sleeper") is not None)
        parent.kill()
    _until(lambda: processes.running(data, "sleeper") is None)


def test_a_tethered_process_whose_starter_is_gone_before_the_tether_is_tied_does_not_run(tmp_path: Path) -> None:
    """The kernel tells only of a death after the tie; before it, the parent is another one already."""
    made = tmp_path / "made"
    command = processes.tethered_command(["touch", str(made)], "TERM")
    assert subprocess.run(["sh", "-c", '"$@"; exit 7', "sh", *command], check=False).returncode == 7  # noqa: S603, S607
    assert not made.exists()
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603
    assert made.exists()
