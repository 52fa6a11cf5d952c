"""Judge the ledgers of all services: balanced, unsettled or imbalanced; no term is a remainder of the others.

`unsettled` means that something measured is still under way (lag, outbox, sessions to judge) or set aside (open dead
letters); `imbalanced` means that numbers differ and nothing measured explains it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

State = Literal["balanced", "unsettled", "imbalanced"]
INTAKE_TERMS = ("accepted", "unchanged", "rejected", "quarantined", "pending")


def worst(states: Iterable[State]) -> State:
    """The state of a whole: one imbalance spoils it, one open end leaves it unsettled."""
    found = set(states)
    return "imbalanced" if "imbalanced" in found else "unsettled" if "unsettled" in found else "balanced"


def judge_intake(intake: Mapping[str, int]) -> dict[str, Any]:
    """`received = accepted + unchanged + rejected + quarantined + pending`."""
    difference = intake["received"] - sum(intake[term] for term in INTAKE_TERMS)
    return {**intake, "difference": difference, "state": "imbalanced" if difference else "balanced"}


def judge_bus(parts: Sequence[Mapping[str, Any]], compacted_topics: frozenset[str]) -> dict[str, Any]:
    """Per consumer and partition: `next - first = applied + not_newer + dead` (+ offsets compacted away)."""
    wrong: list[dict[str, Any]] = []
    totals = {"records": 0, "applied": 0, "not_newer": 0, "dead": 0, "gaps": 0, "lag": 0, "outbox_pending": 0}
    open_dead = 0
    for part in parts:
        totals["outbox_pending"] += part["bus"]["outbox_pending"]
        open_dead += sum(row["n"] for row in part["bus"]["dead_letters"] if row["state"] == "open")
        for row in part["bus"]["partitions"]:
            moved = row["next_offset"] - row["first_offset"]
            totals["records"] += moved
            for term in ("applied", "not_newer", "dead", "gaps", "lag"):
                totals[term] += row[term]
            if unaccounted_records(row, compacted_topics):
                wrong.append({"service": part["service"], **row})
    state: State = "imbalanced" if wrong else "unsettled" if totals["lag"] or totals["outbox_pending"] else "balanced"
    return {**totals, "open_dead_letters": open_dead, "wrong": wrong, "state": state}


def unaccounted_records(row: Mapping[str, Any], compacted_topics: frozenset[str]) -> int:
    """Records of one consumed partition that are counted nowhere, kept nowhere, or were never seen; 0 is right."""
    moved = row["next_offset"] - row["first_offset"]
    counted = row["applied"] + row["not_newer"] + row["dead"] + row["gaps"]
    lost = row["gaps"] if row["topic"] not in compacted_topics else 0
    return int(abs(moved - counted) + abs(row["dead"] - row["dead_stored"]) + lost)


def judge_facts(parts: Sequence[Mapping[str, Any]], *, under_way: bool, open_dead: int) -> dict[str, Any]:
    """Per owner, holder, kind and day: the same revisions on both sides.

    A difference is explained while records are under way, or while at least as many dead letters are open.
    """
    owned: dict[str, dict[str, Sequence[int]]] = {}
    owner_of: dict[str, str] = {}
    for part in parts:
        for kind, days in part["facts"]["owns"].items():
            owned[kind], owner_of[kind] = days, part["service"]
    differences: list[dict[str, Any]] = []
    compared = 0
    for part in parts:
        for kind, days in part["facts"]["holds"].items():
            for day in sorted(owned.get(kind, {}).keys() | days.keys()):
                mine, theirs = tuple(owned.get(kind, {}).get(day, (0, 0))), tuple(days.get(day, (0, 0)))
                compared += 1
                if mine != theirs:
                    differences.append(
                        {
                            "kind": kind,
                            "day": day,
                            "owner": owner_of.get(kind),
                            "owned": mine[0],
                            "holder": part["service"],
                            "held": theirs[0],
                        }
                    )
    explained = under_way or len(differences) <= open_dead
    state: State = "balanced" if not differences else "unsettled" if explained else "imbalanced"
    facts = sum(count for days in owned.values() for count, _ in days.values())
    return {"facts": facts, "compared": compared, "differences": differences, "state": state}


def judge(
    parts: Sequence[Mapping[str, Any]], intake: Mapping[str, int], compacted_topics: frozenset[str]
) -> dict[str, Any]:
    """The three ledgers and their common state."""
    judged_intake = judge_intake(intake)
    bus = judge_bus(parts, compacted_topics)
    unjudged = sum(part.get("sessions_waiting", 0) for part in parts)  # their hints are still to come
    unpublished = sum(part.get("switches_waiting", 0) for part in parts)  # changed verdicts are, too
    quality = sum(part.get("quality_waiting", 0) for part in parts)  # so are reasons and alerts of posyandu-months
    under_way = bool(bus["lag"] or bus["outbox_pending"] or unjudged or unpublished)
    facts = judge_facts(parts, under_way=under_way, open_dead=bus["open_dead_letters"])
    waiting: State = "unsettled" if unjudged or unpublished or quality else "balanced"
    state = worst((judged_intake["state"], bus["state"], facts["state"], waiting))
    return {
        "state": state,
        "balanced": state == "balanced",
        "intake": judged_intake,
        "bus": bus,
        "facts": facts,
        "sessions_waiting": unjudged,
        "switches_waiting": unpublished,
        "quality_waiting": quality,
    }
