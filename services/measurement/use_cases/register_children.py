"""Register children: the fact, the sealed identity, and hints at children who may be the same. Hints never block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.likeness import Likeness
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN
from services.measurement.store.identities import IdentityRow, Reader
from services.measurement.store.register import unknown_places
from services.measurement.store.vault import Identity, Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.match_children import Opened, likely, opened_record
from shared.contracts.child import ChildV1, HouseholdRisk, Residence, Sex
from shared.contracts.fact import new_fact_id
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


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
    has_growth_card: bool | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The new child, or why there is none; and who may be the same child, with the evidence."""

    child: ChildV1 | None
    problems: tuple[EntryProblem, ...] = ()
    hints: tuple[tuple[UUID, Likeness], ...] = ()


async def register_children(
    connection: Connection, rows: Sequence[NewChild], entry: Entry, vault: Vault, reader: Reader
) -> list[Registered]:
    """Store `rows` with their events; for each, in input order, what became of it."""
    wrong_places = await unknown_places(connection, [(row.desa_code, row.posyandu_code) for row in rows])
    results: list[Registered] = []
    sealed: list[IdentityRow] = []
    opened: dict[UUID, Opened] = {}
    for row in rows:
        problems = tuple(_problems(row, wrong_places.get((row.desa_code, row.posyandu_code)), entry.today))
        if problems:
            results.append(Registered(None, problems))
            continue
        child = new_child(row, entry)
        sealed.append(seal(vault, child, row.identity))
        opened[child.child_id] = opened_record(child, row.identity, vault)
        results.append(Registered(child))
    children = [result.child for result in results if result.child is not None]
    await CHILDREN.insert(connection, children, entry.origin())
    await identities.insert(connection, sealed)
    if children:
        await identities.log_access(connection, reader, [child.child_id for child in children], "registered")
    await publish(connection, children)
    hints = await likely(connection, opened, vault)
    return [
        result if result.child is None else replace(result, hints=tuple(hints.get(result.child.child_id, ())))
        for result in results
    ]


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
        has_growth_card=row.has_growth_card,
    )


def seal(vault: Vault, child: ChildV1, identity: Identity, wrapped_key: bytes | None = None) -> IdentityRow:
    """The identity of `child`, sealed, with the hashes that matching uses."""
    return identity_row(vault, child.child_id, identity, child.birth_date, child.sex, wrapped_key)


def identity_row(
    vault: Vault,
    child_id: UUID,
    identity: Identity,
    birth_date: date,
    sex: str | None,
    wrapped_key: bytes | None = None,
) -> IdentityRow:
    """The same, of a child that is not at hand as a fact."""
    return IdentityRow(
        child_id,
        vault.seal_identity(child_id, identity, wrapped_key),
        vault.nik_hash(identity.get("nik"), birth_date, sex),
        vault.name_hash(identity.get("name"), birth_date, sex),
        vault.match_keys(identity, birth_date),
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
