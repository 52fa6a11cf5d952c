"""Facts of small made-up districts: single ones for examples, whole random histories for properties.

A history is a list of facts in the order in which their owners recorded them. It obeys what owners guarantee
(revisions count up, `known_at` never falls, an assessment names the revision it judged) and nothing else.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.calendar import completed_months
from shared.contracts.child import ChildV1, MeasurementV1, Residence
from shared.contracts.fact import Fact, derived_fact_id
from shared.contracts.intervention import (
    BreastfeedingRecall,
    Dose,
    InterventionV1,
    Part,
    SupplementaryFeeding,
    Supplementation,
)
from shared.contracts.register import RegisterEntryV1, RegisterKind, register_fact_id
from shared.contracts.risk import AssessmentV1, CaseV1, Milestone, RiskStatusV1

KECAMATAN = ("12.19.01", "12.19.02")
DESA = ("12.19.01.2003", "12.19.01.2004", "12.19.02.2001")
EMPTY_DESA = "12.19.02.2009"  # in the register, and nobody lives there
POSYANDU = {code: (f"{code}.P001", f"{code}.P002") for code in DESA}
TIERS = ("low", "watch", "suspected", "urgent")
BORN = date(2024, 3, 10)
START = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """An instant, so many minutes after the beginning of every test's time."""
    return START + timedelta(minutes=minutes)


def child_id(number: int) -> UUID:
    """Child `number` of a test: always the same, spread over the buckets of a rebuild."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"child {number}")


def child(number: int = 1, *, revision: int = 1, known: float = 0, homes: Sequence[tuple[date, str, str | None]] = (),
          **fields: Any) -> ChildV1:  # fmt: skip
    """A child fact; without `homes` it lives in the first desa from birth."""
    born = fields.pop("birth_date", BORN)
    places = homes or ((born, DESA[0], POSYANDU[DESA[0]][0]),)
    content: dict[str, Any] = {"sex": "female", "change": "recorded", "birth_date": born} | fields
    return ChildV1(
        fact_id=child_id(number), child_id=child_id(number), epoch=1, revision=revision, known_at=at(known),
        residences=tuple(Residence(valid_from=day, desa_code=desa, posyandu_code=post) for day, desa, post in places),
        **content,
    )  # fmt: skip


def measurement(
    name: str, on: date, *, of: int = 1, revision: int = 1, known: float = 1, **fields: Any
) -> MeasurementV1:
    """A measurement fact; `name` tells measurements apart."""
    content: dict[str, Any] = {
        "weight_kg": 9.3,
        "length_height_cm": 74.5,
        "channel": "file",
        "source": "test",
        "change": "recorded",
    }
    return MeasurementV1(
        fact_id=uuid.uuid5(child_id(of), name), child_id=child_id(of), epoch=1, revision=revision, known_at=at(known),
        measured_on=on, recorded_at=fields.pop("recorded_at", at(1)), **(content | fields),
    )  # fmt: skip


def assessment(
    judged: MeasurementV1, *, revision: int | None = None, known: float | None = None, **fields: Any
) -> AssessmentV1:
    """An assessment of a measurement revision; normal in everything, unless told."""
    content: dict[str, Any] = {
        "haz": -1.0,
        "waz": -0.9,
        "whz": -0.5,
        "baz": -0.4,
        "tier": "low",
        "letter": "N",
        "is_primary": True,
    }
    if judged.length_height_cm is None:
        content |= {"haz": None, "whz": None, "baz": None}
    if judged.weight_kg is None:
        content |= {"waz": None, "whz": None, "baz": None, "letter": None}
    return AssessmentV1(
        fact_id=derived_fact_id(judged.fact_id, "assessment"), child_id=judged.child_id, epoch=1,
        revision=revision or judged.revision, change="recorded",
        known_at=judged.known_at if known is None else max(at(known), judged.known_at),
        measurement_id=judged.fact_id, measurement_epoch=judged.epoch, measurement_revision=judged.revision,
        ruleset_version="test", measured_on=judged.measured_on, voided=judged.voided, age_days=0,
        age_months=completed_months(BORN, judged.measured_on), **(content | fields),
    )  # fmt: skip


def case(name: str = "a", *, of: int = 1, revision: int = 1, known: float = 2, **fields: Any) -> CaseV1:
    """A case, open since November's visit unless told; `name` tells cases apart, `milestones` = {name: day}."""
    reached: dict[str, date] = fields.pop("milestones", {})
    content: dict[str, Any] = {"opened_on": date(2025, 11, 4), "tier": "suspected", "state": "open"}
    if "closed_on" in fields:
        content |= {"state": "closed", "close_reason": "recovered"}
    return CaseV1(
        fact_id=uuid.uuid5(child_id(of), f"case {name}"), child_id=child_id(of), epoch=1, revision=revision,
        change="recorded", known_at=at(known), opened_by_fact_id=child_id(of), ruleset_version="test",
        **(content | fields | {"milestones": [{"name": name, "on": on} for name, on in reached.items()]}),
    )  # fmt: skip


def act(name: str, part: Part, *, of: int = 1, revision: int = 1, known: float = 2, **fields: Any) -> InterventionV1:
    """Something done for a child; `name` tells acts apart."""
    content = {
        "fact_id": uuid.uuid5(child_id(of), f"act {name}"), "child_id": child_id(of), "epoch": 1, "revision": revision,
        "known_at": at(known), "change": "recorded", "source": "test", "recorded_at": at(known),
        "type": part.type_name, part.type_name: part,
    }  # fmt: skip
    return InterventionV1.model_validate(content | fields)


def vitamin_a(on: date, dose: Dose = "red_200000_iu") -> Supplementation:
    """A capsule."""
    return Supplementation(supplement="vitamin_a", dose=dose, given_on=on)


def feeding(since: date, until: date | None = None) -> SupplementaryFeeding:
    """A course of supplementary feeding."""
    ended: dict[str, Any] = {} if until is None else {"ended_on": until, "end_reason": "completed"}
    return SupplementaryFeeding(feeding_class="wasted", product="local", started_on=since, **ended)


def risk_status(of: int = 1, *, revision: int = 1, known: float = 2, **fields: Any) -> RiskStatusV1:
    """The present status of a child."""
    return RiskStatusV1(
        fact_id=derived_fact_id(child_id(of), "risk-status"), child_id=child_id(of), epoch=1, revision=revision,
        change="recorded", known_at=at(known), ruleset_version="test", **({"tier": "suspected"} | fields),
    )  # fmt: skip


def entry(
    kind: RegisterKind, code: str, name: str, *, revision: int = 1, known: float = 0, **fields: Any
) -> RegisterEntryV1:
    """A register entry, valid from 2020 unless told."""
    content: dict[str, Any] = {"valid_from": date(2020, 1, 1), "change": "recorded"}
    return RegisterEntryV1(
        fact_id=register_fact_id(kind, code), epoch=1, revision=revision, known_at=at(known), entry=kind, code=code,
        name=name, **(content | fields),
    )  # fmt: skip


def register() -> list[Fact]:
    """One kabupaten with the desa and posyandu of this module, and a desa where nobody lives."""
    facts: list[Fact] = [
        entry("area", "12", "Sumatera Utara", level="provinsi"),
        entry("area", "12.19", "Kabupaten Batu Bara", level="kabupaten", parent_code="12"),
        *(entry("area", code, f"Kecamatan {code[-2:]}", level="kecamatan", parent_code="12.19") for code in KECAMATAN),
    ]
    facts += [
        entry("area", code, f"Desa {code[-4:]}", level="desa", parent_code=code[:8]) for code in (*DESA, EMPTY_DESA)
    ]
    for desa, posts in POSYANDU.items():
        facts += [entry("posyandu", code, f"Posyandu {code[-1]}", parent_code=desa) for code in posts]
    facts.append(entry("puskesmas", "PKM-12.19.01-1", "Puskesmas Satu", parent_code="12.19.01", desa_codes=DESA[:2]))
    return facts


class _Owner:
    """Plays the owners of the facts: keeps the newest revision of each and makes the next one."""

    def __init__(self, seed: int, *, merging: bool) -> None:
        self.merging = merging
        self.dice = random.Random(seed)
        self.cards = random.Random(seed + 1)  # of its own: what else happens does not depend on it
        self.clock = 0.0
        self.facts: list[Fact] = []
        self.children: dict[UUID, ChildV1] = {}
        self.measurements: dict[UUID, MeasurementV1] = {}
        self.assessments: dict[UUID, AssessmentV1] = {}
        self.cases: dict[UUID, CaseV1] = {}
        self.acts: dict[UUID, InterventionV1] = {}

    def publish(self, fact: Any) -> None:
        self.facts.append(fact)
        kept: dict[str, dict[UUID, Any]] = {
            "child": self.children,
            "measurement": self.measurements,
            "assessment": self.assessments,
            "case": self.cases,
            "intervention": self.acts,
        }
        kept[fact.kind][fact.fact_id] = fact

    def revise(self, fact: Any, change: str, **fields: Any) -> None:
        moved = {"revision": fact.revision + 1, "known_at": at(self.clock), "change": change}
        if isinstance(fact, ChildV1) and self.cards.random() < 0.4:
            moved["has_growth_card"] = self.card()
        self.publish(fact.model_copy(update=moved | fields))

    def day(self) -> date:
        """One of few days in five months, so that measurements meet in a month and on a day."""
        return date(2025, 12, 1) + timedelta(days=self.dice.choice((-20, -1, 0, 3, 3, 14, 30, 31, 34, 62, 80, 109)))

    def card(self) -> bool | None:
        return self.cards.choice((True, False, None))

    def home(self) -> tuple[str, str | None]:
        desa = self.dice.choice(DESA)
        return desa, self.dice.choice((*POSYANDU[desa], None))

    def step(self) -> None:
        self.clock += self.dice.choice((0, 0, 1, 700, 1500))
        often = ((self.measure, self.judge) * 3) + (self.open_case, self.advance_case, self.serve)
        seldom = [self.correct, self.void, self.move, self.leave, self.redate, self.serve_otherwise]
        if self.merging:
            seldom += [self.merge, self.unmerge]
        self.dice.choice((*often, *seldom, self.register_child))()

    def register_child(self) -> None:
        if len(self.children) < 6:
            birth = self.dice.choice((BORN, date(2021, 1, 20), date(2020, 12, 31), date(2026, 1, 9)))
            homes = [(birth + timedelta(days=self.dice.choice((0, 0, 400))), *self.home())]
            card = self.card()
            number = len(self.children)
            self.publish(child(number, known=self.clock, homes=homes, birth_date=birth, has_growth_card=card))

    def measure(self) -> None:
        if not self.children:
            return
        of = self.dice.choice(list(self.children))
        blank = self.dice.choice(("", "", "", "weight_kg", "length_height_cm"))
        values: dict[str, Any] = {"weight_kg": 9.0, "length_height_cm": self.dice.choice((70.0, 74.5))}
        if blank:
            values[blank] = None
        name = str(len(self.measurements))
        fact = measurement(name, self.day(), known=self.clock, recorded_at=at(self.clock), **values)
        changed: dict[str, Any] = {
            "child_id": of,
            "fact_id": uuid.uuid5(of, name),
            "channel": self.dice.choice(("file", "api")),
            "is_remeasurement": self.dice.random() < 0.2,
        }
        self.publish(fact.model_copy(update=changed))

    def judge(self) -> None:
        unjudged = [
            fact for fact in self.measurements.values()
            if (old := self.assessments.get(derived_fact_id(fact.fact_id, "assessment"))) is None
            or old.measurement_revision != fact.revision or self.dice.random() < 0.05
        ]  # fmt: skip
        if not unjudged:
            return
        fact = self.dice.choice(unjudged)
        old = self.assessments.get(derived_fact_id(fact.fact_id, "assessment"))
        oedema = self.dice.random() < 0.1
        scores = (-6.5, -3.01, -3.0, -2.01, -2.0, 0.5, 2.0, 2.01, 3.5, None)
        fields: dict[str, Any] = {index: self.dice.choice(scores) for index in ("haz", "waz", "whz", "baz")}
        if oedema:
            fields |= {"waz": None, "whz": None, "baz": None}
        fields |= {f"{index}_flagged": fields[index] == -6.5 for index in ("haz", "waz", "whz", "baz")}
        fields |= {
            "oedema": oedema, "is_primary": self.dice.random() < 0.8,
            "letter": self.dice.choice(("N", "T", "O", "B", None)), "twice_not_gained": self.dice.random() < 0.2,
            "below_red_line": self.dice.random() < 0.2, "tier": self.dice.choice(TIERS),
        }  # fmt: skip
        self.publish(assessment(fact, revision=old.revision + 1 if old else 1, known=self.clock, **fields))

    def open_case(self) -> None:
        if self.children and len(self.cases) < 8:
            of = self.dice.choice(list(self.children))
            opened = case(known=self.clock, opened_on=self.day())
            changed = {"fact_id": uuid.uuid5(of, f"case {len(self.cases)}"), "child_id": of}
            self.publish(opened.model_copy(update=changed))

    def advance_case(self) -> None:
        if not self.cases:
            return
        fact = self.dice.choice(list(self.cases.values()))
        names = ("remeasured", "lab_ordered", "lab_complete", "referred", "care_started")
        reached: dict[Any, date] = {item.name: item.on for item in fact.milestones}
        name = self.dice.choice(names)
        if self.dice.random() < 0.2:
            reached.pop(name, None)  # an order that is open again
        else:
            reached[name] = self.day()
        fields: dict[str, Any] = {
            "milestones": tuple(Milestone(name=name, on=on) for name, on in reached.items()),
            "anaemia": self.dice.choice((None, "yes", "no", "indeterminate")),
            "opened_on": self.day() if self.dice.random() < 0.1 else fact.opened_on,
        }
        if self.dice.random() < 0.4:
            reason = self.dice.choice(("recovered", "cleared", "merged", "entered_in_error"))
            fields |= {"state": "closed", "close_reason": reason, "closed_on": self.day()}
        else:
            fields |= {"state": "open", "close_reason": None, "closed_on": None}
        self.revise(fact, "moved", **fields)

    def part(self) -> Part:
        """A capsule, a course (open or ended) or an answer."""
        day = self.day()
        return self.dice.choice((
            vitamin_a(day, self.dice.choice(("blue_100000_iu", "red_200000_iu"))),
            feeding(day, self.dice.choice((None, day + timedelta(days=40)))),
            BreastfeedingRecall(asked_on=day, exclusive=self.dice.random() < 0.5),
        ))  # fmt: skip

    def serve(self) -> None:
        if self.children:
            of = self.dice.choice(list(self.children))
            name = str(len(self.acts))
            fact = act(name, self.part(), known=self.clock)
            self.publish(fact.model_copy(update={"child_id": of, "fact_id": uuid.uuid5(of, f"act {name}")}))

    def serve_otherwise(self) -> None:
        """A correction keeps the type of what was done; or it never was."""
        if self.acts:
            fact = self.dice.choice(list(self.acts.values()))
            part = self.part()
            if part.type_name == fact.type:
                self.revise(fact, "corrected", **{fact.type: part})
            else:
                self.revise(fact, "voided", voided=not fact.voided)

    def correct(self) -> None:
        if self.measurements:
            fact = self.dice.choice(list(self.measurements.values()))
            self.revise(fact, "corrected", measured_on=self.day(), weight_kg=self.dice.choice((None, 8.8)))

    def void(self) -> None:
        if self.measurements:
            fact = self.dice.choice(list(self.measurements.values()))
            self.revise(fact, "voided", voided=not fact.voided)

    def move(self) -> None:
        if self.children:
            fact = self.dice.choice(list(self.children.values()))
            desa, post = self.home()
            day = self.day()
            kept = [home for home in fact.residences if home.valid_from < day] or [fact.residences[0]]
            if day > kept[-1].valid_from:
                home = Residence(valid_from=day, desa_code=desa, posyandu_code=post)
                self.revise(fact, "relocated", residences=(*kept, home))

    def merge(self) -> None:
        survivors = [fact for fact in self.children.values() if fact.merged_into is None]
        taken = {fact.merged_into for fact in self.children.values()}
        losers = [fact for fact in survivors if fact.fact_id not in taken]
        if losers and len(survivors) > 1:
            loser = self.dice.choice(losers)
            into = self.dice.choice([fact for fact in survivors if fact is not loser])
            self.revise(loser, "merged", merged_into=into.fact_id)

    def unmerge(self) -> None:
        merged = [fact for fact in self.children.values() if fact.merged_into is not None]
        if merged:
            self.revise(self.dice.choice(merged), "unmerged", merged_into=None)

    def leave(self) -> None:
        if self.children:
            fact = self.dice.choice(list(self.children.values()))
            how = self.dice.choice(("died_on", "departed_on", "voided"))
            value = self.dice.random() < 0.5 if how == "voided" else self.dice.choice((None, self.day()))
            self.revise(fact, "corrected", **{how: value})

    def redate(self) -> None:
        if self.children and self.dice.random() < 0.3:
            fact = self.dice.choice(list(self.children.values()))
            self.revise(fact, "corrected", birth_date=fact.birth_date + timedelta(days=self.dice.choice((-31, 31))))


def random_history(seed: int, steps: int, *, merging: bool = True) -> list[Fact]:
    """Facts of `steps` things that happened, in the order in which they became known; without `merging`, no merges."""
    owner = _Owner(seed, merging=merging)
    owner.register_child()
    for _ in range(steps):
        owner.step()
    return owner.facts
