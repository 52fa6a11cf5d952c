"""What was done for a child, each thing beside what was measured before, during and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.code_words import Json
from services.scoring.domain.courses import Course, course_on
from services.scoring.domain.observed_change import Change, Point, changes, gain_g_per_kg_per_day, parts
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import texts
from services.scoring.store.growth import growth_series
from services.scoring.store.interventions import StoredIntervention, family_interventions
from services.scoring.use_cases.show_growth import growth_item
from shared.postgres.pool import Connection

FEEDING: Final = "supplementary_feeding"
SHOWN: Final = ("measurement_id", "measured_on", "weight_kg", "length_height_cm", "muac_cm", "letter")
SCORES: Final = ("waz", "whz", "haz")


@dataclass(frozen=True, slots=True)
class Beside:
    """An intervention with the measurements around it (items of the growth series) and what changed."""

    act: StoredIntervention
    before: Json | None
    during: tuple[Json, ...]
    after: Json | None
    changes: Mapping[str, Change]
    course: Course | None  # of supplementary feeding


async def show_interventions(connection: Connection, child_id: UUID, rules: RuleSet, today: date) -> Json | None:
    """As JSON, the earliest first; None for a child that is not visible."""
    series = await growth_series(connection, child_id)
    if series is None:
        return None
    items = [item for each in series.judged() if (item := growth_item(*each))["is_primary"]]
    acts = await family_interventions(connection, series.root_id)
    observed = texts()["intervention"]["observed"]
    return {
        "child_id": series.root_id,
        "notice_id": observed["id"],
        "notice_en": observed["en"],
        "ruleset_version": rules.version,
        "items": [_shown(one) for one in beside_growth(acts, items, rules, today)],
    }


def beside_growth(
    acts: Sequence[StoredIntervention], items: Sequence[Json], rules: RuleSet, today: date
) -> list[Beside]:
    """Each of `acts` beside the primary items of the growth series, which ascend by day."""
    days = [item["measured_on"] for item in items]
    points = [_point(item) for item in items]
    found = []
    for act in acts:
        first, last = parts(days, act.began_on, act.ended_on)
        found.append(
            Beside(
                act=act,
                before=items[first - 1] if first else None,
                during=tuple(items[first:last]),
                after=items[last] if last < len(items) else None,
                changes=changes(points, act.began_on, act.ended_on),
                course=_course(act, points, rules, today) if act.type == FEEDING else None,
            )
        )
    return found


def _course(act: StoredIntervention, points: Sequence[Point], rules: RuleSet, today: date) -> Course:
    planned = act.part["planned_days"] or rules.courses.days[act.part["feeding_class"]]
    weighed_on = [point.on for point in points if "weight_kg" in point.values]
    return course_on(today, act.began_on, act.ended_on, planned, weighed_on, rules.courses.weighing_every_days)


def _point(item: Json) -> Point:
    values = {name: item["scores"][name]["z"] for name in SCORES if not item["scores"][name]["flagged"]}
    known = {"weight_kg": item["weight_kg"], **values}
    return Point(item["measured_on"], {name: value for name, value in known.items() if value is not None})


def _shown(one: Beside) -> Json:
    act = one.act
    shown: dict[str, Any] = {
        "intervention_id": act.fact_id,
        "child_id": act.child_id,
        "type": act.type,
        "began_on": act.began_on,
        "ended_on": act.ended_on,
        "state": "open" if act.ended_on is None else "ended",
        act.type: act.part,
        "before": None if one.before is None else _measured(one.before),
        "during": [_measured(item) for item in one.during],
        "after": None if one.after is None else _measured(one.after),
        "changes": {name: asdict(change) for name, change in one.changes.items()},
    }
    if one.course is not None:
        shown["course"] = asdict(one.course)
        shown["gain_g_per_kg_per_day"] = gain_g_per_kg_per_day(one.changes["weight_kg"])
    return shown


def _measured(item: Json) -> Json:
    scores = {name: {key: item["scores"][name][key] for key in ("z", "flagged")} for name in SCORES}
    return {**{name: item[name] for name in SHOWN}, "scores": scores}
