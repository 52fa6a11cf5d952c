"""Passwords and keys of one data directory: made at random once, kept in one file only the owner may read."""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import asdict, dataclass
from typing import Final

from deploy.local.data_dir import OWNER_ONLY, DataDir, read_json, write_json
from deploy.oidc.people import usernames
from shared.contracts.topics import SERVICES
from shared.postgres.bootstrap import ROLES

KAFKA_ADMIN: Final = "admin"
KAFKA_CONTROLLER: Final = "controller"
KAFKA_ACCOUNTS: Final = (KAFKA_ADMIN, KAFKA_CONTROLLER, *SERVICES)
SUPERUSER: Final = "postgres"
KEYS: Final = ("master", "match", "page", "feed")
TYPED: Final = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Account → password, role → password, key name → base64 of 32 bytes, username → password.

    And two words: the broker's cluster id, and the secret with which the launcher administers the identity provider.
    """

    kafka: dict[str, str]
    database: dict[str, str]
    keys: dict[str, str]
    people: dict[str, str]
    cluster_id: str
    oidc: str


def _password() -> str:
    return secrets.token_hex(24)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _typed_password() -> str:
    """One that a person types: 15 letters and digits that nobody mistakes for each other, 74 bits."""
    return "-".join("".join(secrets.choice(TYPED) for _ in range(5)) for _ in range(3))


def _cluster_id() -> str:
    """Kafka's form: 16 bytes, URL-safe base64 without padding; a leading dash would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def load_secrets(data: DataDir) -> Secrets:
    """The secrets of `data`; what is missing (a new role, a new account) is made and kept."""
    stored = read_json(data.secrets)
    kafka, database, keys, known = (dict(stored.get(part, {})) for part in ("kafka", "database", "keys", "people"))
    found = Secrets(
        kafka={name: kafka.get(name) or _password() for name in KAFKA_ACCOUNTS},
        database={name: database.get(name) or _password() for name in (SUPERUSER, *ROLES)},
        keys={name: keys.get(name) or _key() for name in KEYS},
        people={name: known.get(name) or _typed_password() for name in usernames()},
        cluster_id=stored.get("cluster_id") or _cluster_id(),
        oidc=stored.get("oidc") or _password(),
    )
    content = asdict(found)
    if content != stored:
        write_json(data.secrets, content, OWNER_ONLY)
    return found
