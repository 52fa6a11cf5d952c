"""The laboratory part of a rule set: cut-offs of readings, the panel, reflexes, which results belong together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.ruleset_checks import Checks, Table

# What a band of each reading says: limits that a value may lie below, then limits that it may lie above, each rising.
CUTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "haemoglobin_who_2024": (("severe_below", "moderate_below", "mild_below"), ()),
    "haemoglobin_who_2011": (("severe_below", "moderate_below", "mild_below"), ()),
    "ferritin": (("deficient_below", "sufficient_from"), ()),
    "crp": ((), ()),
    "agp": ((), ()),
    "zinc": (("low_later_below", "low_before_hour_below"), ()),
    "mcv": (("low_below",), ()),
    "retinol": (("severe_below", "deficient_below"), ()),
    "vitamin_d": (("deficient_below", "insufficient_below"), ()),
    "vitamin_b12": (("deficient_below",), ("sufficient_above",)),
    "folate": (("microbiologic_below", "radioassay_below"), ()),
    "albumin": (("severe_below", "low_below"), ()),
    "tsh": (("low_below",), ("repeat_above", "refer_above")),
    "ft4": (("low_below",), ("high_above",)),
    "ascaris_eggs": (("light_from", "moderate_from", "heavy_from"), ()),
    "trichuris_eggs": (("light_from", "moderate_from", "heavy_from"), ()),
    "hookworm_eggs": (("light_from", "moderate_from", "heavy_from"), ()),
}
FOUND: Final = ("stool_parasites", "urine_leukocyte_esterase", "urine_nitrite", "urine_culture", "hiv", "hiv_pcr")
SKIN: Final = ("mantoux", "mantoux_rt23")
READINGS: Final = (*CUTS, *FOUND, *SKIN)
ASSAYS: Final = ("microbiologic", "radioassay")  # of folate
RAISED: Final = ("crp", "agp")  # no bands: raised at any age
HAEMOGLOBIN: Final = ("haemoglobin_who_2024", "haemoglobin_who_2011")  # the first is the one that decides
REFLEXES: Final = ("haemoglobin_low", "ferritin_depends", "tsh_raised", "urine_positive", "hiv_maternal")
LAST_MONTH: Final = 240
LARGEST: Final = 100_000.0


@dataclass(frozen=True, slots=True)
class Band:
    """Cut-offs of an age: completed months from `from_months` to before `before_months`.

    `below` (strict) rising, then `above` (strict) rising; what they are called is in `CUTS`.
    """

    from_months: int
    before_months: int
    below: tuple[float, ...]
    above: tuple[float, ...] = ()


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

    CRP and AGP have no bands but `raised_above`; a qualitative test has no unit but findings that are `normal` or
    `inconclusive`: every other is abnormal.
    """

    rule_id: str
    test_code: str
    unit: str
    decimals: int
    source: str
    provisional: bool
    bands: tuple[Band, ...] = ()
    raised_above: float = 0.0
    mentzer_below: float = 0.0  # of MCV: the index that hints at thalassaemia trait
    before_hour: int = 0  # of zinc: local time before which the cut-off of the morning holds
    elevation: Elevation | None = None
    assays: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of folate: assay, how laboratories write it
    normal: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    own_from_months: int = 0  # of HIV antibodies: from when they are the child's own
    positive_from: float = 0.0  # of a skin test, and of one in a child whose defence is weak
    weak_from: float = 0.0
    read_from_hours: int = 0  # after the injection
    read_to_hours: int = 0

    def assay(self, method: str | None) -> str | None:
        """The assay that is meant by what a laboratory wrote as its method; None where that is none of ours."""
        words = set("".join(char if char.isalnum() else " " for char in (method or "").casefold()).split())
        return next((name for name, written in self.assays if words & set(written)), None)

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
    refer: dict[str, tuple[str, ...]]  # reading → grades that a doctor has to see
    confidential: frozenset[str]  # tests whose results only those see who treat the child
    anaemia_type_provisional: bool

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
    refer = checks.table("laboratory", "refer")
    rules = LaboratoryRules(
        readings={name: _reading(checks, name) for name in READINGS},
        together_at_most_days=checks.table("laboratory", "together").whole("at_most_days", 0, 60),
        orderables=tests,
        core_panel=panel.texts("core"),
        reflexes={name: reflex.texts(name) for name in REFLEXES},
        refer={name: refer.texts(name) for name in refer.own_keys()},
        confidential=frozenset(checks.table("laboratory", "confidential").texts("tests")),
        anaemia_type_provisional=checks.table("laboratory", "anaemia_type").status == "P",
    )
    refer.require(set(rules.refer) <= set(READINGS), "names only readings")
    for table, asked in ((panel, rules.core_panel), *((reflex, names) for names in rules.reflexes.values())):
        table.require(set(asked) <= set(tests), "names only orderables of [laboratory.orderables]")
    return rules


def _reading(checks: Checks, name: str) -> ReadingRule:
    table = checks.table("readings", name)
    if name in FOUND:
        return _found_rule(table, name)
    if name in SKIN:
        return _skin_rule(table, name)
    of_age = name not in RAISED
    return ReadingRule(
        rule_id=name,
        test_code=table.word("test"),
        unit=table.word("unit"),
        decimals=table.whole("decimals", 0, 3),
        source=table.source,
        provisional=table.status == "P",
        bands=_bands(table, *CUTS[name]) if of_age else (),
        raised_above=0.0 if of_age else table.number("raised_above", 0, LARGEST),
        mentzer_below=table.number("mentzer_below", 1, 30) if name == "mcv" else 0.0,
        before_hour=table.whole("before_hour", 1, 23) if name == "zinc" else 0,
        elevation=_elevation(checks, name) if name in HAEMOGLOBIN else None,
        assays=tuple((assay, table.texts(assay)) for assay in ASSAYS) if name == "folate" else (),
    )


def _found_rule(table: Table, name: str) -> ReadingRule:
    normal, inconclusive = table.texts("normal"), table.texts("inconclusive")
    table.require(
        bool(normal) and not set(normal) & set(inconclusive), "needs normal findings, none of them inconclusive"
    )
    return ReadingRule(
        rule_id=name,
        test_code=table.word("test"),
        unit="",
        decimals=0,
        source=table.source,
        provisional=table.status == "P",
        normal=normal,
        inconclusive=inconclusive,
        own_from_months=table.whole("own_from_months", 0, 60) if name == "hiv" else 0,
    )


def _skin_rule(table: Table, name: str) -> ReadingRule:
    rule = ReadingRule(
        rule_id=name,
        test_code=table.word("test"),
        unit=table.word("unit"),
        decimals=table.whole("decimals", 0, 3),
        source=table.source,
        provisional=table.status == "P",
        positive_from=table.number("positive_from", 1, 50),
        weak_from=table.number("weak_from", 1, 50),
        read_from_hours=table.whole("read_from_hours", 1, 240),
        read_to_hours=table.whole("read_to_hours", 1, 240),
    )
    table.require(rule.weak_from <= rule.positive_from, "weak_from must not be above positive_from")
    table.require(rule.read_from_hours <= rule.read_to_hours, "read_from_hours must not be after read_to_hours")
    return rule


def _bands(table: Table, below: tuple[str, ...], above: tuple[str, ...]) -> tuple[Band, ...]:
    """Bands must rise and touch: half-open, without hole or overlap between the first and the last."""
    bands = []
    for inner in table.rows("bands"):
        first, last = inner.whole("from_months", 0, LAST_MONTH), inner.whole("before_months", 0, LAST_MONTH)
        limits = tuple(inner.number(cut, 0, LARGEST) for cut in (*below, *above))
        inner.require(first < last, "from_months must be before before_months")
        inner.require(list(limits) == sorted(limits), f"{', '.join((*below, *above))} must rise")
        bands.append(Band(first, last, limits[: len(below)], limits[len(below) :]))
    touching = all(one.before_months == two.from_months for one, two in itertools.pairwise(bands))
    table.require(touching, "bands must follow each other without hole or overlap")
    return tuple(bands)


def _elevation(checks: Checks, name: str) -> Elevation:
    table = checks.table("elevation", name)
    steps = table.pairs("subtract", LARGEST)
    rising = all(one[0] < two[0] and one[1] < two[1] for one, two in itertools.pairwise(steps))
    table.require(bool(steps) and rising, "subtract must be rising pairs of metres and amount")
    return Elevation(steps, table.source, table.status == "P")
