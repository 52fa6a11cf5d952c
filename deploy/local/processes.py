"""Processes of a stack: started apart from the terminal, recorded with their start time, stopped in order.

A record names the pid *and* the moment the kernel started it. A pid alone may belong to somebody else by the time
`down` reads it; the pair cannot.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.data_dir import CHECKOUT, DataDir, read_json, write_json

POLL_S: Final = 0.02
KILL_PATIENCE_S: Final = 10.0
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
# Our own children, kept so that one that ended is reaped and not mistaken for a living process.
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """One process on this machine, unmistakably."""

    name: str
    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Tether:
    """How a process ends when the one that started it dies, even by SIGKILL: the kernel sends `signal_name`."""

    signal_name: str


def start(
    data: DataDir,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    tether: Tether | None = None,
) -> Process:
    """Start `command` apart from our terminal, output to its log, and record it.

    With a `tether` it must be called from the main thread: the kernel watches the starting thread, not the process.
    """
    argv = [*_privileges(user, tether), *command]
    with data.log(name).open("ab") as log:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd="/" if user else CHECKOUT,
            start_new_session=True,
        )
    _CHILDREN[child.pid] = child
    process = Process(name, child.pid, _start_ticks(child.pid) or 0, BOOT_ID.read_text().strip())
    write_json(
        data.processes / f"{name}.json",
        {"pid": process.pid, "start_ticks": process.start_ticks, "boot_id": process.boot_id},
    )
    return process


def _privileges(user: str | None, tether: Tether | None) -> list[str]:
    """The `setpriv` prefix (util-linux, part of every Debian and Ubuntu); it execs, so the pid stays the same.

    We may die before the tether is tied: so after it is, the shell looks whether we are still the parent.
    """
    options: list[str] = []
    if user is not None:
        options += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    if tether is None:
        return ["setpriv", *options] if options else []
    options += ["--pdeathsig", tether.signal_name]
    return ["setpriv", *options, "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid())]


def tethered_command(command: Sequence[str], signal_name: str) -> list[str]:
    """`command`, to be started as an ordinary child that gets `signal_name` when we die."""
    return [*_privileges(None, Tether(signal_name)), *command]


def recorded(data: DataDir, name: str) -> Process | None:
    """The process recorded under `name`, whether it lives or not."""
    content = read_json(data.processes / f"{name}.json")
    if not content:
        return None
    return Process(name, int(content["pid"]), int(content["start_ticks"]), str(content["boot_id"]))


def forget(data: DataDir, name: str) -> None:
    """Drop the record of `name`, which has ended."""
    process = recorded(data, name)
    if process is not None:
        _reap(process)
    (data.processes / f"{name}.json").unlink(missing_ok=True)


def running(data: DataDir, name: str) -> Process | None:
    """The living process recorded under `name`."""
    process = recorded(data, name)
    return process if process is not None and alive(process) else None


def alive(process: Process) -> bool:
    """Whether exactly this process still runs."""
    child = _CHILDREN.get(process.pid)
    if child is not None and child.poll() is not None:
        return False
    return _start_ticks(process.pid) == process.start_ticks and BOOT_ID.read_text().strip() == process.boot_id


def stop(data: DataDir, names: Sequence[str], signal_number: int, patience_s: float) -> list[str]:
    """Ask `names` to end, after `patience_s` make them end; returns those that ran. Nobody else is ever signalled."""
    living = [process for process in (running(data, name) for name in names) if process is not None]
    for process in living:
        _send(process, signal_number)
    for process in living:
        if not _ended_within(process, patience_s):
            kill(process)
    for name in names:
        forget(data, name)
    return [process.name for process in living]


def kill(process: Process) -> None:
    """End `process` and what it started at once, as a power cut would; returns when it is gone."""
    if alive(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)  # it leads the group it was started in
        except ProcessLookupError:
            return
    if _ended_within(process, KILL_PATIENCE_S):
        _reap(process)


def _reap(process: Process) -> None:
    """Take the exit status of one of our own children that has ended."""
    child = _CHILDREN.pop(process.pid, None)
    if child is not None:
        child.wait()


def _send(process: Process, signal_number: int) -> None:
    if alive(process):
        try:
            os.kill(process.pid, signal_number)
        except ProcessLookupError:
            return


def _ended_within(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat: clock ticks from boot to start; None for a process that is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if state == "Z" else int(rest[18])


def log_tail(data: DataDir, name: str, lines: int = 20) -> str:
    """The last lines `name` wrote, for an error message."""
    try:
        text = data.log(name).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
