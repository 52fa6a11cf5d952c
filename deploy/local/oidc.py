"""The identity provider of one stack: Keycloak on the loopback address, its database in the data directory."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Mapping
from typing import Final

from deploy.local import processes
from deploy.local.data_dir import DataDir
from deploy.local.errors import StartError
from deploy.local.ports import LOOPBACK, OIDC_PORT
from deploy.local.secret_store import Secrets
from deploy.oidc.distribution import DATABASE, answers, distribution, ensure_distribution
from deploy.oidc.realm import REALM
from deploy.oidc.registry import Registry

NAME: Final = "oidc"
READY_WITHIN_S: Final = 120.0
STOP_WITHIN_S: Final = 20.0
TETHER: Final = processes.Tether("TERM")
POLL_S: Final = 0.1


def url(ports: Mapping[str, int]) -> str:
    """Where the provider answers."""
    return f"http://{LOOPBACK}:{ports[OIDC_PORT]}"


def issuer(ports: Mapping[str, int]) -> str:
    """The `iss` of its tokens, and the address below which it describes itself."""
    return f"{url(ports)}/realms/{REALM}"


def jwks_url(ports: Mapping[str, int]) -> str:
    """Its public keys."""
    return f"{issuer(ports)}/protocol/openid-connect/certs"


def start(data: DataDir, ports: Mapping[str, int], *, tethered: bool = False) -> None:
    """Start the provider unless it runs; `settle` waits for it."""
    if processes.running(data, NAME):
        return
    keycloak = ensure_distribution()
    if not was_started(data):
        partial = data.oidc / "partial"
        shutil.copy(keycloak.database / DATABASE, partial)
        partial.rename(data.oidc / DATABASE)
    command = keycloak.command(data.oidc, ports[OIDC_PORT])
    processes.start(data, NAME, command, tether=TETHER if tethered else None)


def was_started(data: DataDir) -> bool:
    """Whether a provider ever ran in `data`: then it is the one whose tokens count there."""
    return (data.oidc / DATABASE).exists()


def settle(data: DataDir, ports: Mapping[str, int], secrets: Secrets, page_url: str) -> None:
    """Wait until it answers, and see that realm, people and the page's address are there. StartError if it dies."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not answers(ports[OIDC_PORT], "master"):
        ended = processes.running(data, NAME) is None
        if ended or time.monotonic() > deadline:
            why = "ended" if ended else f"was not ready in {READY_WITHIN_S:.0f} s"
            raise StartError(f"the identity provider {why}:\n{processes.log_tail(data, NAME)}")
        time.sleep(POLL_S)
    with registry(ports, secrets) as provider:
        provider.take_over(distribution().secret_file.read_text(encoding="ascii"))
        provider.settle_realm(page_url, secrets.people)


def registry(ports: Mapping[str, int], secrets: Secrets) -> Registry:
    """The provider as its administrator sees it."""
    return Registry(url(ports), secrets.oidc)


def is_ready(ports: Mapping[str, int]) -> bool:
    """Whether people can log in."""
    return answers(ports[OIDC_PORT], REALM)


def stop(data: DataDir) -> bool:
    """Stop the provider; True if it ran."""
    return bool(processes.stop(data, [NAME], signal.SIGTERM, STOP_WITHIN_S))
