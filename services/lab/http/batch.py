"""The body of a batch of results: parsed at once where all rows are well-formed, row by row where one is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError

from services.lab.http.requests import ResultIn, ResultsIn
from shared.http.bodies import JSON_LIMIT_BYTES, JSON_MODEL, JSON_TYPES, MAX_ROWS, read_body, refusal
from shared.http.validation import field_problems
from shared.problems import FieldProblem

_BATCH: Final = TypeAdapter(ResultsIn)
_ROW: Final = TypeAdapter(ResultIn)


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Rows by their index: those that are well-formed, and what is wrong with the others."""

    received: int
    good: dict[int, ResultIn] = field(default_factory=dict)
    bad: dict[int, list[FieldProblem]] = field(default_factory=dict)


def batch_body() -> Any:
    """FastAPI dependency. Problems 400, 413, 415, 422 concern the whole; a malformed row only itself."""

    async def read_batch(request: Request) -> BatchRows:
        return read_rows(await read_body(request, JSON_TYPES, JSON_LIMIT_BYTES))

    setattr(read_batch, JSON_MODEL, ResultsIn)
    return Depends(read_batch)


def read_rows(raw: bytes) -> BatchRows:
    """Rows in `raw`. Problems 400, 413 and 422."""
    try:
        rows = _BATCH.validate_json(raw, strict=True).rows
    except ValidationError as error:
        details = error.errors(include_url=False)
        malformed = details[0]["type"] == "json_invalid"
        if malformed or not all(len(item["loc"]) > 1 and item["loc"][0] == "rows" for item in details):
            raise refusal(error) from None
        return _row_by_row(raw)
    return BatchRows(len(rows), dict(enumerate(rows)))


def _row_by_row(raw: bytes) -> BatchRows:
    rows = orjson.loads(raw)["rows"]
    batch = BatchRows(len(rows))
    for index, row in enumerate(rows[:MAX_ROWS]):
        try:
            batch.good[index] = _ROW.validate_json(orjson.dumps(row), strict=True)
        except ValidationError as error:
            batch.bad[index] = field_problems(error, ("rows", index))
    return batch
