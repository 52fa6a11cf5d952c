"""Sealing: AES-GCM under a key of the row's own, which the master key wraps; and keyed hashes for matching.

Destroying a wrapped key makes its row unreadable wherever copies of it are, backups included. Hashes are keyed too:
sixteen digits with known structure could be tried one by one against a plain hash.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.measurement.domain.names import normalise_name

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32

Identity = dict[str, str]  # nik, name, parent_name, address, rt, rw, phone: as far as they are known


class MatchKeys(NamedTuple):
    """What records of one child may share whatever else differs, as keyed hashes; None = not known."""

    nik_key: bytes | None
    name_key: bytes | None
    parent_key: bytes | None


class SealBrokenError(Exception):
    """Sealed bytes that do not open: another key, another row, or changed bytes."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes nobody reads without the master key."""

    wrapped_key: bytes
    sealed: bytes


class Vault:
    """Seals and opens; made once per process from the two keys of the settings."""

    def __init__(self, master_key: bytes, match_key: bytes) -> None:
        self._master = AESGCM(master_key)
        self._match_key = match_key

    def seal(self, owner: UUID, content: bytes, wrapped_key: bytes | None = None) -> Sealed:
        """`content` sealed for the row `owner`, with a new key or with the one it already has."""
        key = os.urandom(KEY_BYTES) if wrapped_key is None else self._unwrap(owner, wrapped_key)
        wrapped = wrapped_key if wrapped_key is not None else _encrypt(self._master, key, owner)
        return Sealed(wrapped, _encrypt(AESGCM(key), content, owner))

    def open(self, owner: UUID, sealed: Sealed) -> bytes:
        """The content. SealBrokenError if it is not what was sealed for `owner`."""
        return _decrypt(AESGCM(self._unwrap(owner, sealed.wrapped_key)), sealed.sealed, owner)

    def _unwrap(self, owner: UUID, wrapped_key: bytes) -> bytes:
        return _decrypt(self._master, wrapped_key, owner)

    def seal_identity(self, child_id: UUID, identity: Identity, wrapped_key: bytes | None = None) -> Sealed:
        """An identity, sealed."""
        return self.seal(child_id, orjson.dumps(identity), wrapped_key)

    def open_identity(self, child_id: UUID, sealed: Sealed) -> Identity:
        """An identity, opened."""
        identity: Identity = orjson.loads(self.open(child_id, sealed))
        return identity

    def nik_hash(self, nik: str | None, birth_date: date, sex: str | None) -> bytes | None:
        """What two records of one NIK, birth date and sex share; None without an NIK."""
        return None if nik is None else self._hash(f"nik|{nik}|{birth_date.isoformat()}|{sex or ''}")

    def name_hash(self, name: str | None, birth_date: date, sex: str | None) -> bytes | None:
        """What two records of one normalised name, birth date and sex share; None without a name."""
        normal = normalise_name(name) if name else ""
        return self._hash(f"name|{normal}|{birth_date.isoformat()}|{sex or ''}") if normal else None

    def match_keys(self, identity: Identity, birth_date: date) -> MatchKeys:
        """The NIK alone; the child's and the parent's normalised names each with the birth date, whatever the sex."""
        born = birth_date.isoformat()
        names = {field: normalise_name(identity.get(field, "")) for field in ("name", "parent_name")}
        nik = identity.get("nik")
        return MatchKeys(
            None if nik is None else self._hash(f"nik-alone|{nik}"),
            self._hash(f"name-born|{names['name']}|{born}") if names["name"] else None,
            self._hash(f"parent-born|{names['parent_name']}|{born}") if names["parent_name"] else None,
        )

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._match_key, text.encode(), "sha256")


def _encrypt(cipher: AESGCM, content: bytes, owner: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, owner.bytes)


def _decrypt(cipher: AESGCM, sealed: bytes, owner: UUID) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
    except (InvalidTag, ValueError):
        raise SealBrokenError(str(owner)) from None
