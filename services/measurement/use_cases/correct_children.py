"""Correct what is known of a child: sex, birth, household, death, departure; and its sealed identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN
from services.measurement.store.identities import Reader
from services.measurement.store.measurements import of_child
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.register_children import seal
from shared.contracts.child import ChildV1
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError

CORRECTABLE: Final = frozenset(
    {
        *("sex", "birth_date", "birth_weight_kg", "birth_length_cm", "gestation_weeks", "household_risks"),
        *("died_on", "departed_on"),
    }
)


@dataclass(frozen=True, slots=True)
class ChildCorrection:
    """New values of a child and of its identity (None removes an item), and the (epoch, revision) the client saw."""

    child_id: UUID
    seen: tuple[int, int]
    values: Mapping[str, Any]
    identity: Mapping[str, str | None] = field(default_factory=dict, repr=False)


async def correct_child(
    connection: Connection, correction: ChildCorrection, entry: Entry, vault: Vault, reader: Reader
) -> ChildV1:
    """The child after the correction. An identity is no part of the fact: changing only it publishes nothing.

    A change of sex or birth date re-scores the history downstream, since the child fact carries both.
    Raises UnknownFactError, StaleError, RefusedError.
    """
    old = await locked_child(connection, correction.child_id, correction.seen)
    values = {name: value for name, value in correction.values.items() if value != getattr(old, name)}
    new = revised(old, "corrected", entry.now, **values) if values else old
    for name in values.keys() & {"died_on", "departed_on"}:
        if values[name] is not None and not new.birth_date <= values[name] <= entry.today:
            raise RefusedError(EntryProblem("date_impossible", name, value=values[name].isoformat()))
    if "birth_date" in values:
        await _demand_possible_birth(connection, new, entry)
    if values:
        await CHILDREN.replace(connection, [new])
        await publish(connection, [new])
    if correction.identity or values.keys() & {"sex", "birth_date"}:
        await _reseal(connection, new, correction.identity, vault)
    if correction.identity:
        await identities.log_access(connection, reader, [new.child_id], "corrected")
    return new


async def locked_child(connection: Connection, child_id: UUID, seen: tuple[int, int] | None = None) -> ChildV1:
    """The child, its row held. Raises UnknownFactError, StaleError."""
    found = await CHILDREN.find(connection, [child_id], lock=True)
    if not found:
        raise UnknownFactError
    if seen is not None and found[0].order != seen:
        raise StaleError(found[0].order)
    return found[0]


async def _demand_possible_birth(connection: Connection, child: ChildV1, entry: Entry) -> None:
    if child.birth_date > entry.today:
        raise RefusedError(EntryProblem("birth_in_future", "birth_date"))
    visits = await of_child(connection, [child.child_id])
    if any(visit.measured_on < child.birth_date for visit in visits if not visit.voided):
        raise RefusedError(EntryProblem("measured_before_new_birth_date", "birth_date"))


async def _reseal(connection: Connection, child: ChildV1, changes: Mapping[str, str | None], vault: Vault) -> None:
    """Seal the identity anew: its hashes depend on birth date and sex too."""
    stored = (await identities.find(connection, [child.child_id], lock=True)).get(child.child_id)
    if stored is None:
        return
    merged = {**vault.open_identity(child.child_id, stored.sealed), **changes}
    identity = {name: value for name, value in merged.items() if value is not None}
    await identities.replace(connection, [seal(vault, child, identity, stored.sealed.wrapped_key)])
