"""Register children: the fact, the sealed identity, and hints at children who may be the same. Hints never block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN
from services.measurement.store.identities import IdentityRow, Reader
from services.measurement.store.register import unknown_places
from services.measurement.store.vault import Identity, Vault
from services.measurement.use_cases.entry import Entry
from shared.contracts.child import ChildV1, HouseholdRisk, Residence, Sex
from shared.contracts.fact import new_fact_id
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Evidence = Literal["same_nik", "same_name_and_birth_date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChild:
    """A child as it was sent. `resident_since` = first day it is known to live there."""

    identity: Identity = field(repr=False)
    sex: Sex | None
    birth_date: date
    desa_code: str
    posyandu_code: str | None = None
    resident_since: date
    birth_weight_kg: float | None = None
    birth_length_cm: float | None = None
    gestation_weeks: int | None = None
    household_risks: tuple[HouseholdRisk, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """The new child, or why there is none; and who may be the same child, with the evidence."""

    child: ChildV1 | None
    problems: tuple[EntryProblem, ...] = ()
    hints: tuple[tuple[UUID, Evidence], ...] = ()


async def register_children(
    connection: Connection, rows: Sequence[NewChild], entry: Entry, vault: Vault, reader: Reader
) -> list[Registered]:
    """Store `rows` with their events; for each, in input order, what became of it."""
    wrong_places = await unknown_places(connection, [(row.desa_code, row.posyandu_code) for row in rows])
    hints = await _hints(connection, rows, vault)
    results: list[Registered] = []
    sealed: list[IdentityRow] = []
    for index, row in enumerate(rows):
        problems = tuple(_problems(row, wrong_places.get((row.desa_code, row.posyandu_code)), entry.today))
        if problems:
            results.append(Registered(None, problems))
            continue
        child = new_child(row, entry)
        sealed.append(seal(vault, child, row.identity))
        results.append(Registered(child, hints=tuple(hints.get(index, ()))))
    children = [result.child for result in results if result.child is not None]
    await CHILDREN.insert(connection, children, entry.origin())
    await identities.insert(connection, sealed)
    if children:
        await identities.log_access(connection, reader, [child.child_id for child in children], "registered")
    await publish(connection, children)
    return results


def new_child(row: NewChild, entry: Entry) -> ChildV1:
    """The first revision of a child."""
    child_id = new_fact_id()
    return ChildV1(
        fact_id=child_id,
        child_id=child_id,
        epoch=1,
        revision=1,
        change="recorded",
        known_at=entry.known_at,
        sex=row.sex,
        birth_date=row.birth_date,
        birth_weight_kg=row.birth_weight_kg,
        birth_length_cm=row.birth_length_cm,
        gestation_weeks=row.gestation_weeks,
        residences=(
            Residence(valid_from=row.resident_since, desa_code=row.desa_code, posyandu_code=row.posyandu_code),
        ),
        household_risks=row.household_risks,
    )


def seal(vault: Vault, child: ChildV1, identity: Identity, wrapped_key: bytes | None = None) -> IdentityRow:
    """The identity of `child`, sealed, with the hashes that matching uses."""
    return IdentityRow(
        child.child_id,
        vault.seal_identity(child.child_id, identity, wrapped_key),
        vault.nik_hash(identity.get("nik"), child.birth_date, child.sex),
        vault.name_hash(identity.get("name"), child.birth_date, child.sex),
    )


def _problems(row: NewChild, wrong_place: str | None, today: date) -> list[EntryProblem]:
    problems = []
    if wrong_place is not None:
        field_name = "desa_code" if wrong_place == "unknown_desa" else "posyandu_code"
        problems.append(EntryProblem(wrong_place, field_name))
    if row.birth_date > today:
        problems.append(EntryProblem("birth_in_future", "birth_date"))
    if row.resident_since > today:
        problems.append(EntryProblem("moved_in_future", "resident_since"))
    elif row.resident_since < row.birth_date:
        problems.append(EntryProblem("moved_before_birth", "resident_since"))
    return problems


async def _hints(
    connection: Connection, rows: Sequence[NewChild], vault: Vault
) -> dict[int, list[tuple[UUID, Evidence]]]:
    """Children of the caller's area that share NIK or name with a row, at the same birth date and sex."""
    niks = [vault.nik_hash(row.identity.get("nik"), row.birth_date, row.sex) for row in rows]
    names = [vault.name_hash(row.identity.get("name"), row.birth_date, row.sex) for row in rows]
    found = await identities.candidates(
        connection, [digest for digest in niks if digest], [digest for digest in names if digest]
    )
    hints: dict[int, list[tuple[UUID, Evidence]]] = {}
    for index, (nik, name) in enumerate(zip(niks, names, strict=True)):
        for child_id, other_nik, other_name in found:
            if nik is not None and nik == other_nik:
                hints.setdefault(index, []).append((child_id, "same_nik"))
            elif name is not None and name == other_name:
                hints.setdefault(index, []).append((child_id, "same_name_and_birth_date"))
    return hints
