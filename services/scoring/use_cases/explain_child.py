"""One child explained to who cares for it: what is known, what is not, what must happen, by whom and until when.

Everything comes from stored facts: the explanation judges nothing, so it cannot differ from the status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.scoring.domain.household import Risk
from services.scoring.domain.place_of_care import PlaceOfCare
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import Words
from services.scoring.domain.texts_numbers import day
from services.scoring.store import lists
from services.scoring.store.growth import growth_series
from services.scoring.store.hints import open_hints_of
from services.scoring.store.interventions import family_interventions
from services.scoring.use_cases.care_of_child import care_of_child
from services.scoring.use_cases.confidential import case_without, status_without
from services.scoring.use_cases.explanation_lines import RULE_UNITS, Line, Measured, Writer
from services.scoring.use_cases.hint_view import UNITS, hint_text
from services.scoring.use_cases.household_view import risks_of_family, yes_lines
from services.scoring.use_cases.intervention_lines import intervention_lines
from services.scoring.use_cases.show_growth import growth_item
from services.scoring.use_cases.show_interventions import Beside, beside_growth
from shared.contracts.hint import HintV1
from shared.contracts.risk import CaseV1, FollowUpV1, RiskStatusV1
from shared.postgres.pool import Connection
from shared.problems import Language


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about a child. `test_states`: of the live case's order; `results`: those that reasons name."""

    status: RiskStatusV1
    case: CaseV1 | None
    test_states: Mapping[str, str]
    tasks: tuple[FollowUpV1, ...]
    results: Mapping[UUID, tuple[str, str | None]] = field(default_factory=dict)  # → test code and unit
    hints: tuple[HintV1, ...] = ()  # open ones, the most probable first
    care: PlaceOfCare | None = None  # of a child with gizi buruk
    household: tuple[Risk, ...] = ()
    newest: Mapping[str, Any] | None = None  # the last measurement that counts, as the growth series shows it
    interventions: tuple[Beside, ...] = ()  # the earliest first


async def explain_child(
    connection: Connection,
    child_id: UUID,
    language: Language,
    today: date,
    rules: RuleSet,
    hidden: AbstractSet[str] = frozenset(),
) -> dict[str, Any] | None:
    """The explanation as JSON, without the `hidden` tests; None for a child that is not visible or has no status."""
    status = await lists.status_of(connection, child_id)
    if status is None:
        return None
    root_id = UUID(status["child_id"])
    case = await lists.live_case(connection, root_id)
    tasks = await lists.open_tasks(connection, root_id)
    states = {} if case is None else await lists.test_states(connection, root_id, UUID(case["fact_id"]))
    items = await _counted(connection, root_id)
    acts = await family_interventions(connection, root_id)
    case = None if case is None else case_without(case, hidden)
    read = RiskStatusV1.model_validate(status_without(status, hidden), extra="ignore")
    speaking = [reason.fact_id for reason in read.reasons if reason.rule_id not in RULE_UNITS]
    live = None if case is None else CaseV1.model_validate(case, extra="ignore")
    known = Known(
        read,
        live,
        states,
        tuple(FollowUpV1.model_validate(task, extra="ignore") for task in tasks),
        await lists.tests_of_results(connection, root_id, speaking) if speaking else {},
        tuple(await open_hints_of(connection, root_id)),
        None if live is None else await care_of_child(connection, live, rules),
        await risks_of_family(connection, root_id, rules),
        items[-1] if items else None,
        tuple(one for one in beside_growth(acts, items, rules, today) if _recent(one, rules, today)),
    )
    return explanation(known, language, today)


def _recent(one: Beside, rules: RuleSet, today: date) -> bool:
    """What goes on, or has ended so lately that its end is told beside the present growth."""
    return one.act.ended_on is None or (today - one.act.ended_on).days <= rules.outdated_after_days


async def _counted(connection: Connection, root_id: UUID) -> list[dict[str, Any]]:
    """The measurement of each day that counts."""
    series = await growth_series(connection, root_id)
    items = [] if series is None else [growth_item(*each) for each in series.judged()]
    return [item for item in items if item["is_primary"]]


def explanation(known: Known, language: Language, today: date) -> dict[str, Any]:
    """Headline, sections of lines, the words explained, and who decides."""
    words = Words(language)
    writer = Writer(words, today)
    status = known.status
    headline = f"{status.tier}_priority" if status.priority else status.tier
    if not words.knows("headline", headline):
        headline = status.tier
    written: dict[str, list[Line]] = {
        "growth": list(_growth(writer, known)),
        "hints": [_doubt(words, hint) for hint in known.hints],
        "laboratory": list(_laboratory(writer, known)),
        "unknown": list(_unknown(writer, status)),
        "required": list(_required(writer, known)),
        "next": list(_next(writer, known)),
        "household": list(_household(known, words)),
    }
    lines = [line for section in written.values() for line in section]
    notes = [words.say("fixed", "decides")]
    if any(line.provisional for line in lines):
        notes.append(words.say("fixed", "provisional"))
    spoken = " ".join([words.say("headline", headline), *notes, *(line.text for line in lines)])
    return {
        "child_id": status.child_id,
        "lang": language,
        "tier": status.tier,
        "tier_text": words.name(status.tier, "tier"),
        "priority": status.priority,
        "headline": words.say("headline", headline),
        "measured_on": status.measured_on,
        "known_at": status.known_at,
        "ruleset_version": status.ruleset_version,
        "sections": [
            {"section": name, "title": words.say("section", name), "lines": [asdict(line) for line in section]}
            for name, section in written.items()
        ],
        "notes": notes,
        "glossary": [{"word": word, "text": text} for word, text in words.glossary(spoken)],
    }


def _growth(writer: Writer, known: Known) -> Iterable[Line]:
    status = known.status
    reasons = [reason for reason in status.reasons if reason.fact_id not in known.results]
    for reason in reasons:
        yield writer.reason(reason, Measured(RULE_UNITS.get(reason.rule_id)))
    if not reasons and status.measured_on is None:
        yield writer.fixed("fixed", "never_measured")
    elif not reasons and status.measured_on is not None and not _gains_slowly(known):
        yield writer.fixed("fixed", "no_growth_rule", on=day(status.measured_on, writer.words.language))
    if known.newest is not None:
        yield from writer.newest(known.newest)
    yield from intervention_lines(writer, known.interventions)


def _doubt(words: Words, hint: HintV1) -> Line:
    """A value that is probably wrong; what is said of the child's growth rests on it all the same."""
    return Line(
        text=hint_text(hint, words),
        code=hint.error_kind,
        value=hint.evidence.value,
        unit=UNITS[hint.param],
        fact_id=hint.measurement_id,
        on=hint.measured_on,
    )


def _gains_slowly(known: Known) -> bool:
    """Whether the newest measurement shows something that no rule of the tier looks at."""
    velocities = [] if known.newest is None else known.newest["velocity"].values()
    return any(velocity is not None and velocity["low"] for velocity in velocities)


def _laboratory(writer: Writer, known: Known) -> Iterable[Line]:
    status = known.status
    for reason in status.reasons:
        if reason.fact_id in known.results:
            test_code, unit = known.results[reason.fact_id]
            yield writer.reason(reason, Measured(unit, test_code))
    for reading in status.readings:
        yield writer.reading(reading)
    yield writer.fixed("fixed", "laboratory_and_height" if known.results or status.readings else "no_results")


def _unknown(writer: Writer, status: RiskStatusV1) -> Iterable[Line]:
    for unknown in status.unknowns:
        yield writer.unknown(unknown)
    if not status.unknowns:
        yield writer.fixed("fixed", "no_unknowns")


def _required(writer: Writer, known: Known) -> Iterable[Line]:
    if known.care is not None:
        yield writer.care(known.care)
    for track in known.status.tracks:
        yield writer.track(track)
    for orderable in known.case.required_tests if known.case else ():
        yield writer.required_test(orderable, known.test_states.get(orderable, "not_ordered"))


def _household(known: Known, words: Words) -> Iterable[Line]:
    """What is there; no tier follows from it."""
    for risk, text in yes_lines(known.household, words.language):
        yield Line(text=text, code=risk.risk, value=risk.value, threshold=risk.threshold, on=risk.as_of)


def _next(writer: Writer, known: Known) -> Iterable[Line]:
    for task in sorted(known.tasks, key=lambda task: (task.due_on, task.task)):
        yield writer.task(task)
    if not known.tasks:
        yield writer.fixed("fixed", "no_tasks")
    if known.case is not None:
        yield from writer.case(known.case)
