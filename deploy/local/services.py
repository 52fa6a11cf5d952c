"""The services as processes: migrated first, then started, ready when their `/readyz` says so."""

from __future__ import annotations

import http
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from deploy.local import oidc, processes
from deploy.local.data_dir import CHECKOUT
from deploy.local.errors import StartError
from deploy.local.ports import LOOPBACK, POSTGRES_PORT
from deploy.local.stack import Stack
from deploy.local.tokens import AUDIENCE, identity
from shared.contracts.topics import SERVICES

READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 20.0
PROBE_TIMEOUT_S: Final = 2.0
READY_POLL_S: Final = 0.1
TETHER: Final = processes.Tether("TERM")  # their own orderly way out


def environment(stack: Stack, service: str, *, owner: bool = False) -> dict[str, str]:
    """What a process of `service` is told. The owner's password is for migrations only."""
    secrets = stack.secrets
    variables = {
        "TUMBUH_MODE": "local",
        "TUMBUH_LOG_FORMAT": "json",
        "TUMBUH_HTTP_HOST": LOOPBACK,
        "TUMBUH_HTTP_PORT": str(stack.ports[service]),
        "TUMBUH_DATABASE_HOST": LOOPBACK,
        "TUMBUH_DATABASE_PORT": str(stack.ports[POSTGRES_PORT]),
        "TUMBUH_DATABASE_NAME": stack.database,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
    }
    if owner:
        return variables | {"TUMBUH_DATABASE_OWNER_PASSWORD": secrets.database[f"{service}_owner"]}
    variables |= {
        "TUMBUH_DATABASE_WORKER_PASSWORD": secrets.database[f"{service}_worker"],
        "TUMBUH_DATABASE_API_PASSWORD": secrets.database[f"{service}_api"],
        "TUMBUH_KAFKA_BOOTSTRAP": stack.bootstrap,
        "TUMBUH_KAFKA_USERNAME": service,
        "TUMBUH_KAFKA_PASSWORD": secrets.kafka[service],
        "TUMBUH_TOKEN_AUDIENCE": AUDIENCE,
        **identity(stack),
    }
    if service == "measurement":
        variables |= {"TUMBUH_MASTER_KEY": secrets.keys["master"], "TUMBUH_MATCH_KEY": secrets.keys["match"]}
    if service == "reporting":
        variables |= {"TUMBUH_PAGE_KEY": secrets.keys["page"], "TUMBUH_PAGE_URL": stack.url(service)}
        variables |= {"TUMBUH_FEED_KEY": secrets.keys["feed"]}
        variables |= {"TUMBUH_SCORING_URL": stack.url("scoring")}
        if stack.has_provider:
            variables |= {"TUMBUH_PROVIDER_URL": oidc.issuer(stack.ports)}
    return variables


def migrate(stack: Stack, services: Sequence[str]) -> None:
    """Bring the schemas up to date, side by side. StartError shows what a failed migration said."""
    jobs = {
        service: subprocess.Popen(
            _door(service, "migrate"),
            cwd=CHECKOUT,
            env={**os.environ, **environment(stack, service, owner=True)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for service in services
    }
    outputs = {service: job.communicate()[0].decode(errors="replace") for service, job in jobs.items()}
    for service, job in jobs.items():
        if job.returncode:
            raise StartError(f"migration of {service} failed (exit {job.returncode}):\n{outputs[service][-4000:]}")


def start(stack: Stack, services: Sequence[str], *, tethered: bool = False) -> list[str]:
    """Start those of `services` that do not run; returns their names. `wait_ready` follows."""
    started = []
    for service in services:
        if processes.running(stack.data, service) is None:
            processes.start(
                stack.data,
                service,
                _door(service, "all"),
                environment=environment(stack, service),
                tether=TETHER if tethered else None,
            )
            started.append(service)
    return started


def _door(service: str, door: str) -> list[str]:
    return [sys.executable, "-m", f"services.{service}", door]


def wait_ready(stack: Stack, services: Sequence[str]) -> None:
    """Wait until every service is ready. StartError shows the log of one that ended or took too long."""
    deadline = time.monotonic() + READY_WITHIN_S
    # All in the same pass: one that was ready and fell while the others came up is not.
    while waiting := [service for service in services if not is_ready(stack, service)]:
        for service in waiting:
            ended = processes.running(stack.data, service) is None
            if ended or time.monotonic() > deadline:
                why = "ended" if ended else f"was not ready in {READY_WITHIN_S:.0f} s"
                raise StartError(f"{service} {why}:\n{processes.log_tail(stack.data, service)}")
        time.sleep(READY_POLL_S)


def is_ready(stack: Stack, service: str) -> bool:
    """Whether `/readyz` of `service` answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, stack.ports[service], timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(stack: Stack, services: Sequence[str] = SERVICES) -> list[str]:
    """Stop `services`, all at once; returns the names of those that ran."""
    return processes.stop(stack.data, services, signal.SIGTERM, STOP_WITHIN_S)
