"""The risks of a child's family as clients read them, with words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.scoring.domain.household import VERIFIED, Risk, household_risks
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import Words
from services.scoring.store.household import household_records
from shared.postgres.pool import Connection
from shared.problems import Language


async def risks_of_family(connection: Connection, child_id: UUID, rules: RuleSet) -> tuple[Risk, ...]:
    """Every risk, answered as far as it is known."""
    return household_risks(await household_records(connection, child_id), rules)


def household_view(risks: tuple[Risk, ...]) -> dict[str, Any]:
    """BKKBN's list and ours, and that no tier follows from either."""

    def shown(risk: Risk) -> dict[str, Any]:
        texts = {f"text_{language}": household_text(risk, Words(language)) for language in ("id", "en")}
        return {**asdict(risk), **texts}

    return {
        "verified": [shown(risk) for risk in risks if risk.risk in VERIFIED],
        "ours": [shown(risk) for risk in risks if risk.risk not in VERIFIED],
        **{f"note_{language}": Words(language).say("household_note", "no_tier") for language in ("id", "en")},
    }


def household_text(risk: Risk, words: Words) -> str:
    """`Keluarga tidak punya jamban layak: ya (bkkbn, 2026-03-31)`."""
    name, answer = words.begin(risk.risk, "household"), words.say("household_answer", risk.answer)
    said = "" if risk.as_of is None else f" ({risk.source}, {risk.as_of.isoformat()})"
    return f"{name}: {answer}{said}"


def yes_lines(risks: tuple[Risk, ...], language: Language) -> list[tuple[Risk, str]]:
    """The risks that are there, each as a sentence."""
    words = Words(language)
    return [(risk, f"{household_text(risk, words)}.") for risk in risks if risk.answer == "yes"]
