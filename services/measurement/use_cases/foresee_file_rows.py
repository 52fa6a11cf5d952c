"""What taking a file would change, said before anything is: new, changed, unchanged, by the register as it stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.measurement.domain.places import MappingKey, PlaceBook
from services.measurement.domain.same_child import AmbiguousChildError, KnownChild
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_children import FileChildren
from services.measurement.use_cases.file_measurements import FileMeasurements
from services.measurement.use_cases.resident import Resident
from services.measurement.use_cases.take_file_rows import FileChunk, sort_rows
from shared.postgres.pool import Connection


@dataclass(slots=True)
class Foreseen:
    """The chunks of one file so far: counts, the children they would register, the readings they are about."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    names: set[MappingKey] = field(default_factory=set)
    children: list[KnownChild[UUID]] = field(default_factory=list)
    used: set[UUID] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """Rows by what they would become; of those held back by the register the reasons; names nobody knows."""
        names = ("new", "changed", "unchanged", "duplicate", "quarantined", "new_children")
        return {
            **{name: self.counts[name] for name in names},
            "reasons": dict(self.reasons),
            "unknown_names": len(self.names),
        }


_SAID: dict[str, str] = {"accepted": "new", "corrected": "changed", "unchanged": "unchanged"}


async def foresee_file_rows(
    connection: Connection, chunk: FileChunk, places: PlaceBook, entry: Entry, vault: Vault, foreseen: Foreseen
) -> None:
    """Add what the next chunk of the file would change; nothing is stored and nothing locked."""
    work = sort_rows(chunk, places, entry, vault)
    foreseen.names |= work.asked
    for outcome in work.outcomes:
        foreseen.counts[outcome.outcome] += 1
        if outcome.outcome == "quarantined":
            foreseen.reasons[outcome.reasons[0]] += 1
    children = await FileChildren.foresee(connection, work.residents, vault, foreseen.children)
    matched: list[tuple[Resident, UUID]] = []
    for resident in work.residents:
        gone = children.after_the_end(resident)
        if gone is not None:
            foreseen.counts["quarantined"] += 1
            foreseen.reasons[gone] += 1
            continue
        try:
            child_id, new = children.would_be(resident)
        except AmbiguousChildError:
            foreseen.counts["quarantined"] += 1
            foreseen.reasons["ambiguous_child"] += 1
            continue
        matched.append((resident, child_id))
        if new is not None:
            foreseen.counts["new_children"] += 1
            foreseen.children.append(new)
    visits = FileMeasurements(chunk.intake_id, children.root_of, entry, foreseen.used)
    for outcome in await visits.foresee(connection, matched):
        foreseen.counts[_SAID[outcome.outcome]] += 1
