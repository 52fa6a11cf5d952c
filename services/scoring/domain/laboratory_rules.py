"""The laboratory part of a rule set: cut-offs of readings, the panel, reflexes, which results belong together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.ruleset_checks import Checks, Table

READINGS: Final = ("haemoglobin_who_2024", "haemoglobin_who_2011", "ferritin", "crp", "agp", "zinc", "mcv")
HAEMOGLOBIN: Final = ("haemoglobin_who_2024", "haemoglobin_who_2011")  # the first is the one that decides
REFLEXES: Final = ("haemoglobin_low", "ferritin_depends")
LAST_MONTH: Final = 240
LARGEST: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Band:
    """Cut-offs of an age: completed months from `from_months` to before `before_months`; rising, each strict below."""

    from_months: int
    before_months: int
    below: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Elevation:
    """What is subtracted from a value: (from metres, amount) rising, the highest step reached counts."""

    steps: tuple[tuple[float, float], ...]
    source: str
    provisional: bool

    def subtraction(self, elevation_m: float) -> float:
        """The amount at that elevation; between steps nothing is interpolated."""
        reached = [amount for from_m, amount in self.steps if elevation_m >= from_m]
        return reached[-1] if reached else 0.0

    @property
    def largest(self) -> float:
        """The most that is ever subtracted."""
        return self.steps[-1][1] if self.steps else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRule:
    """How one test is read. Values are compared at `decimals`, in `unit`; an age without a band has no reference.

    The numbers of a band: haemoglobin severe, moderate, mild; ferritin deficient, sufficient; zinc later in the day,
    before noon; MCV low; CRP and AGP have no bands but `raised_above`.
    """

    rule_id: str
    test_code: str
    unit: str
    decimals: int
    source: str
    provisional: bool
    bands: tuple[Band, ...] = ()
    raised_above: float = 0.0
    before_hour: int = 0  # of zinc: local time before which the cut-off of the morning holds
    elevation: Elevation | None = None

    def band(self, months: int) -> Band | None:
        """The band of an age, None where there is none."""
        return next((band for band in self.bands if band.from_months <= months < band.before_months), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryRules:
    """Everything a rule set says about the laboratory."""

    readings: dict[str, ReadingRule]
    together_at_most_days: int
    orderables: dict[str, tuple[str, ...]]
    core_panel: tuple[str, ...]
    reflexes: dict[str, tuple[str, ...]]

    def orderable_of(self, test_code: str) -> str:
        """What must be ordered to get this test; a test nobody orders by another name is its own."""
        return next((name for name, tests in self.orderables.items() if test_code in tests), test_code)

    def in_order(self, orderables: set[str]) -> tuple[str, ...]:
        """Orderables in the order of the rule set, whatever the order in which they were asked for."""
        known = [name for name in self.orderables if name in orderables]
        return (*known, *sorted(orderables - set(known)))


def laboratory_rules(checks: Checks) -> LaboratoryRules:
    """Read `[readings.*]`, `[elevation.*]` and `[laboratory.*]`; problems are noted in `checks`."""
    orderables = checks.table("laboratory", "orderables")
    names = orderables.own_keys()
    tests = {name: orderables.texts(name) for name in names}
    panel, reflex = checks.table("laboratory", "panel"), checks.table("laboratory", "reflex")
    rules = LaboratoryRules(
        readings={name: _reading(checks, name) for name in READINGS},
        together_at_most_days=checks.table("laboratory", "together").whole("at_most_days", 0, 60),
        orderables=tests,
        core_panel=panel.texts("core"),
        reflexes={name: reflex.texts(name) for name in REFLEXES},
    )
    for table, asked in ((panel, rules.core_panel), *((reflex, names) for names in rules.reflexes.values())):
        table.require(set(asked) <= set(tests), "names only orderables of [laboratory.orderables]")
    return rules


def _reading(checks: Checks, name: str) -> ReadingRule:
    table = checks.table("readings", name)
    bands: tuple[Band, ...] = ()
    raised_above, before_hour = 0.0, 0
    match name:
        case "crp" | "agp":
            raised_above = table.number("raised_above", 0, LARGEST)
        case "zinc":
            before_hour = table.whole("before_hour", 1, 23)
            bands = _bands(table, ("low_later_below", "low_before_hour_below"))
        case "ferritin":
            bands = _bands(table, ("deficient_below", "sufficient_from"))
        case "mcv":
            bands = _bands(table, ("low_below",))
        case _:
            bands = _bands(table, ("severe_below", "moderate_below", "mild_below"))
    return ReadingRule(
        rule_id=name,
        test_code=table.word("test"),
        unit=table.word("unit"),
        decimals=table.whole("decimals", 0, 3),
        source=table.source,
        provisional=table.status == "P",
        bands=bands,
        raised_above=raised_above,
        before_hour=before_hour,
        elevation=_elevation(checks, name) if name in HAEMOGLOBIN else None,
    )


def _bands(table: Table, cuts: tuple[str, ...]) -> tuple[Band, ...]:
    """Bands must rise and touch: half-open, without hole or overlap between the first and the last."""
    bands = []
    for inner in table.rows("bands"):
        first, last = inner.whole("from_months", 0, LAST_MONTH), inner.whole("before_months", 0, LAST_MONTH)
        below = tuple(inner.number(cut, 0, LARGEST) for cut in cuts)
        inner.require(first < last, "from_months must be before before_months")
        inner.require(list(below) == sorted(below), f"{', '.join(cuts)} must rise")
        bands.append(Band(first, last, below))
    touching = all(one.before_months == two.from_months for one, two in itertools.pairwise(bands))
    table.require(touching, "bands must follow each other without hole or overlap")
    return tuple(bands)


def _elevation(checks: Checks, name: str) -> Elevation:
    table = checks.table("elevation", name)
    steps = table.pairs("subtract", LARGEST)
    rising = all(one[0] < two[0] and one[1] < two[1] for one, two in itertools.pairwise(steps))
    table.require(bool(steps) and rising, "subtract must be rising pairs of metres and amount")
    return Elevation(steps, table.source, table.status == "P")
