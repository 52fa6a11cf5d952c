"""API and worker of every service as processes of their own, given no more than the Kubernetes base gives each."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deploy.local import services
from deploy.local.data_dir import CHECKOUT
from deploy.local.trial import Trial
from shared.contracts.topics import SERVICES
from tests.unit.deploy.rendered import environment, pods

HALVES = [(service, half) for service in SERVICES for half in ("api", "worker")]
READY_WITHIN_SECONDS = 60.0


@dataclass
class Half:
    process: subprocess.Popen[str]
    url: str = ""

    def wait_listening(self) -> None:
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            said: dict[str, Any] = json.loads(line)
            if said["event"] == "listening":
                self.url = f"http://127.0.0.1:{said['port']}"
                return
        raise AssertionError(f"it ended before it listened: {lines}")


def given(system: Trial, service: str, half: str) -> dict[str, str]:
    """The variables of the container with the values of this stack, whose database has another port and no TLS."""
    (container,) = pods()[f"Deployment/{service}-{half}"]["containers"]
    names = environment(container).keys() | {"TUMBUH_DATABASE_PORT", "TUMBUH_JWKS_FILE", "PYTHONPATH"}
    local = services.environment(system.stack, service)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TUMBUH_")}
    return plain | {name: value for name, value in local.items() if name in names} | {"TUMBUH_HTTP_PORT": "0"}


@pytest.fixture(scope="module")
def halves(system: Trial) -> Iterator[dict[tuple[str, str], Half]]:
    running = {
        (service, half): Half(
            subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", f"services.{service}", half],
                cwd=CHECKOUT,
                env=given(system, service, half),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        for service, half in HALVES
    }
    try:
        for half in running.values():
            half.wait_listening()
        yield running
    finally:
        for half in running.values():
            half.process.terminate()
        for half in running.values():
            half.process.communicate()


@pytest.mark.parametrize(("service", "half"), HALVES)
def test_each_half_becomes_ready_by_itself_and_tells_its_metrics(
    halves: dict[tuple[str, str], Half], service: str, half: str
) -> None:
    url = halves[service, half].url
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while (ready := httpx.get(f"{url}/readyz", trust_env=False)).status_code != httpx.codes.OK:
        assert time.monotonic() < deadline, ready.text
    assert httpx.get(f"{url}/livez", trust_env=False).status_code == httpx.codes.OK
    metrics = httpx.get(f"{url}/metrics", trust_env=False).text
    assert f'tumbuh_service_info{{service="{service}",' in metrics


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_api_answers_callers(halves: dict[tuple[str, str], Half], service: str) -> None:
    codes = {
        half: httpx.get(f"{halves[service, half].url}/v1/ledger", trust_env=False).status_code
        for half in ("api", "worker")
    }
    assert codes == {"api": httpx.codes.UNAUTHORIZED, "worker": httpx.codes.NOT_FOUND}
