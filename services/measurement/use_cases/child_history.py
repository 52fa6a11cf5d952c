"""Every state of a child, of its measurements and interventions, and of the children merged into it.

Who made it, when, why, from what.

`until` asks for the history as it was known then: an instant, exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.history import Change, changes, identity_changes
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN, ever_merged_into
from services.measurement.store.interventions import INTERVENTIONS
from services.measurement.store.measurements import MEASUREMENTS
from services.measurement.store.tracked_rows import Author
from services.measurement.store.vault import Identity, Sealed, Vault
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import ChildFact
from shared.contracts.intervention import InterventionV1
from shared.postgres.pool import Connection

# What says which revision it is, not what the record says.
_ENVELOPE: Final = {"fact_id", "child_id", "epoch", "revision", "change", "known_at", "recorded_at"}


@dataclass(frozen=True, slots=True)
class Step:
    """One revision: the fact as it then was, where it came from, and what it changed; a first one changed nothing."""

    fact: ChildV1 | MeasurementV1 | InterventionV1
    author: Author
    changes: tuple[Change, ...]

    @property
    def order(self) -> tuple[datetime, UUID, int, int]:
        """By the time it was recorded; ties by fact and revision."""
        return (self.fact.known_at, self.fact.fact_id, *self.fact.order)


@dataclass(frozen=True, slots=True)
class ChildHistory:
    """`child`, `measurements`, `interventions` are the state asked for (no child = not known then); `steps` led there.

    Newest first.
    """

    child: ChildV1 | None
    measurements: list[MeasurementV1]
    interventions: list[InterventionV1]
    steps: list[Step]


async def child_history(connection: Connection, child_id: UUID, until: datetime | None, vault: Vault) -> ChildHistory:
    """The history of a child that the caller may see.

    Whoever is merged into the child belongs to it with everything recorded there; of one who was parted again only
    merge and unmerge are told.
    """
    ever = await ever_merged_into(connection, child_id)
    states = _known(await CHILDREN.history(connection, [child_id, *ever]), until)
    now = {fact.child_id: fact for fact, _ in states}  # the last of each
    members = [fact.child_id for fact in now.values() if child_id in {fact.child_id, fact.merged_into}]
    seen = _identities(await _sealed(connection, members), vault)
    steps = [
        Step(fact, author, (*_changes(before, fact), *_identity_changes(seen, before, fact)))
        for fact, author, before in _paired(states)
        if fact.child_id in members or child_id in {fact.merged_into, before and before.merged_into}
    ]
    visits = _known(await MEASUREMENTS.history(connection, members), until)
    steps += [Step(fact, author, tuple(_changes(before, fact))) for fact, author, before in _paired(visits)]
    done = _known(await INTERVENTIONS.history(connection, members), until)
    steps += [Step(fact, author, tuple(_changes(before, fact))) for fact, author, before in _paired(done)]
    present = {fact.fact_id: fact for fact, _ in visits}
    acts = {fact.fact_id: fact for fact, _ in done}
    return ChildHistory(
        now.get(child_id),
        sorted(present.values(), key=lambda fact: (fact.measured_on, fact.recorded_at, fact.fact_id)),
        sorted(acts.values(), key=lambda fact: (fact.part.first_day, fact.recorded_at, fact.fact_id)),
        sorted(steps, key=lambda step: step.order, reverse=True),
    )


def _known(found: Sequence[tuple[Any, Author]], until: datetime | None) -> list[tuple[Any, Author]]:
    return [(fact, author) for fact, author in found if until is None or fact.known_at < until]


def _paired(found: Sequence[tuple[Any, Author]]) -> list[tuple[Any, Author, Any]]:
    """Each state with the one before it."""
    last: dict[UUID, ChildFact] = {}
    paired = []
    for fact, author in found:
        paired.append((fact, author, last.get(fact.fact_id)))
        last[fact.fact_id] = fact
    return paired


def _changes(before: ChildFact | None, after: ChildFact) -> list[Change]:
    if before is None:
        return []
    return changes(before.model_dump(mode="json", exclude=_ENVELOPE), after.model_dump(mode="json", exclude=_ENVELOPE))


Held = Mapping[UUID, Sequence[tuple[tuple[int, int] | None, Identity]]]


async def _sealed(
    connection: Connection, child_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[tuple[int, int] | None, Sealed]]]:
    """Of each child its identities with the last revision that had them, the present one last and without."""
    present = await identities.find(connection, child_ids)
    found: dict[UUID, list[tuple[tuple[int, int] | None, Sealed]]] = {child_id: [] for child_id in present}
    for kept in await identities.kept_of(connection, list(present)):
        sealed = Sealed(present[kept.child_id].sealed.wrapped_key, kept.sealed)
        found[kept.child_id].append((kept.order, sealed))
    for child_id, row in present.items():
        found[child_id].append((None, row.sealed))
    return found


def _identities(sealed: Mapping[UUID, Sequence[tuple[tuple[int, int] | None, Sealed]]], vault: Vault) -> Held:
    """Opened, where there is something to compare."""
    return {
        child_id: [(order, vault.open_identity(child_id, item)) for order, item in items]
        for child_id, items in sealed.items()
        if len(items) > 1
    }


def _identity_changes(held: Held, before: ChildV1 | None, after: ChildV1) -> list[Change]:
    if before is None or after.child_id not in held:
        return []
    return identity_changes(_identity_at(held, before), _identity_at(held, after))


def _identity_at(held: Held, fact: ChildV1) -> Identity:
    found = held[fact.child_id]
    return next(identity for order, identity in found if order is None or fact.order <= order)
