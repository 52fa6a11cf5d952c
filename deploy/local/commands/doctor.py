"""Look at this machine: programs, disk, memory, ports, each with its remedy."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Final, NamedTuple

from deploy.local import kafka_jars, postgres, processes
from deploy.local.data_dir import DataDir, default_data_dir
from deploy.local.errors import MissingError
from deploy.local.lifecycle import PARTS
from deploy.local.ports import KAFKA_CONTROLLER_PORT, is_free, load_ports
from deploy.oidc.distribution import distribution

DISK_GB: Final = 3.5  # packages and programs 1.0, what Maven keeps of them 0.3, a year of one district well below 2
MEMORY_GB: Final = 2.0  # broker 0.4, identity provider 0.4, database 0.5, services 0.6
BYTES_PER_GB: Final = 1_000_000_000


class Finding(NamedTuple):
    """One line: what was looked at, whether it is right, what was seen, what helps."""

    subject: str
    right: bool
    seen: str
    remedy: str = ""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Print all findings; 2 if something is missing."""
    data = default_data_dir()
    findings = [python(), java(), jars(), provider(), database(), promtool(), disk(data), memory(), *ports(data)]
    for finding in findings:
        print(f"{'ok ' if finding.right else 'NOT'}  {finding.subject:12} {finding.seen}")
        if not finding.right:
            print(f"     -> {finding.remedy}")
    return 0 if all(finding.right for finding in findings) else MissingError.exit_code


def python() -> Finding:
    """This interpreter."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), version, "apt-get install -y python3 python3-venv")


def java() -> Finding:
    """The Java that would run Kafka and Keycloak."""
    try:
        program = kafka_jars.find_java()
    except MissingError:
        return Finding("Java", right=False, seen="none of version 17 or newer", remedy=kafka_jars.JAVA_REMEDY)
    return Finding("Java", right=True, seen=f"{kafka_jars.java_version(program.parents[1])} ({program})")


def jars() -> Finding:
    """The Kafka jars, or the Maven that would fetch them."""
    if kafka_jars.jar_folder().is_dir():
        return Finding("Kafka", right=True, seen=f"jars in {kafka_jars.jar_folder()}")
    maven = shutil.which("mvn")
    seen = f"jars not fetched yet; Maven: {maven or 'not installed'}"
    return Finding("Kafka", maven is not None, seen, "apt-get install -y maven")


def provider() -> Finding:
    """The identity provider, or the Maven that would fetch it."""
    if distribution().ready.exists():
        return Finding("Keycloak", right=True, seen=f"prepared in {distribution().folder}")
    maven = shutil.which("mvn")
    return Finding(
        "Keycloak", maven is not None, f"not fetched yet; Maven: {maven or 'not installed'}", "apt-get install -y maven"
    )


def database() -> Finding:
    """The PostgreSQL programs."""
    try:
        folder = postgres.find_programs()
    except MissingError:
        return Finding("PostgreSQL", right=False, seen="none of version 15 or newer", remedy=postgres.REMEDY)
    return Finding("PostgreSQL", right=True, seen=str(folder))


def promtool() -> Finding:
    """What tests the alert rules: only `./tumbuh test` needs it, and fetches it."""
    fetched = kafka_jars.JAR_STORE / "promtool"
    found = shutil.which("promtool") or (str(fetched) if fetched.exists() else None)
    remedy = "put promtool on the PATH; it comes with Prometheus 2.40 or newer"
    can_fetch = shutil.which("apt-get") is not None
    return Finding("promtool", found is not None or can_fetch, found or "not fetched yet", remedy)


def disk(data: DataDir) -> Finding:
    """Room where the data directory is or will be."""
    place = next(folder for folder in (data.root, *data.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free / BYTES_PER_GB
    remedy = "make room, or name another place in TUMBUH_DATA"
    return Finding("disk", free >= DISK_GB, f"{free:.1f} GB free at {place} (needs {DISK_GB:.1f})", remedy)


def memory() -> Finding:
    """Memory that the kernel could give now; what we hold already counts as available."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024 / BYTES_PER_GB
    ours = any(processes.running(default_data_dir(), name) for name in PARTS)
    seen = f"{free:.1f} GB available{' beside the running system' if ours else f' (needs {MEMORY_GB:.0f})'}"
    return Finding("memory", ours or free >= MEMORY_GB, seen, "end other programs, or take a larger machine")


def ports(data: DataDir) -> list[Finding]:
    """Remembered ports: ours while we run, else free."""
    findings = []
    for name, port in load_ports(data).items():
        owner = "kafka" if name == KAFKA_CONTROLLER_PORT else name
        process = processes.running(data, owner)
        seen = f"{port} {name}: {f'ours, pid {process.pid}' if process else 'free'}"
        if process or is_free(port):
            findings.append(Finding("port", right=True, seen=seen))
        else:
            remedy = "nothing to do: the next ./tumbuh up moves to another port and says so"
            findings.append(
                Finding("port", right=False, seen=f"{port} {name}: taken by another program", remedy=remedy)
            )
    if not findings:
        findings.append(Finding("ports", right=True, seen=f"none chosen yet (uid {os.getuid()} picks at the first up)"))
    return findings
