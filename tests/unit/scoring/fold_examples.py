"""Short ways to write children and measurements for the fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import numpy as np

from services.scoring.domain.danger_signs import mask_of
from services.scoring.domain.explain import RiskStatus, explain
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import ChildColumns, Fold, MeasurementColumns, ids
from services.scoring.domain.ruleset import RuleSet, load
from shared.growth.growth_tables import DAY_BLOCK, age_table
from tests.unit.scoring.growth_examples import floats

SEXES = {"": 0, "M": 1, "F": 2}
POSITIONS = {"": 0, "l": 1, "h": 2}
OEDEMAS: dict[bool | None, int] = {None: 0, False: 1, True: 2}


def fact(number: int) -> UUID:
    return UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + number)


@dataclass
class Child:
    number: int
    sex: str = "M"
    born: date | None = date(2024, 1, 15)
    birth_weight: float | None = None
    gestation: int | None = None
    root: int | None = None  # number of the surviving child


@dataclass
class Visit:
    """One measurement fact; `number` gives the id, and when it was recorded unless `recorded` says otherwise."""

    number: int
    child: int
    on: date
    weight: float | None = None
    length: float | None = None
    position: str = ""
    oedema: bool | None = None
    muac: float | None = None
    head: float | None = None
    signs: tuple[str, ...] | None = None
    temperature: float | None = None
    api: bool = False
    remeasured: bool = False
    voided: bool = False
    recorded: int | None = None


@dataclass
class Story:
    """Children and their visits, in any order."""

    children: list[Child]
    visits: list[Visit] = field(default_factory=list)

    def columns(self) -> tuple[ChildColumns, MeasurementColumns]:
        roots = sorted({c.number if c.root is None else c.root for c in self.children})
        place = {c.number: i for i, c in enumerate(self.children)}
        return (
            ChildColumns(
                child_id=ids([fact(c.number) for c in self.children]),
                root=np.array([roots.index(c.number if c.root is None else c.root) for c in self.children], np.int64),
                is_root=np.array([c.root is None for c in self.children], np.bool_),
                sex=np.array([SEXES[c.sex] for c in self.children], np.int8),
                birth_date=np.array([c.born for c in self.children], "M8[D]"),
                birth_weight_kg=floats(c.birth_weight for c in self.children),
                gestation_weeks=floats(c.gestation for c in self.children),
            ),
            measurement_columns(self.visits, place),
        )

    def folded(self, rules: RuleSet | None = None, until: date | None = None) -> Fold:
        return fold(*self.columns(), rules or load(), until)

    def status(self, root: int = 0, until: date | None = None) -> RiskStatus:
        return explain(self.folded(until=until), [root])[0]


def measurement_columns(visits: Sequence[Visit], place: dict[int, int]) -> MeasurementColumns:
    return MeasurementColumns(
        fact_id=ids([fact(v.number) for v in visits]),
        child=np.array([place[v.child] for v in visits], np.int64),
        measured_on=np.array([v.on for v in visits], "M8[D]"),
        recorded_at=np.array([v.number if v.recorded is None else v.recorded for v in visits], np.int64),
        channel=np.array([v.api for v in visits], np.int8),
        is_remeasurement=np.array([v.remeasured for v in visits], np.bool_),
        voided=np.array([v.voided for v in visits], np.bool_),
        weight_kg=floats(v.weight for v in visits),
        length_height_cm=floats(v.length for v in visits),
        position=np.array([POSITIONS[v.position] for v in visits], np.int8),
        oedema=np.array([OEDEMAS[v.oedema] for v in visits], np.int8),
        muac_cm=floats(v.muac for v in visits),
        head_circumference_cm=floats(v.head for v in visits),
        danger_signs=np.array([mask_of(v.signs) for v in visits], np.int32),
        temperature_c=floats(v.temperature for v in visits),
    )


def length_at(haz: float, days: int, sex: str = "M") -> float:
    """The length that scores `haz` at that age, unrounded."""
    table, row = age_table("lhfa"), SEXES[sex] * DAY_BLOCK + days + 1
    return float(table.m[row] * (1 + table.sl[row] * haz))


def weight_at(waz: float, days: int, sex: str = "M") -> float:
    """The weight that scores `waz` at that age, unrounded."""
    table, row = age_table("wfa"), SEXES[sex] * DAY_BLOCK + days + 1
    return float(table.m[row] * (1 + table.sl[row] * waz) ** (1 / table.l[row]))


def visit(
    number: int, child: Child, on: date, haz: float | None = None, waz: float | None = None, **more: object
) -> Visit:
    """A visit with given scores, measured in the expected position."""
    if child.born is None:
        raise AssertionError("the scores of a visit need a birth date")
    days = (on - child.born).days
    return Visit(
        number,
        child.number,
        on,
        weight=None if waz is None else weight_at(waz, days, child.sex),
        length=None if haz is None else length_at(haz, days, child.sex),
        **{"position": "l" if days < 731 else "h", **more},  # type: ignore[arg-type]
    )


def rule_ids(status: RiskStatus) -> list[str]:
    return [reason.rule_id for reason in status.reasons]


def unknown_things(status: RiskStatus) -> dict[str, str]:
    return {unknown.what: unknown.because for unknown in status.unknowns}


def day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day
