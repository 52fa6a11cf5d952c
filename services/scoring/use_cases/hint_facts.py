"""Verdicts as hints: the facts that are to be published because they are not what is stored."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, cast
from uuid import UUID

import numpy as np

from services.scoring.domain.hint_states import DETECTOR_VERSION, KeptHint, State, next_states
from services.scoring.domain.plausibility.values import Param
from services.scoring.domain.plausibility.verdicts import (
    EVIDENCE_CODES,
    KIND_CODES,
    NO_VISIT,
    Evidence,
    Verdicts,
)
from services.scoring.use_cases.judgement_facts import instant
from services.scoring.use_cases.session_values import PARAM_COLUMNS, SessionValues
from shared.contracts.child import Position as PositionName
from shared.contracts.child import Sex as SexName
from shared.contracts.fact import derived_fact_id, revised
from shared.contracts.hint import ErrorKind, HintEvidence, HintState, HintV1
from shared.contracts.hint import Param as ParamName
from shared.growth.codes import Position, Sex

FIRST_DAY: Final = date(1970, 1, 1)
CHANGE_TO: Final[dict[State, Any]] = {"open": "opened", "accepted": "corrected", "withdrawn": "closed"}
SEXES: Final[dict[int, SexName]] = {Sex.MALE: "male", Sex.FEMALE: "female"}
POSITIONS: Final[dict[int, PositionName]] = {Position.LYING: "lying", Position.STANDING: "standing"}
Place = tuple[int, Param]  # row of the visit, which of its values


def hint_id(measurement_id: UUID, param: str, error_kind: str) -> UUID:
    """One hint per measurement, param and kind of error, however often it comes and goes."""
    return derived_fact_id(measurement_id, f"hint.{param}.{error_kind}")


def changed_hints(judged: SessionValues, verdicts: Verdicts, kept: Iterable[HintV1]) -> list[HintV1]:
    """The hints that are new or not what is stored, each in its next revision.

    `verdicts` are those of `judged.asked`, in order; `kept` all stored hints of the children asked about; those at
    visits of other sessions are left alone.
    """
    rows = {judged.measurement_ids[row]: row for row in np.flatnonzero(judged.member).tolist()}
    params = {column: param for param, column in PARAM_COLUMNS.items()}
    stored: dict[Place, dict[str, HintV1]] = defaultdict(dict)
    for hint in kept:
        if hint.measurement_id in rows:
            stored[(rows[hint.measurement_id], params[hint.param])][hint.error_kind] = hint
    asked = np.flatnonzero(judged.asked)
    found = {
        (int(judged.visit_of[asked[at]]), Param(int(judged.values.param[asked[at]]))): int(at)
        for at in np.flatnonzero(verdicts.flagged)
    }
    changed: list[HintV1] = []
    for place in sorted(stored.keys() | found.keys()):
        of_value, at = stored.get(place, {}), found.get(place)
        value = float(judged.counted[place[1]][place[0]])
        states = next_states(
            {kind: KeptHint(hint.state, hint.evidence.value) for kind, hint in of_value.items()},
            None if math.isnan(value) else value,
            None if at is None else KIND_CODES[verdicts.kind[at]],
        )
        for kind, state in sorted(states.items()):
            old = of_value.get(kind)
            content = _said(judged, verdicts, at, place) if state == "open" and at is not None else {}
            new = _next(judged, place[0], kind, state, old, content, place[1])
            if new is not None:
                changed.append(new)
    return changed


def _next(
    judged: SessionValues,
    row: int,
    kind: str,
    state: HintState,
    old: HintV1 | None,
    content: dict[str, Any],
    param: Param,
) -> HintV1 | None:
    """The hint in its next revision; None where it says already what it is to say."""
    known_at = instant(judged.known(row))
    if old is None:
        measurement_id, column = judged.measurement_ids[row], cast("ParamName", PARAM_COLUMNS[param])
        return HintV1(
            fact_id=hint_id(measurement_id, column, kind),
            epoch=1,
            revision=1,
            change="opened",
            known_at=known_at,
            child_id=judged.child_ids[row],
            measurement_id=measurement_id,
            param=column,
            error_kind=cast("ErrorKind", kind),
            state="open",
            detector_version=DETECTOR_VERSION,
            **content,
        )
    if state == "open":
        content |= {"accepted_by": None, "accepted_on": None}
    values = {"state": state, **content}
    if all(getattr(old, name) == value for name, value in values.items()):
        return None
    if state == "open":
        values["detector_version"] = DETECTOR_VERSION
    return revised(old, "corrected" if old.state == state else CHANGE_TO[state], known_at, **values)


def _said(judged: SessionValues, verdicts: Verdicts, at: int, place: Place) -> dict[str, Any]:
    """What a verdict says, rounded so that it is the same however it was computed."""
    row, param = place
    code = Evidence(int(verdicts.evidence_code[at]))
    proposed, other = float(verdicts.proposed[at]), int(verdicts.other_visit[at])
    told: dict[str, Any] = {}
    if not math.isnan(proposed):
        if code is Evidence.OTHER_SEX:
            told["proposed_sex"] = SEXES.get(int(proposed))
        elif code is Evidence.OTHER_BIRTH_DATE:
            told["proposed_birth_date"] = FIRST_DAY + timedelta(days=int(proposed))
        elif code is Evidence.POSITION:
            told["proposed_position"] = POSITIONS.get(int(proposed))
        else:
            told["proposed_value"] = round(proposed, 3)
    expected = float(verdicts.expected[at])
    return {
        "measured_on": FIRST_DAY + timedelta(days=int(judged.day[row])),
        "probability": round(float(verdicts.probability[at]), 2),
        "evidence": HintEvidence(
            code=EVIDENCE_CODES[code],
            value=float(judged.counted[param][row]),
            expected=None if math.isnan(expected) else round(expected, 2),
            other_measurement_id=None if other == NO_VISIT else judged.measurement_ids[other],
            **told,
        ),
    }
