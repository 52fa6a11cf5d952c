"""A hint as people see it: the sentence, what it rests on, and what to send to measurement to settle it."""

from __future__ import annotations

from typing import Any, Final

from services.scoring.domain.texts import Words
from services.scoring.domain.texts_numbers import day, quantity
from shared.contracts.hint import HintV1
from shared.problems import Language

UNITS: Final = {"weight_kg": "kg", "length_height_cm": "cm"}
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")


def hint_text(hint: HintV1, words: Words) -> str:
    """As in: Berat 102 kg (3 Mei 2026), diharapkan sekitar 10,1 kg: mungkin koma hilang."""
    language, unit = words.language, UNITS[hint.param]
    evidence, proposed = hint.evidence, _proposed(hint, words)
    value, on = quantity(evidence.value, unit, language), day(hint.measured_on, language)
    parts = [words.say("hint", "seen", param=words.begin(hint.param, "param"), value=value, on=on)]
    if evidence.expected is not None:
        expected = quantity(round(evidence.expected, 1), unit, language)
        parts.append(words.say("hint", "expected", expected=expected))
    parts.append(words.say("hint", "because", evidence=words.name(evidence.code, "hint_evidence")))
    if proposed:
        parts.append(words.say("hint", "right", proposed=proposed))
    return "".join(parts) + "."


def _proposed(hint: HintV1, words: Words) -> str:
    evidence, language = hint.evidence, words.language
    if evidence.proposed_sex is not None:
        return words.name(evidence.proposed_sex, "proposed_sex")
    if evidence.proposed_position is not None:
        return words.name(evidence.proposed_position, "proposed_position")
    if evidence.proposed_birth_date is not None:
        return day(evidence.proposed_birth_date, language)
    if evidence.proposed_value is not None:
        return quantity(evidence.proposed_value, UNITS[hint.param], language)
    return ""


def settled_by(hint: HintV1) -> dict[str, Any]:
    """The requests to measurement that settle an open hint otherwise than by accepting it.

    `correct` holds the proposed values where there are some: a person decides whether to send them, with the ETag of
    what `GET` of the same path shows. A wrong sex or birth date is corrected on the child.
    """
    visit, evidence = f"/v1/measurements/{hint.measurement_id}", hint.evidence
    of_child = {
        name: value
        for name, value in (("sex", evidence.proposed_sex), ("birth_date", evidence.proposed_birth_date))
        if value is not None
    }
    of_visit: dict[str, Any] = {hint.param: evidence.proposed_value}
    if evidence.proposed_position is not None:
        of_visit = {"measurement_position": evidence.proposed_position}
    about_child = hint.error_kind in {"wrong_sex", "wrong_birth_date"}
    return {
        "correct": {
            "method": "PATCH",
            "path": f"/v1/children/{hint.child_id}" if about_child else visit,
            "body": of_child if about_child else of_visit,
        },
        "void": {"method": "POST", "path": f"{visit}:void"},
    }


def hint_view(hint: HintV1) -> dict[str, Any]:
    """The hint with its sentence in both languages."""
    spoken = {language: Words(language) for language in LANGUAGES}
    return {
        "hint_id": hint.fact_id,
        "child_id": hint.child_id,
        "measurement_id": hint.measurement_id,
        "measured_on": hint.measured_on,
        "param": hint.param,
        "kind": hint.error_kind,
        "state": hint.state,
        "probability": hint.probability,
        "evidence": hint.evidence.model_dump(mode="json"),
        "accepted_by": hint.accepted_by,
        "accepted_on": hint.accepted_on,
        **{f"kind_{language}": words.name(hint.error_kind, "error_kind") for language, words in spoken.items()},
        **{f"text_{language}": hint_text(hint, words) for language, words in spoken.items()},
        **{f"remedy_{language}": words.say("hint", "look") + "." for language, words in spoken.items()},
        **({"settled_by": settled_by(hint)} if hint.state == "open" else {}),
    }
