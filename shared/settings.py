"""Settings from `TUMBUH_*` variables, read once at start; every problem is told at once, with its remedy.

No secret has a default, in no mode: a process that was given none does not start. What is required depends on the
door (`api`, `worker`, `all`, `migrate`), so that a migration job needs no broker and an API holds no owner password.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.topics import SERVICES
from shared.postgres.pool import Address
from shared.setting_problems import (
    PREFIX,
    SettingProblem,
    SettingsError,
    jwks_problems,
    key_problems,
    missing,
    weak_secrets,
)

Role = Literal["owner", "worker", "api"]
KeyName = Literal["master", "match", "page"]


class Mode(StrEnum):
    """`local` is one machine without TLS; anything else is `production`, the default."""

    LOCAL = "local"
    PRODUCTION = "production"


class Door(StrEnum):
    """What `python -m services.X <door>` runs."""

    API = "api"
    WORKER = "worker"
    ALL = "all"
    MIGRATE = "migrate"

    @property
    def serves_api(self) -> bool:
        """Whether this process answers users."""
        return self in {Door.API, Door.ALL}

    @property
    def runs_worker(self) -> bool:
        """Whether this process consumes, relays and runs jobs."""
        return self in {Door.WORKER, Door.ALL}


class _Group(BaseSettings):
    """One concern; reads only the variables of its own prefix, an empty variable counts as unset."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)


class ProcessSettings(_Group):
    """What kind of process this is and how it logs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    mode: Mode = Mode.PRODUCTION
    log_format: Literal["json", "console"] = "json"


class HttpSettings(_Group):
    """Where the process listens, and how many requests a second one client may send (bursts of five times that)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "HTTP_")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    rate_per_second: int = Field(default=200, ge=1)


class DatabaseSettings(_Group):
    """The one database and the passwords of this service's roles, as far as this process was given them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "DATABASE_")

    host: str | None = None
    port: int = Field(default=5432, ge=1, le=65535)
    name: str = "tumbuh"
    owner_password: SecretStr | None = None
    worker_password: SecretStr | None = None
    api_password: SecretStr | None = None

    def password(self, role: Role) -> SecretStr | None:
        """The password of `role`, if this process has it."""
        return {"owner": self.owner_password, "worker": self.worker_password, "api": self.api_password}[role]

    def secrets(self) -> dict[str, SecretStr | None]:
        """Variable name → secret."""
        return {f"{PREFIX}DATABASE_{role.upper()}_PASSWORD": self.password(role) for role in get_args(Role)}


class KafkaSettings(_Group):
    """The broker and this service's account (SASL SCRAM-SHA-256; TLS outside local mode)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "KAFKA_")

    bootstrap: str = ""
    username: str = ""
    password: SecretStr = SecretStr("")


class TokenSettings(_Group):
    """How bearer tokens are verified."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    jwks_file: Path | None = None
    jwks_url: str | None = None
    token_issuer: str = ""
    token_audience: str = "tumbuh"  # noqa: S105 - an audience is public


class KeySettings(_Group):
    """Keys for sealed data: base64 of 32 bytes each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    master_key: SecretStr | None = None
    match_key: SecretStr | None = None
    page_key: SecretStr | None = None

    def secrets(self) -> dict[str, SecretStr | None]:
        """Variable name → secret."""
        return {f"{PREFIX}{name.upper()}_KEY": self.key(name) for name in get_args(KeyName)}

    def key(self, name: KeyName) -> SecretStr | None:
        """The key called `name`, if this process has it."""
        return {"master": self.master_key, "match": self.match_key, "page": self.page_key}[name]


class ServiceSettings(BaseModel):
    """Everything one process of one service needs; what its door does not need is empty."""

    model_config = ConfigDict(frozen=True)

    service: str
    door: Door
    mode: Mode
    log_format: Literal["json", "console"]
    http: HttpSettings
    database: DatabaseSettings
    kafka: KafkaSettings
    tokens: TokenSettings
    keys: KeySettings

    @property
    def kafka_security_protocol(self) -> Literal["SASL_PLAINTEXT", "SASL_SSL"]:
        """Passwords never cross a network in the clear: without TLS on one machine only."""
        return "SASL_PLAINTEXT" if self.mode is Mode.LOCAL else "SASL_SSL"

    def database_address(self, role: Role) -> Address:
        """Where to connect as `role`. SettingsError if this process was not given the role's password."""
        password = self.database.password(role)
        if password is None or self.database.host is None:
            raise SettingsError([missing(f"{PREFIX}DATABASE_{role.upper()}_PASSWORD", self.door)])
        return Address(
            host=self.database.host,
            port=self.database.port,
            database=self.database.name,
            user=f"{self.service}_{role}",
            password=password.get_secret_value(),
        )

    def key(self, name: KeyName) -> bytes:
        """The 32 bytes of a key. SettingsError if this process was not given it."""
        secret = self.keys.key(name)
        if secret is None:
            raise SettingsError([missing(f"{PREFIX}{name.upper()}_KEY", self.door)])
        return base64.b64decode(secret.get_secret_value(), validate=True)


GroupT = TypeVar("GroupT", bound=_Group)


def required_variables(service: str, door: Door, environment: Iterable[str]) -> list[str]:
    """The variables without which `door` of `service` cannot start, given the names that are set."""
    names = ["DATABASE_HOST"]
    if door is Door.MIGRATE:
        return [PREFIX + name for name in (*names, "DATABASE_OWNER_PASSWORD")]
    if door.runs_worker:
        names += ["DATABASE_WORKER_PASSWORD", "KAFKA_BOOTSTRAP", "KAFKA_USERNAME", "KAFKA_PASSWORD"]
    if door.serves_api:
        names += ["DATABASE_API_PASSWORD", "TOKEN_ISSUER"]
        names += [] if f"{PREFIX}JWKS_URL" in environment else ["JWKS_FILE"]
    if service == "measurement":
        names += ["MASTER_KEY", "MATCH_KEY"]
    if service == "reporting" and door.serves_api:
        names += ["PAGE_KEY"]
    return [PREFIX + name for name in names]


def load_settings(service: str, door: Door) -> ServiceSettings:
    """Settings of `service` from the environment. SettingsError lists everything that is wrong."""
    if service not in SERVICES:
        raise ValueError(f"{service!r} is not a service")
    problems: list[SettingProblem] = []
    process = _read(ProcessSettings, problems) or ProcessSettings.model_construct()
    http = _read(HttpSettings, problems)
    database = _read(DatabaseSettings, problems)
    kafka = _read(KafkaSettings, problems)
    tokens = _read(TokenSettings, problems)
    keys = _read(KeySettings, problems)
    present = {name for name, value in os.environ.items() if value}
    problems += [missing(name, door) for name in required_variables(service, door, present) if name not in present]
    if tokens is not None:
        problems += jwks_problems(tokens.jwks_file, tokens.jwks_url, local=process.mode is Mode.LOCAL)
    if keys is not None:
        problems += key_problems(keys.secrets())
    if process.mode is Mode.PRODUCTION and database is not None and kafka is not None:
        problems += weak_secrets({**database.secrets(), f"{PREFIX}KAFKA_PASSWORD": kafka.password})
    if problems or http is None or database is None or kafka is None or tokens is None or keys is None:
        raise SettingsError(problems)
    return ServiceSettings(
        service=service,
        door=door,
        mode=process.mode,
        log_format=process.log_format,
        http=http,
        database=database,
        kafka=kafka,
        tokens=tokens,
        keys=keys,
    )


def load_or_exit(service: str, door: Door) -> ServiceSettings:
    """Settings, or the whole list of problems on standard error and exit code 2."""
    try:
        return load_settings(service, door)
    except SettingsError as error:
        sys.stderr.write(f"services.{service} {door}: {error}\n")
        raise SystemExit(2) from None


def _read(group: type[GroupT], problems: list[SettingProblem]) -> GroupT | None:
    try:
        return group()
    except ValidationError as error:
        prefix = group.model_config["env_prefix"]
        for item in error.errors(include_input=False, include_url=False):
            variable = f"{prefix}{'_'.join(str(part) for part in item['loc'])}".upper()
            problems.append(SettingProblem(variable, item["msg"], f"correct the value of {variable}"))
        return None
