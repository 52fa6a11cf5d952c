"""Where each kind of fact is kept: every revision, only the columns that figures and lists read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from services.reporting.domain.read_indicators import load
from shared.contracts.intervention import BreastfeedingRecall, InterventionV1
from shared.contracts.risk import Milestone, Reading
from shared.ledger.census import CensusTable
from shared.postgres.merge import Column, FactTable, plain

INDICES: Final = ("haz", "waz", "whz", "baz")
LABORATORY_TESTS: Final = load().laboratory_tests  # only these are kept: none of them is confidential


def _about_child(
    name: str, *columns: Column[Any] | tuple[str, str], key: tuple[str, ...] = ("child_id", "fact_id")
) -> FactTable[Any]:
    """A table of facts about children; a pair is a column named like the fact's field, with its type."""
    every = (plain(*column) if isinstance(column, tuple) else column for column in (("child_id", "uuid"), *columns))
    return FactTable(name, tuple(every), key=key, history=True)


def _first_days(milestones: Iterable[Milestone]) -> dict[str, str]:
    """The first day of each milestone: a second referral does not make the first one later."""
    days: dict[str, str] = {}
    for milestone in milestones:
        day = milestone.on.isoformat()
        days[milestone.name] = min(day, days.get(milestone.name, day))
    return days


def _readings(readings: Iterable[Reading]) -> dict[str, list[str]]:
    """[abnormal, grade] by test; of one that several rules read the first, which is that of the newer rule."""
    told: dict[str, list[str]] = {}
    for reading in readings:
        if reading.test_code in LABORATORY_TESTS:
            told.setdefault(reading.test_code, [reading.abnormal, reading.grade])
    return told


CHILD: Final = _about_child(
    "child_fact",
    ("sex", "text"),
    ("birth_date", "date"),
    # A mapping, since unnest cannot carry a list per row; the last residence of a day is the one that counts.
    Column(
        "residences",
        "jsonb",
        lambda fact: {home.valid_from.isoformat(): [home.desa_code, home.posyandu_code] for home in fact.residences},
    ),
    ("died_on", "date"),
    ("departed_on", "date"),
    ("merged_into", "uuid"),
    ("voided", "boolean"),
    ("has_growth_card", "boolean"),
)
MEASUREMENT: Final = _about_child(
    "measurement_fact",
    ("measured_on", "date"),
    ("recorded_at", "timestamptz"),
    ("channel", "text"),
    ("is_remeasurement", "boolean"),
    ("weight_kg", "double precision"),
    ("length_height_cm", "double precision"),
    ("voided", "boolean"),
    ("measurement_position", "text"),
    ("muac_cm", "double precision"),
    ("reported_letter", "text"),
    ("measurer_id", "text"),
    ("device_id", "text"),
)
ASSESSMENT: Final = _about_child(
    "assessment_fact",
    ("measurement_id", "uuid"),
    ("measurement_epoch", "integer"),
    ("measurement_revision", "integer"),
    ("voided", "boolean"),
    ("is_primary", "boolean"),
    *((index, "double precision") for index in INDICES),
    *((f"{index}_flagged", "boolean") for index in INDICES),
    ("oedema", "boolean"),
    ("letter", "text"),
    ("twice_not_gained", "boolean"),
    ("below_red_line", "boolean"),
    ("tier", "text"),
    ("ruleset_version", "text"),
    # Read by measurement; which one an assessment is about follows from its id and never changes.
    key=("child_id", "measurement_id", "fact_id"),
)
RISK_STATUS: Final = _about_child(
    "risk_status_fact",
    ("tier", "text"),
    ("priority", "boolean"),
    ("measured_on", "date"),
    Column("reasons_count", "integer", lambda fact: len(fact.reasons)),
    Column("readings", "jsonb", lambda fact: _readings(fact.readings)),
    ("voided", "boolean"),
)
CASE: Final = _about_child(
    "case_fact",
    ("opened_on", "date"),
    ("tier", "text"),
    ("state", "text"),
    ("close_reason", "text"),
    ("closed_on", "date"),
    Column("milestones", "jsonb", lambda fact: _first_days(fact.milestones)),
    ("anaemia", "text"),
    ("confirmed_on", "date"),
)
FOLLOW_UP: Final = _about_child(
    "follow_up_fact",
    ("case_id", "uuid"),
    ("task", "text"),
    ("owner_role", "text"),
    ("opened_on", "date"),
    ("due_on", "date"),
    ("state", "text"),
    ("done_on", "date"),
)
# What of its type an intervention is about, in a word: the field that says so.
SUBJECTS: Final = {
    "supplementary_feeding": "feeding_class",
    "supplementation": "supplement",
    "sanitation": "work",
    "parenting_education": "topic",
    "referral": "reason",
    "sponsorship": "support",
    "immunisation": "vaccine",
}


def _subject(fact: InterventionV1) -> str:
    part = fact.part
    if isinstance(part, BreastfeedingRecall):
        return "exclusive" if part.exclusive else "not_exclusive"
    return str(getattr(part, SUBJECTS[fact.type]))


INTERVENTION: Final = _about_child(
    "intervention_fact",
    ("type", "text"),
    Column("subject", "text", _subject),
    Column("dose", "text", lambda fact: fact.supplementation and fact.supplementation.dose),
    Column("began_on", "date", lambda fact: fact.part.first_day),
    Column("ended_on", "date", lambda fact: fact.part.last_day),
    ("voided", "boolean"),
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
    "intervention": INTERVENTION,
}
HOLDS: Final = tuple(CensusTable(kind, table.name, history=True) for kind, table in TABLES.items())
