"""The body of a batch, `{"rows": [...]}`: a malformed row is only itself malformed.

Parsed at once where all rows are well-formed, row by row where one is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Request
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from shared.http.bodies import JSON_LIMIT_BYTES, JSON_MODEL, JSON_TYPES, MAX_ROWS, Body, read_body, refusal
from shared.http.validation import field_problems
from shared.problems import FieldProblem

ROWS: Final = "rows"
RowT = TypeVar("RowT")


class Rows(Body, Generic[RowT]):
    """Base of a batch's body; who derives from it gives it its name in the OpenAPI document."""

    rows: Annotated[list[RowT], Field(max_length=MAX_ROWS)]


@dataclass(frozen=True, slots=True)
class RowBatch(Generic[RowT]):
    """Rows by their index: those that are well-formed, and what is wrong with the others."""

    received: int
    good: dict[int, RowT] = field(default_factory=dict)
    bad: dict[int, list[FieldProblem]] = field(default_factory=dict)

    def report(self, answers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What became of each row, as sent: `answers` are those to the good ones, in their order."""
        told: dict[int, Mapping[str, Any]] = dict(zip(self.good, answers, strict=True))
        for index, problems in self.bad.items():
            told[index] = {"outcome": "rejected", "problems": [problem.as_json() for problem in problems]}
        return [{"index": index, **told[index]} for index in range(self.received)]


def row_batch(batch: type[Rows[RowT]], row: type[RowT]) -> Any:
    """The body as a `RowBatch`. Problems 400, 413, 415, 422 concern the whole; a malformed row only itself.

    Used as `body: Annotated[RowBatch[ResultIn], row_batch(ResultsIn, ResultIn)]`, `ResultsIn` being a `Rows[ResultIn]`.
    """
    reader = RowReader(batch, row)

    async def read_rows(request: Request) -> RowBatch[RowT]:
        return reader.read(await read_body(request, JSON_TYPES, JSON_LIMIT_BYTES))

    setattr(read_rows, JSON_MODEL, batch)
    return Depends(read_rows)


class RowReader(Generic[RowT]):
    """Reads batches of one kind of row; made once, since its schemas are."""

    def __init__(self, batch: type[Rows[RowT]], row: type[RowT]) -> None:
        self._batch = TypeAdapter(batch)
        self._row = TypeAdapter(row)

    def read(self, raw: bytes) -> RowBatch[RowT]:
        """Rows in `raw`. Problems 400, 413 and 422."""
        try:
            rows = self._batch.validate_json(raw, strict=True).rows
        except ValidationError as error:
            if not _only_rows_wrong(error):
                raise refusal(error) from None
            return self._row_by_row(raw)
        return RowBatch(len(rows), dict(enumerate(rows)))

    def _row_by_row(self, raw: bytes) -> RowBatch[RowT]:
        # pydantic's own reader and writer: orjson fails on NaN or 1e999, which is one row's fault, not the batch's.
        rows = from_json(raw)[ROWS]
        batch: RowBatch[RowT] = RowBatch(len(rows))
        for index, row in enumerate(rows):
            try:
                batch.good[index] = self._row.validate_json(to_json(row, inf_nan_mode="constants"), strict=True)
            except ValidationError as error:
                batch.bad[index] = field_problems(error, (ROWS, index))
        return batch


def _only_rows_wrong(error: ValidationError) -> bool:
    """Whether every finding lies within one row, so that the rows can be judged one by one."""
    return all(len(item["loc"]) > 1 and item["loc"][0] == ROWS for item in error.errors(include_url=False))
