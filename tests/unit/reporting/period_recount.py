"""Figures of a period counted from facts as a person would: visit by visit, child by child, for the tests alone.

It shares neither code nor steps with the projection: nothing is made of months here, but what the rules say of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1, CaseV1

BANDS = ((0, "0-5"), (6, "6-11"), (12, "12-23"), (24, "24-35"), (36, "36-47"), (48, "48-59"))
OF_INDEX = {
    "haz": ("haz_measured", "stunted", "severely_stunted", None, "haz_flagged"),
    "waz": ("waz_measured", "underweight", "severely_underweight", None, "waz_flagged"),
    "whz": ("whz_measured", "wasted", "severely_wasted", "overweight", "whz_flagged"),
    "baz": ("baz_measured", "baz_low", "baz_severely_low", None, "baz_flagged"),
}
STEPS = {"remeasured": "remeasured", "lab_ordered": "lab_ordered", "lab_complete": "lab_complete",
         "referred": "referred", "care_started": "in_care"}  # fmt: skip


class Visit(NamedTuple):
    """A judged measurement that counts."""

    root: ChildV1
    measurement: MeasurementV1
    assessment: AssessmentV1

    @property
    def on(self) -> date:
        return self.measurement.measured_on

    @property
    def rank(self) -> tuple[Any, ...]:
        """The greatest speaks first."""
        m = self.measurement
        primary = self.assessment.is_primary
        return m.measured_on, primary, m.is_remeasurement, m.channel == "api", m.recorded_at, -m.fact_id.int


class Counted(NamedTuple):
    """Where and as what a child counts in a period, and its marks."""

    desa_code: str
    posyandu_code: str
    sex: str | None
    band: str
    marks: frozenset[str]


def months_between(born: date, on: date) -> int:
    return (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)


def newest(facts: Iterable[Any]) -> dict[UUID, Any]:
    last: dict[UUID, Any] = {}
    for fact in facts:
        known = last.get(fact.fact_id)
        if known is None or (known.epoch, known.revision) < (fact.epoch, fact.revision):
            last[fact.fact_id] = fact
    return last


def home_of(child: ChildV1, on: date) -> tuple[str, str]:
    homes = sorted(child.residences, key=lambda home: home.valid_from)
    begun = [home for home in homes if home.valid_from <= on] or homes[:1]
    return begun[-1].desa_code, begun[-1].posyandu_code or ""


class Recount:
    """What is known of `facts` before an instant; None = all of them."""

    def __init__(self, facts: Sequence[Fact], known_before: datetime | None = None) -> None:
        known = [fact for fact in facts if known_before is None or fact.known_at < known_before]
        children: dict[UUID, ChildV1] = newest(fact for fact in known if isinstance(fact, ChildV1))
        self.roots: dict[UUID, ChildV1] = {}
        for child_id, child in children.items():
            root = children.get(child.merged_into) if child.merged_into is not None else child
            if root is not None and root.merged_into is None and not root.voided and not child.voided:
                self.roots[child_id] = root
        self.visits = list(self._visits(known))
        self.cases = [case for case in newest(fact for fact in known if isinstance(fact, CaseV1)).values()
                      if case.close_reason != "entered_in_error" and case.child_id in self.roots]  # fmt: skip

    def _visits(self, known: Sequence[Fact]) -> Iterator[Visit]:
        revisions = {(m.fact_id, m.epoch, m.revision): m for m in known if isinstance(m, MeasurementV1)}
        judged: dict[UUID, tuple[tuple[Any, ...], MeasurementV1, AssessmentV1]] = {}
        for a in known:
            if not isinstance(a, AssessmentV1):
                continue
            m = revisions.get((a.measurement_id, a.measurement_epoch, a.measurement_revision))
            order = (a.epoch, a.revision, a.fact_id)
            if m is not None and (a.measurement_id not in judged or judged[a.measurement_id][0] < order):
                judged[a.measurement_id] = (order, m, a)
        for _, m, a in judged.values():
            root = self.roots.get(m.child_id)
            if root and not m.voided and not a.voided and 0 <= months_between(root.birth_date, m.measured_on) < 60:
                yield Visit(root, m, a)

    def period(self, first: date, last: date) -> list[Counted]:
        """Every child that counts from the day `first` to the day `last`, once."""
        counted = []
        for root in {root.fact_id: root for root in self.roots.values()}.values():
            visits = sorted((v for v in self.visits if v.root is root and first <= v.on <= last),
                            key=lambda visit: visit.rank, reverse=True)  # fmt: skip
            if visits:
                place, age = home_of(root, visits[0].on), months_between(root.birth_date, visits[0].on)
                counted.append(_counted(place, root, age, self._marks(visits)))
            elif (on := _last_day_as_target(root, first, last)) is not None:
                end = (on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
                age = min(59, months_between(root.birth_date, end))
                counted.append(_counted(home_of(root, on), root, age, frozenset()))
        return counted

    def _marks(self, visits: Sequence[Visit]) -> frozenset[str]:
        """`visits` of one child in the period, latest first."""
        marks: set[str] = set()
        by_month: dict[tuple[int, int], list[Visit]] = {}
        for visit in visits:
            by_month.setdefault((visit.on.year, visit.on.month), []).append(visit)
        weighed = [v for v in visits if v.measurement.weight_kg is not None]
        tall = [v for v in visits if v.measurement.length_height_cm is not None]
        if weighed:
            marks.add("weighed")
            spoken = weighed[0].assessment
            marks |= {f"letter_{spoken.letter.lower()}"} if spoken.letter else set()
            marks |= {"twice_not_gained"} if spoken.twice_not_gained else set()
            marks |= {"below_red_line"} if spoken.below_red_line else set()
        if tall:
            marks.add("height_measured")
            height = tall[0].measurement.length_height_cm
            assert height is not None
            marks |= {"height_whole_cm"} if height % 1 == 0 else set()
        if any(any(v in weighed for v in month) and any(v in tall for v in month) for month in by_month.values()):
            marks.add("both_measured")
        if any(v.assessment.oedema for v in visits):
            marks.add("oedema")
        for index, names in OF_INDEX.items():
            marks |= _of_index(index, names, [v.assessment for v in visits])
        self._add_tier_and_case(marks, by_month)
        return frozenset(marks)

    def _add_tier_and_case(self, marks: set[str], by_month: dict[tuple[int, int], list[Visit]]) -> None:
        told = False
        for (year, month), visits in sorted(by_month.items(), reverse=True):
            tier = visits[0].assessment.tier
            if tier not in {"suspected", "urgent"}:
                continue
            marks |= {"suspected", "urgent"} if tier == "urgent" else {"suspected"}
            speaks = [
                case for case in self.cases
                if self.roots[case.child_id] is visits[0].root
                and (case.opened_on.year, case.opened_on.month) <= (year, month)
                and (case.closed_on is None or case.closed_on >= date(year, month, 1))
            ]  # fmt: skip
            if speaks and not told:
                told = True
                case = max(speaks, key=lambda c: (c.close_reason != "merged", c.opened_on, c.fact_id))
                marks |= {STEPS[step.name] for step in case.milestones if step.name in STEPS}
                marks |= {"recovered"} if case.close_reason == "recovered" and case.closed_on else set()
                marks |= {"anaemia_known"} if case.anaemia in {"yes", "no"} else set()
                marks |= {"anaemic"} if case.anaemia == "yes" else set()


def _of_index(index: str, names: Sequence[str | None], seen: Sequence[AssessmentV1]) -> set[str]:
    measured, low, very_low, high, flagged = names
    for assessment in seen:
        score = getattr(assessment, index)
        if score is None:
            if assessment.oedema and index != "haz":
                return {name for name in (measured, low, very_low) if name}
            continue
        if getattr(assessment, f"{index}_flagged"):
            return {str(flagged)}
        told = {(measured, True), (low, score < -2), (very_low, score < -3), (high, score > 2)}
        return {name for name, holds in told if holds and name}
    return set()


def _last_day_as_target(root: ChildV1, first: date, last: date) -> date | None:
    born = root.birth_date
    day = max(first, born, min(home.valid_from for home in root.residences))
    begin = max(born, min(home.valid_from for home in root.residences))
    gone = min([day for day in (root.died_on, root.departed_on) if day is not None], default=date.max)
    found = None
    while day <= last:
        alive = day < gone or (day == begin == gone)  # born and gone on one day is one day
        if alive and months_between(born, day) < 60:
            found = day
        day += timedelta(days=1)
    return found


def _counted(place: tuple[str, str], root: ChildV1, age: int, marks: frozenset[str]) -> Counted:
    band = next(name for since, name in reversed(BANDS) if age >= since)
    return Counted(*place, root.sex, band, marks)
