"""`POST /v1/zscores`: WHO growth scores of values that another system sends; nothing of them is kept.

One object, a batch `{"rows": [...]}` or a CSV sheet. As every POST it needs an `Idempotency-Key`, so that a client has
one way to write; but nothing is stored under it, since the same values always have the same scores: whoever repeats a
request, with the same key or another, gets the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field, RootModel, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError, from_json

from services.scoring.domain.ruleset import RuleSet
from services.scoring.http import zscore_examples as examples
from services.scoring.http.rules_now import rules_now
from services.scoring.http.zscore_sheets import CHUNK_ROWS, scored_sheet
from services.scoring.use_cases.compute_zscores import compute_zscores
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.growth.anthro_columns import Anthropometry
from shared.growth.codes import Position, Sex
from shared.http.answer import json_response
from shared.http.bodies import (
    FILE_LIMIT_BYTES,
    JSON_LIMIT_BYTES,
    JSON_MODEL,
    JSON_TYPES,
    MEDIA_TYPES,
    Body,
    read_body,
    refusal,
)
from shared.http.kinds import NOT_JSON
from shared.http.row_batch import ROWS, RowBatch, RowReader, Rows

router = APIRouter(prefix="/v1/zscores", tags=["growth"])

CSV: Final = "text/csv"
SEXES: Final = {None: Sex.MISSING, "male": Sex.MALE, "female": Sex.FEMALE}
POSITIONS: Final = {None: Position.UNKNOWN, "lying": Position.LYING, "standing": Position.STANDING}


class ValuesIn(Body):
    """Values of one child on one day. The age in one way: days, months, or the two dates; none = not known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VALUES]})

    row_id: str | int | None = Field(default=None, description="Given back unchanged; no name, no NIK.")
    sex: Literal["male", "female"] | None = None
    age_days: float | None = Field(default=None, description="Whole or fractional; half a day rounds up.")
    age_months: float | None = Field(default=None, description="Of 30.4375 days.")
    birth_date: date | None = None
    measured_on: date | None = None
    weight_kg: float | None = None
    length_height_cm: float | None = None
    measurement_position: Literal["lying", "standing"] | None = None
    oedema: bool | None = Field(default=None, description="Bilateral pitting.")
    head_circumference_cm: float | None = None
    muac_cm: float | None = None
    triceps_skinfold_mm: float | None = None
    subscapular_skinfold_mm: float | None = None

    @model_validator(mode="after")
    def _one_age(self) -> Self:
        dates = (self.birth_date, self.measured_on)
        ways = [self.age_days is not None, self.age_months is not None, dates != (None, None)]
        if sum(ways) > 1 or dates.count(None) == 1:
            raise PydanticCustomError(
                "age_not_clear",
                "age given in more than one way, or half",
                {
                    "problem_id": "umur disebut lebih dari satu cara, atau hanya satu dari kedua tanggalnya",
                    "problem_en": "the age is given in more than one way, or only one of its two dates",
                    "remedy_id": "Pakai age_days, atau age_months, atau birth_date bersama measured_on.",
                    "remedy_en": "Use age_days, or age_months, or birth_date together with measured_on.",
                },
            )
        return self

    @property
    def age(self) -> float:
        """In days, or in months where that is how it was given; NaN = not known."""
        if self.birth_date is not None and self.measured_on is not None:
            return (self.measured_on - self.birth_date).days
        return _known(self.age_days if self.age_months is None else self.age_months)


class ValuesBatchIn(Rows[ValuesIn]):
    """Up to 5,000 rows; a malformed one fails alone."""


class ZScoresIn(RootModel[ValuesIn | ValuesBatchIn]):
    """One row, or many; for the document of the API."""


class Sent:
    """What a request holds: one row, a batch, or a sheet."""

    def __init__(self, content: ValuesIn | RowBatch[ValuesIn] | bytes) -> None:
        self.content = content


ONE: Final = TypeAdapter(ValuesIn)
MANY: Final = RowReader(ValuesBatchIn, ValuesIn)


async def read_sent(request: Request) -> Sent:
    """The body by its type. Problems 400, 413, 415, 422."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == CSV:
        return Sent(await read_body(request, (CSV,), FILE_LIMIT_BYTES))
    raw = await read_body(request, (*JSON_TYPES, CSV), JSON_LIMIT_BYTES)
    try:
        looked = from_json(raw)
    except ValueError:
        raise NOT_JSON.problem() from None
    if isinstance(looked, dict) and ROWS in looked:
        return Sent(MANY.read(raw))
    try:
        return Sent(ONE.validate_json(raw, strict=True))
    except ValidationError as error:
        raise refusal(error) from None


setattr(read_sent, JSON_MODEL, ZScoresIn)
setattr(read_sent, MEDIA_TYPES, (CSV,))


@router.post(
    "", summary="Growth scores of given values: one row, up to 5,000, or a CSV sheet", responses=examples.ANSWERS
)
async def post_zscores(
    request: Request,
    _caller: Annotated[Caller, require("zscores:compute")],
    sent: Annotated[Sent, Depends(read_sent)],
) -> Response:
    """Scores by WHO 2006 with flags, corrected length, classes, and a reason for every blank.

    A CSV sheet has the columns of `./tumbuh zscores` and comes back with those of its answer. What is measured but
    cannot be scored is answered with reasons; only what cannot be read is a problem.
    """
    if isinstance(sent.content, bytes):
        return Response(await scored_sheet(sent.content), media_type="text/csv; charset=utf-8")
    rules = await rules_now(request, request.app.state.pool)
    if isinstance(sent.content, ValuesIn):
        (row,) = await _scored([sent.content], rules)
        return json_response({**row, "ruleset_version": rules.version})
    batch = sent.content
    good = await _scored(list(batch.good.values()), rules)
    return json_response(
        {
            "received": batch.received,
            "scored": len(batch.good),
            "rejected": len(batch.bad),
            "ruleset_version": rules.version,
            "rows": batch.report({"outcome": "scored", **row} for row in good),
        }
    )


async def _scored(rows: Sequence[ValuesIn], rules: RuleSet) -> list[dict[str, Any]]:
    scored: list[dict[str, Any]] = []
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = rows[start : start + CHUNK_ROWS]
        documents = compute_zscores(_columns(chunk), rules)
        scored += [{"row_id": row.row_id, **document} for row, document in zip(chunk, documents, strict=True)]
        await asyncio.sleep(0)
    return scored


def _columns(rows: Sequence[ValuesIn]) -> Anthropometry:
    def floats(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([getattr(row, name) for row in rows], np.float64)  # None becomes NaN

    return Anthropometry(
        sex=np.array([SEXES[row.sex] for row in rows], np.int8),
        age=floats("age"),
        age_in_months=np.array([row.age_months is not None for row in rows], np.bool_),
        weight_kg=floats("weight_kg"),
        length_height_cm=floats("length_height_cm"),
        position=np.array([POSITIONS[row.measurement_position] for row in rows], np.int8),
        oedema=np.array([row.oedema is True for row in rows], np.bool_),
        head_circumference_cm=floats("head_circumference_cm"),
        muac_cm=floats("muac_cm"),
        triceps_mm=floats("triceps_skinfold_mm"),
        subscapular_mm=floats("subscapular_skinfold_mm"),
    )


def _known(value: float | None) -> float:
    return np.nan if value is None else value
