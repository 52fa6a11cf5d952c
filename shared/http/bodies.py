"""Reading bodies: bounded while they stream in, checked for their type, parsed strictly.

FastAPI's own body parameters are not used (`create_app` refuses them): they would read everything before looking at
its size, and would turn `"8.5"` into a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.http.kinds import NOT_JSON, TOO_LARGE, VALIDATION_FAILED, WRONG_MEDIA_TYPE
from shared.http.validation import field_problems
from shared.problems import Problem

JSON_LIMIT_BYTES: Final = 5_000_000
FILE_LIMIT_BYTES: Final = 50_000_000
MAX_ROWS: Final = 5_000  # of one JSON request; declare lists of rows with `max_length=MAX_ROWS`
JSON_TYPES: Final = ("application/json", "application/fhir+json", "application/*+json")

BODY_STATE: Final = "body_sha256"  # what the idempotency of this request compares
JSON_MODEL: Final = "json_model"  # marks the dependency, for the OpenAPI document
MEDIA_TYPES: Final = "media_types"
OWN_NUMBER: Final = "own_number"  # marks bodies that need no `Idempotency-Key`

BodyT = TypeVar("BodyT")


class Body(BaseModel):
    """Base of what clients send: unknown fields refused, no coercion, no NaN, and no echo of input in errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


def json_body(model: type[BodyT], *, limit_bytes: int = JSON_LIMIT_BYTES) -> Any:
    """The body as `model`. Problems: 400, 413, 415, 422.

    Used as `body: Annotated[NewChild, json_body(NewChild)]`.
    """
    adapter = TypeAdapter(model)

    async def read_json(request: Request) -> BodyT:
        raw = await read_body(request, JSON_TYPES, limit_bytes)
        try:
            return adapter.validate_json(raw, strict=True)
        except ValidationError as error:
            raise refusal(error) from None

    setattr(read_json, JSON_MODEL, model)
    return Depends(read_json)


def raw_body(media_types: Sequence[str], *, limit_bytes: int = FILE_LIMIT_BYTES, own_number: bool = False) -> Any:
    """The body as bytes. Problems: 413, 415.

    Used as `file: Annotated[bytes, raw_body(["text/csv"])]`. `own_number`: the message carries its sender's number, by
    which its route makes the effect happen once; `Idempotency-Key` may be left out.
    """

    async def read_raw(request: Request) -> bytes:
        return await read_body(request, media_types, limit_bytes)

    setattr(read_raw, MEDIA_TYPES, tuple(media_types))
    setattr(read_raw, OWN_NUMBER, own_number)
    return Depends(read_raw)


async def read_body(request: Request, media_types: Sequence[str], limit_bytes: int) -> bytes:
    """The body, at most `limit_bytes`, counted as it arrives: `Content-Length` may only make the refusal earlier."""
    _demand_media_type(request, media_types)
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated) > limit_bytes:
        raise too_large(limit_bytes)
    digest = hashlib.sha256()
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        digest.update(chunk)
        chunks.append(chunk)
    setattr(request.state, BODY_STATE, digest.digest())
    return b"".join(chunks)


def too_large(limit_bytes: int) -> Problem:
    """413, naming the limit; the connection is closed, since the rest of the body is not read."""
    megabytes = limit_bytes // 1_000_000
    return TOO_LARGE.problem(
        f"Batasnya {megabytes} MB.",
        f"The limit is {megabytes} MB.",
        headers={"Connection": "close"},
        extra={"limit_bytes": limit_bytes},
    )


def refusal(error: ValidationError) -> Problem:
    """What a failed JSON body is to the client: not JSON (400), too many rows (413), or wrong fields (422)."""
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid":
        return NOT_JSON.problem()
    for item in details:
        if item["type"] == "too_long" and item.get("ctx", {}).get("max_length") == MAX_ROWS:
            return TOO_LARGE.problem(
                f"Batasnya {MAX_ROWS} baris.", f"The limit is {MAX_ROWS} rows.", extra={"limit_rows": MAX_ROWS}
            )
    return VALIDATION_FAILED.problem(errors=field_problems(error))


def _demand_media_type(request: Request, accepted: Sequence[str]) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity" and any(_matches(sent, item) for item in accepted):
        return
    names = ", ".join(accepted)
    raise WRONG_MEDIA_TYPE.problem(f"Yang diterima: {names}.", f"Accepted: {names}.", headers={"Accept": names})


def _matches(sent: str, accepted: str) -> bool:
    start, star, end = accepted.partition("*")
    return sent == accepted if not star else sent.startswith(start) and sent.endswith(end) and len(sent) > len(accepted)
