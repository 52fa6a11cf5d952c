"""Rows of `child_identity` and the log of who read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from services.measurement.store.vault import MatchKeys, Sealed
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One sealed identity with its keyed hashes."""

    child_id: UUID
    sealed: Sealed
    nik_hash: bytes | None
    name_hash: bytes | None
    keys: MatchKeys


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at or changes an identity, and what for."""

    subject: str
    client_id: str
    role: str
    purpose: str


_COLUMNS: Final = "child_id, wrapped_key, sealed, nik_hash, name_hash, nik_key, name_key, parent_key"
_INCOMING: Final = (
    "unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])"
)


async def insert(connection: Connection, rows: Sequence[IdentityRow]) -> None:
    """Store new identities; their children are stored."""
    if rows:
        await connection.execute(
            f"INSERT INTO child_identity ({_COLUMNS}) SELECT * FROM {_INCOMING}",
            *_arrays(rows),
        )


async def replace(connection: Connection, rows: Sequence[IdentityRow]) -> None:
    """Write identities anew, to be matched again; the caller holds the locks and keeps what is replaced."""
    if rows:
        await connection.execute(
            "UPDATE child_identity i SET wrapped_key = new.wrapped_key, sealed = new.sealed, nik_hash = new.nik_hash, "
            "name_hash = new.name_hash, nik_key = new.nik_key, name_key = new.name_key, parent_key = new.parent_key, "
            f"match_pending = true FROM {_INCOMING} AS new({_COLUMNS}) WHERE i.child_id = new.child_id",
            *_arrays(rows),
        )


class KeptIdentity(NamedTuple):
    """A sealed identity and the last revision of its child that had it."""

    child_id: UUID
    order: tuple[int, int]
    sealed: bytes


async def keep(connection: Connection, kept: Sequence[KeptIdentity]) -> None:
    """Append identities that are about to be replaced; they open with the key that the child still has."""
    if kept:
        await connection.executemany(
            "INSERT INTO child_identity_revision (child_id, epoch, revision, sealed) VALUES ($1, $2, $3, $4)",
            [(item.child_id, *item.order, item.sealed) for item in kept],
        )


async def kept_of(connection: Connection, child_ids: Sequence[UUID]) -> list[KeptIdentity]:
    """What these children's identities were, the oldest first."""
    rows = await connection.fetch(
        "SELECT child_id, epoch, revision, sealed FROM child_identity_revision WHERE child_id = ANY($1) "
        "ORDER BY epoch, revision",
        list(child_ids),
    )
    return [KeptIdentity(row[0], (row[1], row[2]), row[3]) for row in map(tuple, rows)]


async def find(connection: Connection, child_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, IdentityRow]:
    """Identities by child; erased children have none."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM child_identity WHERE child_id = ANY($1) "
        f"ORDER BY child_id{' FOR UPDATE' if lock else ''}",
        sorted(set(child_ids)),
    )
    return {
        row[0]: IdentityRow(row[0], Sealed(row[1], row[2]), row[3], row[4], MatchKeys(*row[5:]))
        for row in map(tuple, rows)
    }


async def mark_pending(connection: Connection, child_ids: Sequence[UUID]) -> None:
    """These children are to be matched again: something that matching looks at has changed."""
    if child_ids:
        await connection.execute(
            "UPDATE child_identity SET match_pending = true WHERE child_id = ANY($1)", sorted(child_ids)
        )


async def niks_registered(connection: Connection, nik_hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these numbers that a child has, of whatever area."""
    rows = await connection.fetch(
        "SELECT digest FROM unnest($1::bytea[]) AS digest WHERE nik_is_registered(digest)", nik_hashes
    )
    return {row["digest"] for row in rows}


async def log_access(connection: Connection, reader: Reader, child_ids: Sequence[UUID], action: str) -> None:
    """Append who did what with these identities, in the transaction that did it."""
    await connection.execute(
        "INSERT INTO identity_access_log (subject, client_id, role, child_id, action, purpose) "
        "SELECT $1, $2, $3, unnest($4::uuid[]), $5, $6",
        reader.subject,
        reader.client_id,
        reader.role,
        list(child_ids),
        action,
        reader.purpose,
    )


def _arrays(rows: Sequence[IdentityRow]) -> list[list[object]]:
    return [
        [row.child_id for row in rows],
        [row.sealed.wrapped_key for row in rows],
        [row.sealed.sealed for row in rows],
        [row.nik_hash for row in rows],
        [row.name_hash for row in rows],
        *([getattr(row.keys, name) for row in rows] for name in MatchKeys._fields),
    ]
