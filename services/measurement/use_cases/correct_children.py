"""Correct what is known of a child: sex, birth, household, death, departure; and its sealed identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN, merged_into
from services.measurement.store.identities import KeptIdentity, Reader
from services.measurement.store.interventions import of_children
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
        *("died_on", "departed_on", "has_growth_card"),
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
    """The child after the correction; one that changes nothing makes no revision.

    An identity is no part of the fact, but its change is a revision of the child, so that `If-Match` guards it and the
    history shows it; others read a fact that says what it said. A change of sex or birth date re-scores the history
    downstream, since the child fact carries both. Raises UnknownFactError, StaleError, RefusedError.
    """
    old = await locked_child(connection, correction.child_id, correction.seen)
    values = {name: value for name, value in correction.values.items() if value != getattr(old, name)}
    stored = (await identities.find(connection, [old.child_id], lock=True)).get(old.child_id)
    known = {} if stored is None else vault.open_identity(old.child_id, stored.sealed)
    identity = {name: value for name, value in {**known, **correction.identity}.items() if value is not None}
    if stored is None and identity:
        raise RefusedError(EntryProblem("identity_erased", "identity"))
    if not values and identity == known:
        return old
    stated = {answer.risk for answer in old.household}
    if stated & (set(values.get("household_risks", old.household_risks)) ^ set(old.household_risks)):
        raise RefusedError(EntryProblem("household_stated", "household_risks"))
    new = revised(old, "corrected", entry.now, **values)
    for name in values.keys() & {"died_on", "departed_on"}:
        if values[name] is not None and not new.birth_date <= values[name] <= entry.today:
            raise RefusedError(EntryProblem("date_impossible", name, value=values[name].isoformat()))
    if values.keys() & {"birth_date", "died_on", "departed_on"}:
        await _demand_possible_life(connection, new, entry, values)
    await CHILDREN.replace(connection, [new], entry.origin())
    await publish(connection, [new])
    if stored is not None:
        if identity != known:
            await identities.keep(connection, [KeptIdentity(old.child_id, old.order, stored.sealed.sealed)])
            await identities.log_access(connection, reader, [new.child_id], "corrected")
        # Its hashes depend on birth date and sex, too.
        await identities.replace(connection, [seal(vault, new, identity, stored.sealed.wrapped_key)])
    return new


async def locked_child(connection: Connection, child_id: UUID, seen: tuple[int, int] | None = None) -> ChildV1:
    """The child, its row held. Raises UnknownFactError, StaleError."""
    found = await CHILDREN.find(connection, [child_id], lock=True)
    if not found:
        raise UnknownFactError
    if seen is not None and found[0].order != seen:
        raise StaleError(found[0].order)
    return found[0]


async def _demand_possible_life(
    connection: Connection, child: ChildV1, entry: Entry, values: Mapping[str, Any]
) -> None:
    """Every living visit and the beginning of every living intervention lie between birth and death or departure.

    Those of children merged into this one, too.
    """
    if child.birth_date > entry.today:
        raise RefusedError(EntryProblem("birth_in_future", "birth_date"))
    family = [child.child_id, *await merged_into(connection, [child.child_id])]
    days = [visit.measured_on for visit in await of_child(connection, family) if not visit.voided]
    days += [fact.part.first_day for fact in await of_children(connection, family) if not fact.voided]
    if "birth_date" in values and any(day < child.birth_date for day in days):
        raise RefusedError(EntryProblem("measured_before_new_birth_date", "birth_date"))
    for name in ("died_on", "departed_on"):
        end = values.get(name)
        if end is not None and any(day > end for day in days):
            raise RefusedError(EntryProblem("measured_after_end", name, value=end.isoformat()))
