"""The variables of a process by concern: their names, types and defaults. No secret has a default, in no mode."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.setting_problems import PREFIX

Role = Literal["owner", "worker", "api"]
KeyName = Literal["master", "match", "page", "feed"]


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


class SettingGroup(BaseSettings):
    """One concern; reads only the variables of its own prefix, an empty variable counts as unset."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)


class ProcessSettings(SettingGroup):
    """What kind of process this is and how it logs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    mode: Mode = Mode.PRODUCTION
    log_format: Literal["json", "console"] = "json"


class HttpSettings(SettingGroup):
    """Where the process listens, and how many requests a second one client may send (bursts of five times that)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "HTTP_")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    rate_per_second: int = Field(default=200, ge=1)


class DatabaseSettings(SettingGroup):
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


class KafkaSettings(SettingGroup):
    """The broker and this service's account (SASL SCRAM; TLS outside local mode). Strimzi knows SHA-512 only."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "KAFKA_")

    bootstrap: str = ""
    username: str = ""
    password: SecretStr = SecretStr("")
    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-256"


class TokenSettings(SettingGroup):
    """How bearer tokens are verified."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    jwks_file: Path | None = None
    jwks_url: str | None = None
    token_issuer: str = ""
    token_audience: str = "tumbuh"  # noqa: S105 - an audience is public


class LoginSettings(SettingGroup):
    """Where people log in to the page: the provider's realm as this process reaches it, the page as browsers do.

    `scoring_url` is the API of scoring as this process reaches it; without it the page explains no child.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    provider_url: str | None = None
    page_url: str | None = None
    scoring_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+/?$")


class LabSettings(SettingGroup):
    """The laboratory's doors for other systems, and how long their messages are kept.

    MLLP is off without `mllp_port`. `mllp_facilities`: MSH-4 of a message → the laboratory whose results it brings, as
    JSON. It knows no tokens and no encryption: leave `mllp_host` on this machine or on a private network's address.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX + "LAB_")

    inbound_kept_days: int = Field(default=365, ge=7)
    mllp_host: str = "127.0.0.1"
    mllp_port: int | None = Field(default=None, ge=0, le=65535)
    mllp_facilities: Annotated[dict[str, Annotated[str, Field(pattern=r"^LAB\.[0-9A-Za-z.-]+$")]], NoDecode] = Field(
        default_factory=dict, validate_default=True
    )

    @field_validator("mllp_facilities", mode="before")
    @classmethod
    def _of_json(cls, text: object) -> object:
        return json.loads(text) if isinstance(text, str) else text  # its error is a ValueError, told like others

    @field_validator("mllp_facilities")
    @classmethod
    def _somebody_may_send(cls, facilities: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if info.data.get("mllp_port") is not None and not facilities:
            raise ValueError("a port without a facility takes nothing from anybody")
        return facilities


class WebhookSettings(SettingGroup):
    """Where changed figures may be sent beside public addresses: networks as JSON, `["10.20.0.0/16"]`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "WEBHOOK_")

    private_networks: tuple[IPvAnyNetwork, ...] = ()


class KeySettings(SettingGroup):
    """Keys for sealed data: base64 of 32 bytes each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    master_key: SecretStr | None = None
    match_key: SecretStr | None = None
    page_key: SecretStr | None = None
    feed_key: SecretStr | None = None

    def secrets(self) -> dict[str, SecretStr | None]:
        """Variable name → secret."""
        return {f"{PREFIX}{name.upper()}_KEY": self.key(name) for name in get_args(KeyName)}

    def key(self, name: KeyName) -> SecretStr | None:
        """The key called `name`, if this process has it."""
        keys = {"master": self.master_key, "match": self.match_key, "page": self.page_key, "feed": self.feed_key}
        return keys[name]
