"""What can be wrong with the environment, each with its remedy; no text shows a secret."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

PREFIX: Final = "TUMBUH_"
KEY_BYTES: Final = 32  # AES-256 and HMAC-SHA-256
MIN_SECRET_LENGTH: Final = 16  # production only: shorter passwords are placeholders


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One variable that keeps the process from starting."""

    variable: str
    problem: str
    remedy: str


class SettingsError(Exception):
    """All problems of the environment at once; `str()` is fit for a terminal and shows no secret."""

    def __init__(self, problems: Iterable[SettingProblem]) -> None:
        self.problems = tuple(problems)
        lines = [f"  {item.variable}: {item.problem}\n      → {item.remedy}" for item in self.problems]
        super().__init__("cannot start, settings are wrong or missing:\n" + "\n".join(lines))


_REMEDIES: Final = {
    f"{PREFIX}JWKS_FILE": "set TUMBUH_JWKS_FILE to a JWKS file or TUMBUH_JWKS_URL to the identity provider's keys",
    f"{PREFIX}TOKEN_ISSUER": "set it to the exact `iss` of the tokens to accept",
    f"{PREFIX}PROVIDER_URL": "set it to the identity provider's realm, below which its discovery document lies",
    f"{PREFIX}PAGE_URL": "set it to the address at which browsers reach the page, without a path",
    f"{PREFIX}KAFKA_BOOTSTRAP": "set it to host:port of the broker",
    f"{PREFIX}DATABASE_HOST": "set it to the host name of PostgreSQL",
}


def missing(variable: str, door: str) -> SettingProblem:
    """`variable` is not set although `door` needs it."""
    remedy = "set it; there is no default for a secret"
    if variable.endswith("_KEY"):
        remedy = "set it to base64 of 32 random bytes (`openssl rand -base64 32`) and keep it safe"
    return SettingProblem(variable, f"not set, but `{door}` needs it", _REMEDIES.get(variable, remedy))


def jwks_problems(file: Path | None, url: str | None, *, local: bool) -> Iterator[SettingProblem]:
    """Exactly one source of keys, readable, and not over a wire that anybody may change."""
    if file is not None and url is not None:
        yield SettingProblem(f"{PREFIX}JWKS_URL", "set beside TUMBUH_JWKS_FILE", "set only one of the two")
    if file is not None and not file.is_file():
        yield SettingProblem(f"{PREFIX}JWKS_FILE", "names no file", "correct the path or write the key set there")
    if url is not None and not url.startswith(("https://", "http://") if local else "https://"):
        yield SettingProblem(f"{PREFIX}JWKS_URL", "is not an https address", "use the provider's https address")


def page_url_problems(url: str | None, *, local: bool) -> Iterator[SettingProblem]:
    """Cookies of the page travel over TLS only, but for one machine."""
    if url is not None and not url.startswith(("https://", "http://") if local else "https://"):
        yield SettingProblem(f"{PREFIX}PAGE_URL", "is not an https address", "use the page's public https address")


def key_problems(secrets: Mapping[str, SecretStr | None]) -> Iterator[SettingProblem]:
    """Keys are base64 of 32 bytes that somebody drew at random."""
    remedy = "make one with `openssl rand -base64 32`"
    for variable, secret in secrets.items():
        if secret is None:
            continue
        try:
            raw = base64.b64decode(secret.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != KEY_BYTES:
            yield SettingProblem(variable, f"is not base64 of {KEY_BYTES} bytes", remedy)
        elif len(set(raw)) < KEY_BYTES // 4:  # 32 random bytes hold about 30 different ones; under 8 never happens
            yield SettingProblem(variable, "is not random", remedy)


def weak_secrets(secrets: Mapping[str, SecretStr | None]) -> Iterator[SettingProblem]:
    """Passwords too short to be anything but a placeholder."""
    for variable, secret in secrets.items():
        if secret is not None and 0 < len(secret.get_secret_value()) < MIN_SECRET_LENGTH:
            yield SettingProblem(
                variable,
                f"shorter than {MIN_SECRET_LENGTH} characters in production mode",
                "use a long random password, or TUMBUH_MODE=local on one machine",
            )
