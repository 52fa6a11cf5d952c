"""Lines of an explanation: one finding, result, gap or task in one plain sentence, with what it rests on beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.place_of_care import PlaceOfCare
from services.scoring.domain.texts import Words
from services.scoring.domain.texts_numbers import day, haemoglobin, number, quantity
from shared.contracts.risk import CaseV1, EarlyWarning, FollowUpV1, Reading, Reason, Unknown

# Units of what growth rules look at; a rule on a laboratory value has the unit of the value.
RULE_UNITS: Final = {
    "muac_severe": "cm",
    "whz_severe": "SD",
    "infant_severe": "SD",
    "haz_severe": "SD",
    "haz_low": "SD",
    "waz_severe": "SD",
    "waz_low": "SD",
    "whz_low": "SD",
    "haz_drop": "SD",
    "low_birth_weight": "kg",
    "preterm": "wk",
    "stunting_risk": "1",
}
HAEMOGLOBIN: Final = "haemoglobin"
LAB_RULE: Final = "rule_lab"  # rules of the tier on laboratory values; their lines stand with the results


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the value behind a reason: its unit and, where it is a laboratory's, its test."""

    unit: str | None
    test_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence and its evidence; what does not apply is empty. `code` is the raw code that `text` puts in words."""

    text: str
    code: str | None = None
    rule_id: str | None = None
    value: float | None = None
    unit: str | None = None
    threshold: float | None = None
    source: str | None = None
    provisional: bool = False
    fact_id: UUID | None = None
    on: date | None = None
    due_on: date | None = None
    owner_role: str | None = None
    overdue: bool = False


def care_text(care: PlaceOfCare, words: Words) -> str:
    """The place of care with its reasons in one sentence."""
    reasons = [words.name(reason, "care_reason") for reason in care.reasons]
    missing = [words.name(thing, "settle_with") for thing in care.missing]
    signs = ", ".join(words.name(sign, "danger_sign") for sign in care.complications)
    told = "; ".join(reasons if care.place == "inpatient" else missing)
    return words.say("place_of_care", care.place, told=told, signs=f" ({signs})" if signs else "")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes lines in one language, as of `today`."""

    words: Words
    today: date

    def reason(self, reason: Reason, measured: Measured) -> Line:
        """A rule that fired. A rule nobody has put into words is still shown, with its id."""
        words, is_haemoglobin = self.words, measured.test_code == HAEMOGLOBIN
        group = next((name for name in ("rule", LAB_RULE) if words.knows(name, reason.rule_id)), None)
        parts = {
            "rule_id": reason.rule_id,
            "test": "" if measured.test_code is None else words.begin(measured.test_code, "test"),
            "value": self._amount(reason.value, measured.unit, is_haemoglobin=is_haemoglobin),
            "threshold": self._amount(reason.threshold, measured.unit, is_haemoglobin=is_haemoglobin),
            "on": day(reason.measured_on, words.language),
            "signs": ", ".join(words.name(sign, "danger_sign") for sign in reason.signs),
        }
        text = words.say("fixed", "other_rule", **parts)
        if group is not None:
            text = words.say(group, reason.rule_id, **parts)
        if reason.early_warning is not None:
            text = " ".join([text, *self._why(reason.early_warning)])
        return Line(
            text=text,
            code=reason.rule_id,
            rule_id=reason.rule_id,
            value=reason.value,
            unit=measured.unit,
            threshold=reason.threshold,
            source=reason.source,
            provisional=reason.provisional,
            fact_id=reason.fact_id,
            on=reason.measured_on,
        )

    def reading(self, reading: Reading) -> Line:
        """What a laboratory value means, with what weakens it."""
        words, unit = self.words, reading.canonical_unit
        is_haemoglobin = reading.test_code == HAEMOGLOBIN
        rule = "" if reading.rule_id == reading.test_code else words.name(reading.rule_id, "reading_rule")
        parts = [
            words.say(
                "fixed",
                "reading",
                test=words.begin(reading.test_code, "test"),
                value=", ".join(words.name(code, "finding") for code in reading.findings)
                or self._amount(reading.value, unit, reading.comparator, is_haemoglobin=is_haemoglobin),
                on=day(reading.drawn_on, words.language),
                grade=words.name(reading.grade, "grade"),
                rule=f", {rule}" if rule else "",
            )
        ]
        if reading.adjusted_value is not None:
            amount = self._amount(reading.adjusted_value, unit, reading.comparator, is_haemoglobin=is_haemoglobin)
            parts.append(words.say("fixed", "adjusted", value=amount))
        if reading.threshold is not None:
            limit = self._amount(reading.threshold, unit, is_haemoglobin=is_haemoglobin)
            parts.append(words.say("fixed", "limit", threshold=limit))
        parts += [words.name(note, "note") for note in reading.notes]
        if reading.settle_with is not None:
            parts.append(words.say("fixed", "settles", settle=words.name(reading.settle_with, "settle_with", "test")))
        return Line(
            text=" ".join(parts),
            code=reading.grade,
            rule_id=reading.rule_id,
            value=reading.value,
            unit=unit,
            threshold=reading.threshold,
            source=reading.source,
            provisional=reading.provisional,
            fact_id=reading.result_id,
            on=reading.drawn_on,
        )

    def unknown(self, unknown: Unknown) -> Line:
        """What could not be judged, why, and the one thing that would settle it."""
        words = self.words
        text = words.say(
            "fixed",
            "unknown_with",
            what=words.begin(unknown.what, "what", "test"),
            because=words.name(unknown.because, "because", "grade"),
            settle=words.name(unknown.settle_with, "settle_with", "test"),
        )
        if unknown.values:
            scores = " / ".join(quantity(value, "SD", words.language) for value in unknown.values)
            text = f"{text} {words.say('fixed', 'both_values', values=scores)}"
        return Line(text=text, code=unknown.settle_with, fact_id=unknown.fact_id)

    def required_test(self, orderable: str, state: str) -> Line:
        """A test the case requires, and where it stands."""
        test = self.words.begin(orderable, "test")
        text = self.words.say("fixed", "required_test", test=test, state=self.words.name(state, "because"))
        return Line(text=text, code=orderable)

    def track(self, track: str) -> Line:
        """What the tier asks for."""
        return Line(text=self.words.name(track, "track"), code=track)

    def task(self, task: FollowUpV1) -> Line:
        """An open task, with owner and due date; overdue as of today."""
        words = self.words
        late = (self.today - task.due_on).days
        text = words.say(
            "fixed",
            "task",
            task=words.name(task.task, "task"),
            due_on=day(task.due_on, words.language),
            owner=words.name(task.owner_role, "owner"),
        )
        if late > 0:
            text = f"{text} {words.say('fixed', 'overdue', days=number(late, words.language))}"
        return Line(
            text=text,
            code=task.task,
            fact_id=task.because_fact_id,
            on=task.opened_on,
            due_on=task.due_on,
            owner_role=task.owner_role,
            overdue=late > 0,
        )

    def case(self, case: CaseV1) -> Iterable[Line]:
        """Where the live case stands, and its milestones."""
        decided = case.confirmed_on or case.opened_on
        on = case.opened_on if case.state == "open" else decided
        if case.other_cause is None or case.state != "other_cause":
            yield self._dated("case", case.state, on, case.fact_id)
        else:
            cause = self.words.name(case.other_cause, "other_cause")
            yield self._dated("case", "other_cause_named", on, case.fact_id, cause=cause)
        for milestone in case.milestones:
            yield self._dated("milestone", milestone.name, milestone.on, case.fact_id)
        if case.needs_review:
            yield self.fixed("case", "needs_review")

    def newest(self, item: Mapping[str, Any]) -> Iterable[Line]:
        """What the last measurement (of the growth series) shows beside the reasons of the tier."""
        told = {"on": day(item["measured_on"], self.words.language)}
        for what, velocity in item["velocity"].items():
            if velocity is not None and velocity["low"]:
                days = number(velocity["days"], self.words.language)
                yield self._measured(f"{what}_velocity_low", item, {**told, "days": days}, velocity["z"])
        if item["letters_differ"]:
            letters = {"letter": item["letter"], "reported": item["reported_letter"]}
            yield self._measured("letters_differ", item, {**told, **letters})
        if item["corrected"] is not None:
            scores = {name: self._amount(value, "SD") or "-" for name, value in item["corrected"].items()}
            yield self._measured("corrected_age", item, scores, item["corrected"]["haz"])

    def _measured(
        self, code: str, item: Mapping[str, Any], parts: Mapping[str, object], value: float | None = None
    ) -> Line:
        text = self.words.say("growth", code, **parts)
        unit = None if value is None else "SD"
        return Line(
            text=text, code=code, value=value, unit=unit, fact_id=item["measurement_id"], on=item["measured_on"]
        )

    def care(self, care: PlaceOfCare) -> Line:
        """Where a child with gizi buruk is cared for, or what is missing to say so."""
        text = care_text(care, self.words)
        return Line(text=text, code=care.place, source=care.source, provisional=care.provisional)

    def fixed(self, group: str, code: str, **parts: object) -> Line:
        """A sentence that rests on nothing but the absence of something."""
        return Line(text=self.words.say(group, code, **parts), code=code)

    def _dated(self, group: str, code: str, on: date, fact_id: UUID, **parts: object) -> Line:
        text = self.words.say(group, code, on=day(on, self.words.language), **parts)
        return Line(text=text, code=code, fact_id=fact_id, on=on)

    def _why(self, warning: EarlyWarning) -> Iterable[str]:
        """The reasons of a risk, each with its number."""
        for code, value in warning.reasons.items():
            yield self.words.say("early_warning", code, value=quantity(value, "SD", self.words.language))

    def _amount(
        self, value: float | None, unit: str | None, comparator: str | None = None, *, is_haemoglobin: bool = False
    ) -> str:
        if value is None:
            return ""
        if is_haemoglobin and unit == "g/L":
            return haemoglobin(value, self.words.language, comparator)
        return quantity(value, unit, self.words.language, comparator)
