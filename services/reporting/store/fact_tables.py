"""Where each kind of fact is kept: every revision, only the columns that figures and lists read."""

from __future__ import annotations

from typing import Any, Final

from shared.ledger.census import CensusTable
from shared.postgres.merge import Column, FactTable, plain

CHILD: Final[FactTable[Any]] = FactTable(
    "child_fact",
    (
        plain("child_id", "uuid"),
        plain("sex", "text"),
        plain("birth_date", "date"),
        # A mapping, since unnest cannot carry a list per row; the last residence of a day is the one that counts.
        Column(
            "residences",
            "jsonb",
            lambda fact: {
                home.valid_from.isoformat(): [home.desa_code, home.posyandu_code] for home in fact.residences
            },
        ),
        plain("died_on", "date"),
        plain("departed_on", "date"),
        plain("merged_into", "uuid"),
        plain("voided", "boolean"),
    ),
    history=True,
)
MEASUREMENT: Final[FactTable[Any]] = FactTable(
    "measurement_fact",
    (
        plain("child_id", "uuid"),
        plain("measured_on", "date"),
        plain("recorded_at", "timestamptz"),
        plain("channel", "text"),
        plain("is_remeasurement", "boolean"),
        plain("weight_kg", "double precision"),
        plain("length_height_cm", "double precision"),
        plain("voided", "boolean"),
    ),
    history=True,
)
ASSESSMENT: Final[FactTable[Any]] = FactTable(
    "assessment_fact",
    (
        plain("child_id", "uuid"),
        plain("measurement_id", "uuid"),
        plain("measurement_epoch", "integer"),
        plain("measurement_revision", "integer"),
        plain("voided", "boolean"),
        plain("is_primary", "boolean"),
        *(plain(index, "double precision") for index in ("haz", "waz", "whz", "baz")),
        *(plain(f"{index}_flagged", "boolean") for index in ("haz", "waz", "whz", "baz")),
        plain("oedema", "boolean"),
        plain("letter", "text"),
        plain("twice_not_gained", "boolean"),
        plain("below_red_line", "boolean"),
        plain("tier", "text"),
    ),
    # Read by measurement, which a fact never changes.
    key=("child_id", "measurement_id", "fact_id"),
    history=True,
)
RISK_STATUS: Final[FactTable[Any]] = FactTable(
    "risk_status_fact",
    (
        plain("child_id", "uuid"),
        plain("tier", "text"),
        plain("priority", "boolean"),
        plain("measured_on", "date"),
        Column("reasons_count", "integer", lambda fact: len(fact.reasons)),
        plain("voided", "boolean"),
    ),
    history=True,
)
CASE: Final[FactTable[Any]] = FactTable(
    "case_fact",
    (
        plain("child_id", "uuid"),
        plain("opened_on", "date"),
        plain("tier", "text"),
        plain("state", "text"),
        plain("close_reason", "text"),
        plain("closed_on", "date"),
        Column("milestones", "jsonb", lambda fact: {item.name: item.on.isoformat() for item in fact.milestones}),
        plain("confirmed_on", "date"),
    ),
    history=True,
)
FOLLOW_UP: Final[FactTable[Any]] = FactTable(
    "follow_up_fact",
    (
        plain("child_id", "uuid"),
        plain("case_id", "uuid"),
        plain("task", "text"),
        plain("owner_role", "text"),
        plain("opened_on", "date"),
        plain("due_on", "date"),
        plain("state", "text"),
        plain("done_on", "date"),
    ),
    history=True,
)
REGISTER: Final[FactTable[Any]] = FactTable(
    "register_fact",
    (
        plain("entry", "text"),
        plain("code", "text"),
        plain("name", "text"),
        plain("level", "text"),
        plain("parent_code", "text"),
        Column("desa_codes", "text", lambda fact: "|".join(fact.desa_codes)),
        plain("valid_from", "date"),
        plain("valid_to", "date"),
        plain("target_children", "integer"),
        plain("voided", "boolean"),
    ),
    key=("fact_id",),
    history=True,
)

# Kinds in the order in which they are merged: children before what is about them.
TABLES: Final[dict[str, FactTable[Any]]] = {
    "register-entry": REGISTER,
    "child": CHILD,
    "measurement": MEASUREMENT,
    "assessment": ASSESSMENT,
    "risk-status": RISK_STATUS,
    "case": CASE,
    "follow-up": FOLLOW_UP,
}
HOLDS: Final = tuple(CensusTable(kind, table.name, history=True) for kind, table in TABLES.items())
