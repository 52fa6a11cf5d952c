"""Settings from `TUMBUH_*` variables, read once at start; every problem is told at once, with its remedy.

No secret has a default, in no mode: a process that was given none does not start. What is required depends on the
door (`api`, `worker`, `all`, `migrate`), so that a migration job needs no broker and an API holds no owner password.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterable
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.topics import SERVICES
from shared.postgres.pool import Address
from shared.setting_groups import (
    DatabaseSettings,
    Door,
    HttpSettings,
    KafkaSettings,
    KeyName,
    KeySettings,
    LabSettings,
    LoginSettings,
    Mode,
    ProcessSettings,
    Role,
    SettingGroup,
    TokenSettings,
    WebhookSettings,
)
from shared.setting_problems import (
    PREFIX,
    SettingProblem,
    SettingsError,
    jwks_problems,
    key_problems,
    missing,
    page_url_problems,
    weak_secrets,
)


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
    login: LoginSettings = Field(default_factory=LoginSettings)
    lab: LabSettings = Field(default_factory=LabSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)

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


GroupT = TypeVar("GroupT", bound=SettingGroup)


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
    if service == "reporting":
        names += ["FEED_KEY"]
    if service == "reporting" and door.serves_api:
        names += ["PAGE_KEY"]
        # With a key file there is no provider at which people could log in: a stack of tests.
        names += ["PROVIDER_URL", "PAGE_URL"] if f"{PREFIX}JWKS_URL" in environment else []
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
    login = _read(LoginSettings, problems)
    lab = _read(LabSettings, problems)
    webhooks = _read(WebhookSettings, problems)
    present = {name for name, value in os.environ.items() if value}
    problems += [missing(name, door) for name in required_variables(service, door, present) if name not in present]
    if tokens is not None:
        problems += jwks_problems(tokens.jwks_file, tokens.jwks_url, local=process.mode is Mode.LOCAL)
    if login is not None:
        problems += page_url_problems(login.page_url, local=process.mode is Mode.LOCAL)
    if keys is not None:
        problems += key_problems(keys.secrets())
    if process.mode is Mode.PRODUCTION and database is not None and kafka is not None:
        problems += weak_secrets({**database.secrets(), f"{PREFIX}KAFKA_PASSWORD": kafka.password})
    if problems or http is None or database is None or kafka is None or tokens is None:
        raise SettingsError(problems)
    if keys is None or login is None or lab is None or webhooks is None:
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
        login=login,
        lab=lab,
        webhooks=webhooks,
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
