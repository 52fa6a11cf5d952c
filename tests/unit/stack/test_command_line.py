"""The door: exit codes, help, and commands found by their modules."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import cli
from deploy.local.data_dir import CHECKOUT


def _tumbuh(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-m", "deploy.local.cli", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(CHECKOUT), "TUMBUH_DATA": str(cwd / "data"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_that_is_there_and_only_those() -> None:
    text = cli.overview()
    for names in cli.COMMANDS.values():
        for name in names:
            assert (f"\n  {name} " in text) == (name in cli.available())


@pytest.mark.parametrize("arguments", [(), ("fly",), ("up", "--fast"), ("token", "--role", "bupati")])
def test_wrong_usage_exits_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert _tumbuh(*arguments, cwd=tmp_path).returncode == 2


def test_a_folder_of_the_caller_never_shadows_ours(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "__init__.py").write_text("raise SystemExit(9)")
    assert _tumbuh("--help", cwd=tmp_path).returncode == 0


def test_down_and_status_where_nothing_was_ever_started(tmp_path: Path) -> None:
    down = _tumbuh("down", cwd=tmp_path)
    assert (down.returncode, down.stdout) == (0, "nothing was running\n")
    status = _tumbuh("status", "--json", cwd=tmp_path)
    assert status.returncode == 0
    assert '"kafka": {"url": null, "ready": false, "pid": null}' in status.stdout
    assert not (tmp_path / "data").exists()


def test_logs_before_the_first_start_tell_the_remedy(tmp_path: Path) -> None:
    logs = _tumbuh("logs", cwd=tmp_path)
    assert logs.returncode == 2
    assert "./tumbuh up" in logs.stderr


def test_doctor_looks_at_all_that_a_machine_needs_and_knows_a_remedy_for_what_it_lacks(tmp_path: Path) -> None:
    told = _tumbuh("doctor", cwd=tmp_path)
    looked_at = re.findall(r"^(?:ok |NOT)  (\w+)", told.stdout, flags=re.MULTILINE)
    programs = ["Python", "Java", "Kafka", "Keycloak", "PostgreSQL", "promtool"]
    assert looked_at == [*programs, "disk", "memory", "ports"]
    lacking = re.findall(r"^NOT .*\n(.*)", told.stdout, flags=re.MULTILINE)
    assert all(line.startswith("     -> ") for line in lacking)
    assert told.returncode == (2 if lacking else 0)


@pytest.mark.parametrize("command", [("token", "--role", "kader"), ("users",)])
def test_who_may_log_in_is_known_only_after_the_first_start(tmp_path: Path, command: tuple[str, ...]) -> None:
    told = _tumbuh(*command, cwd=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert "./tumbuh up" in told.stderr
