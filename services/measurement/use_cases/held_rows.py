"""A row that is held back: what is kept of it, sealed, until a person has answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.measurement.store.quarantine import HeldRow, StoredHeldRow
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from shared.contracts.fact import new_fact_id


class Doubt(NamedTuple):
    """Why a row is held back: the code, the field it is about, and the value as it was read."""

    code: str
    field: str
    value: float | str | None = None


@dataclass(frozen=True, slots=True)
class HeldContent:
    """`fields` = the values that could be read, by our names; `cells` = the row of a file as it came, by its heads."""

    fields: Mapping[str, Any]
    doubts: tuple[Doubt, ...]
    proposed: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, Any] = field(default_factory=dict)


def held_row(
    content: HeldContent, entry: Entry, vault: Vault, intake_id: UUID | None = None, row_number: int | None = None
) -> HeldRow:
    """The row to be kept for a person, with its content sealed."""
    quarantine_id = new_fact_id()
    kept = {"fields": content.fields, "doubts": [tuple(doubt) for doubt in content.doubts], "cells": content.cells}
    return HeldRow(
        quarantine_id=quarantine_id,
        channel=entry.channel,
        source=entry.source,
        areas=entry.areas,
        reasons=tuple(dict.fromkeys(doubt.code for doubt in content.doubts)),
        sealed=vault.seal(quarantine_id, orjson.dumps(kept, default=str)),
        proposed=dict(content.proposed),
        intake_id=intake_id,
        row_number=row_number,
    )


def opened(held: StoredHeldRow, vault: Vault) -> HeldContent:
    """What was kept of the row; dates are ISO text."""
    kept = orjson.loads(vault.open(held.quarantine_id, held.sealed))
    return HeldContent(kept["fields"], tuple(Doubt(*doubt) for doubt in kept["doubts"]), held.proposed, kept["cells"])
