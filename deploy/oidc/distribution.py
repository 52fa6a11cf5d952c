"""Keycloak's own distribution (through Maven, version in pom.xml), prepared once so that it starts in seconds.

Preparing means: unpack, settle the build options of keycloak.conf, run it once. That run leaves two things that every
later start is spared: a database with the schema and Keycloak's own realm, which data directories copy, and an archive
of loaded classes. The one secret in that database is replaced in every copy when it is first used.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from deploy.local.data_dir import OWNER_ONLY, locked
from deploy.local.errors import MissingError
from deploy.local.kafka_jars import JAR_STORE, find_java
from deploy.local.ports import LOOPBACK
from deploy.local.processes import tethered_command

POM: Final = Path(__file__).with_name("pom.xml")
CONFIGURATION: Final = Path(__file__).with_name("keycloak.conf")
DATABASE: Final = "keycloak.mv.db"
SETUP_CLIENT: Final = "tumbuh-setup"
OWNER_LOOKS: Final = 0o700
FIRST_START_WITHIN_S: Final = 240.0
POLL_S: Final = 0.2
# A short start matters more here than the last tenth of throughput: half the processor time of the usual compiler.
JAVA_OPTIONS: Final = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    *(
        f"--add-opens=java.base/java.{package}=ALL-UNNAMED"
        for package in ("util", "util.concurrent", "security", "lang")
    ),
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A prepared Keycloak; `ensure_distribution` makes it."""

    folder: Path

    @property
    def home(self) -> Path:
        """What the archive holds."""
        return self.folder / "home"

    @property
    def database(self) -> Path:
        """The folder with the database that a new data directory begins with."""
        return self.folder / "database"

    @property
    def secret_file(self) -> Path:
        """The setup client's secret in that database."""
        return self.folder / "setup-secret"

    @property
    def classes(self) -> Path:
        """The archive of loaded classes; Java passes over one that does not fit it."""
        return self.folder / "classes.jsa"

    @property
    def ready(self) -> Path:
        """There once all the rest is."""
        return self.folder / "ready"

    def command(self, database: Path, port: int, *, java_option: str | None = None) -> list[str]:
        """How it runs with its database in the folder `database`, answering on `port` of the loopback address."""
        return [
            str(find_java()),
            *JAVA_OPTIONS,
            java_option or f"-XX:SharedArchiveFile={self.classes}",
            f"-Dkc.home.dir={self.home}",
            f"-Djboss.server.config.dir={self.home / 'conf'}",
            "-Dkc.config.built=true",
            "-cp",
            str(self.home / "lib" / "quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
            "--http-enabled=true",
            f"--http-host={LOOPBACK}",
            f"--http-port={port}",
            f"--hostname=http://{LOOPBACK}:{port}",
            f"--db-url=jdbc:h2:file:{database / 'keycloak'};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
            "--log-level=warn",
        ]


def distribution() -> Distribution:
    """Where the Keycloak of this pom.xml is or will be."""
    digest = hashlib.sha256(POM.read_bytes() + CONFIGURATION.read_bytes()).hexdigest()[:12]
    return Distribution(JAR_STORE / f"keycloak-{digest}")


def ensure_distribution() -> Distribution:
    """Keycloak, fetched and prepared if this is the first time. MissingError if Maven is absent or something fails."""
    found = distribution()
    if found.ready.exists():
        return found
    with locked(JAR_STORE / "keycloak.lock", "another ./tumbuh is preparing Keycloak; waiting for it"):
        if not found.ready.exists():
            sys.stderr.write("fetching and preparing Keycloak (once, about 180 MB, one to two minutes) ...\n")
            shutil.rmtree(found.folder, ignore_errors=True)
            found.database.mkdir(parents=True)
            found.folder.chmod(OWNER_LOOKS)  # the prepared database holds keys
            _unpack(found, _fetch(found.folder))
            _run([str(found.home / "bin" / "kc.sh"), "build"], {"JAVA_HOME": str(find_java().parents[1])})
            _first_run(found)
            found.ready.touch()
    return found


def _fetch(folder: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingError("Maven is needed once, to fetch Keycloak: apt-get install -y maven")
    command = [maven, "--batch-mode", "--quiet", f"--file={POM}", "dependency:copy-dependencies"]
    _run([*command, f"-DoutputDirectory={folder}"], {})
    return next(folder.glob("keycloak-*.tar.gz"))


def _unpack(found: Distribution, archive: Path) -> None:
    _run(["tar", "--extract", f"--file={archive}", f"--directory={found.folder}"], {})
    next(found.folder.glob("keycloak-*/")).rename(found.home)
    archive.unlink()
    shutil.copy(CONFIGURATION, found.home / "conf" / "keycloak.conf")


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        tethered_command(command, "TERM"),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr}"[-2000:]
        raise MissingError(f"Keycloak could not be prepared; is the network up?\n{said}")


def _first_run(found: Distribution) -> None:
    """Let it lay out its database and remember its classes, then end it in its orderly way."""
    secret = secrets.token_hex(24)
    found.secret_file.touch(OWNER_ONLY)
    found.secret_file.write_text(secret, encoding="ascii")
    bootstrap = {"KC_BOOTSTRAP_ADMIN_CLIENT_ID": SETUP_CLIENT, "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": secret}
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    command = found.command(found.database, port, java_option=f"-XX:ArchiveClassesAtExit={found.classes}")
    command.insert(1, "-Xlog:cds=off")
    log = found.folder / "first-run.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            tethered_command(command, "TERM"), env={**os.environ, **bootstrap}, stdout=output, stderr=output
        )
        try:
            if not _answers(child, port):
                raise MissingError(f"Keycloak did not start:\n{log.read_text(errors='replace')[-2000:]}")
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait()
    log.unlink()


def _answers(child: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + FIRST_START_WITHIN_S
    while child.poll() is None and time.monotonic() < deadline:
        if answers(port, "master"):
            return True
        time.sleep(POLL_S)
    return False


def answers(port: int, realm: str) -> bool:
    """Whether the provider serves `realm`."""
    url = f"http://{LOOPBACK}:{port}/realms/{realm}/.well-known/openid-configuration"
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
