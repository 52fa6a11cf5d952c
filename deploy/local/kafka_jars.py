"""The official Kafka jars (through Maven, versions in pom.xml) and a Java that can run them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.local.data_dir import CHECKOUT, locked
from deploy.local.errors import MissingError

POM: Final = Path(__file__).with_name("pom.xml")
LOG_SETTINGS: Final = Path(__file__).with_name("log4j2.properties")
JAVA_AT_LEAST: Final = 17  # Kafka 4 brokers
JAR_STORE: Final = CHECKOUT / ".venv" / "share"  # beside the Python packages: made from pinned versions, never data
JAVA_REMEDY: Final = "apt-get install -y openjdk-17-jre-headless  (or default-jre-headless, 17 or newer)"


def jar_folder() -> Path:
    """Where the jars of this pom.xml are or will be."""
    return JAR_STORE / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def ensure_jars() -> Path:
    """The folder with the jars, fetched if this is the first time. MissingError if Maven is absent or fails."""
    folder = jar_folder()
    if folder.is_dir():
        return folder
    with locked(JAR_STORE / "kafka.lock", "another ./tumbuh is fetching the Kafka jars; waiting for it"):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingError("Maven is needed once, to fetch the Kafka jars: apt-get install -y maven")
    sys.stderr.write("fetching the Kafka jars (once, about 45 MB) ...\n")
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    done = subprocess.run(
        [
            maven,
            "--batch-mode",
            "--quiet",
            f"--file={POM}",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={partial}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not any(partial.glob("kafka_*.jar")):
        raise MissingError(f"Maven could not fetch the Kafka jars; is the network up?\n{done.stdout[-2000:]}")
    partial.rename(folder)


def find_java() -> Path:
    """A `java` of version 17 or newer: `JAVA_HOME`, the PATH, then Debian's folder. MissingError tells the remedy."""
    homes = [Path(home) for home in (os.environ.get("JAVA_HOME"),) if home]
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parents[1])
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    for home in homes:
        java = home / "bin" / "java"
        if java.exists() and java_version(home) >= JAVA_AT_LEAST:
            return java
    raise MissingError(f"Java {JAVA_AT_LEAST} or newer is needed for Kafka and Keycloak: {JAVA_REMEDY}")


def java_version(home: Path) -> int:
    """The major version a Java home states about itself; 0 if it does not."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', release)
    return int(found.group(1)) if found else 0
