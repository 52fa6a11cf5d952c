"""Facts of lab and elevations of the register as tables: merged like all evidence, the newest order wins."""

from __future__ import annotations

from typing import Final

from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from shared.contracts.register import RegisterEntryV1
from shared.postgres.merge import Column, FactTable, plain

LAB_ORDERS: FactTable[LabOrderV1] = FactTable(
    "lab_order",
    (
        plain("child_id", "uuid"),
        plain("case_id", "uuid"),
        plain("laboratory_code", "text"),
        plain("priority", "text"),
        plain("state", "text"),
        plain("ordered_on", "date"),
        plain("completed_on", "date"),
        Column("tests", "json", lambda order: {test.orderable: test.state for test in order.tests}),
    ),
)
LAB_RESULTS: FactTable[LabResultV1] = FactTable(
    "lab_result",
    (
        plain("child_id", "uuid"),
        plain("test_code", "text"),
        plain("drawn_on", "date"),
        plain("drawn_at", "timestamptz"),
        plain("reported_at", "timestamptz"),
        plain("specimen", "text"),
        plain("value", "double precision"),
        plain("comparator", "text"),
        plain("canonical_unit", "text"),
        plain("method", "text"),
        Column("findings", "text", lambda result: " ".join(result.findings)),
        plain("administered_at", "timestamptz"),
        plain("voided", "boolean"),
    ),
)
CRITICAL_VALUES: FactTable[CriticalValueV1] = FactTable(
    "critical_value",
    (
        plain("child_id", "uuid"),
        plain("result_id", "uuid"),
        plain("test_code", "text"),
        plain("drawn_on", "date"),
        plain("value", "double precision"),
        Column("critical_limit", "double precision", lambda fact: fact.limit),
        plain("side", "text"),
        plain("state", "text"),
    ),
)
# Only entries of desa come here (`is_desa`).
ELEVATIONS: FactTable[RegisterEntryV1] = FactTable(
    "desa_elevation",
    (
        plain("code", "text"),
        Column("elevation_m", "double precision", lambda entry: None if entry.voided else entry.elevation_m),
    ),
    key=("code",),
)
DESA_LEVELS: Final = frozenset({"desa", "kelurahan"})


def is_desa(entry: RegisterEntryV1) -> bool:
    """Whether the entry says how high a desa may lie."""
    return entry.entry == "area" and entry.level in DESA_LEVELS
