"""Passwords and keys of one data directory: made at random once, kept in one file only the owner may read."""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass
from typing import Final

from deploy.local.data_dir import OWNER_ONLY, DataDir, read_json, write_json
from shared.contracts.topics import SERVICES
from shared.postgres.bootstrap import ROLES

KAFKA_ADMIN: Final = "admin"
KAFKA_CONTROLLER: Final = "controller"
KAFKA_ACCOUNTS: Final = (KAFKA_ADMIN, KAFKA_CONTROLLER, *SERVICES)
SUPERUSER: Final = "postgres"
KEYS: Final = ("master", "match", "page")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Account → password, role → password, key name → base64 of 32 bytes, and the broker's cluster id."""

    kafka: dict[str, str]
    database: dict[str, str]
    keys: dict[str, str]
    cluster_id: str


def _password() -> str:
    return secrets.token_hex(24)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _cluster_id() -> str:
    """Kafka's form: 16 bytes, URL-safe base64 without padding; a leading dash would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def load_secrets(data: DataDir) -> Secrets:
    """The secrets of `data`; what is missing (a new role, a new account) is made and kept."""
    stored = read_json(data.secrets)
    kafka, database, keys = (dict(stored.get(part, {})) for part in ("kafka", "database", "keys"))
    found = Secrets(
        kafka={name: kafka.get(name) or _password() for name in KAFKA_ACCOUNTS},
        database={name: database.get(name) or _password() for name in (SUPERUSER, *ROLES)},
        keys={name: keys.get(name) or _key() for name in KEYS},
        cluster_id=stored.get("cluster_id") or _cluster_id(),
    )
    content = {
        "kafka": found.kafka,
        "database": found.database,
        "keys": found.keys,
        "cluster_id": found.cluster_id,
    }
    if content != stored:
        write_json(data.secrets, content, OWNER_ONLY)
    return found
