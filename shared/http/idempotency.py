"""One effect and one answer per `Idempotency-Key`, however often and however closely together it is sent.

The key's row is inserted in the transaction of the effect. Of two equal requests at the same moment the second waits
at the primary key: when the first commits, the second reads its answer; when the first rolls back, the second's own
insert goes through and it does the work. A check in code could do neither.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from shared import metrics
from shared.auth.dependency import authenticate
from shared.http.answer import Answer
from shared.http.bodies import BODY_STATE
from shared.http.kinds import IDEMPOTENCY_CONFLICT, IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_MISSING
from shared.http.shell import route_template
from shared.postgres.pool import Connection
from shared.redaction import mask_text

KEPT_FOR: Final = timedelta(days=7)
REPLAYED_HEADER: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{8,128}")

# An expired row is taken over as if it were not there; a living one is left alone, and nothing is returned.
_CLAIM: Final = """
INSERT INTO idempotency_key AS old (client, route, key, request_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (client, route, key) DO UPDATE
SET request_hash = EXCLUDED.request_hash, created_at = now(), status = NULL, headers = NULL, body = NULL
WHERE old.created_at < now() - $5::interval
RETURNING true
"""
_STORED: Final = """
SELECT request_hash, status, headers, body FROM idempotency_key WHERE (client, route, key) = ($1, $2, $3)
"""
_STORE: Final = """
UPDATE idempotency_key SET status = $4, headers = $5, body = $6 WHERE (client, route, key) = ($1, $2, $3)
"""


class NoTransactionError(Exception):
    """`answer_once` needs the open transaction of the effect."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One request as idempotency sees it. `client` and `route` bound the key, `request_hash` is the content."""

    client: str
    route: str
    key: str
    request_hash: bytes


async def answer_once(connection: Connection, claim: Claim, effect: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run `effect` in the open transaction unless this key already has an answer; then that answer.

    The transaction must be READ COMMITTED, as the second look must see what the first request committed. If `effect`
    raises, everything rolls back with the key, so a refused request may be corrected and sent with the same key.
    Problem `idempotency_conflict` for the same key with other content.
    """
    if not connection.is_in_transaction():
        raise NoTransactionError("open one transaction around the key and the effect")
    slot = (claim.client, claim.route, claim.key)
    if await connection.fetchval(_CLAIM, *slot, claim.request_hash, KEPT_FOR):
        answer = await effect()
        await connection.execute(_STORE, *slot, answer.status, dict(answer.headers), answer.body)
        metrics.IDEMPOTENT_ANSWERS.labels("first").inc()
        return answer
    stored = await connection.fetchrow(_STORED, *slot)
    if stored is None or stored["request_hash"] != claim.request_hash:
        metrics.IDEMPOTENT_ANSWERS.labels("conflict").inc()
        raise IDEMPOTENCY_CONFLICT.problem()
    metrics.IDEMPOTENT_ANSWERS.labels("replayed").inc()
    return Answer(stored["status"], stored["body"], {**stored["headers"], REPLAYED_HEADER: "true"})


async def idempotent(connection: Connection, request: Request, effect: Callable[[], Awaitable[Answer]]) -> Response:
    """`answer_once` for a route: key, caller and content come from the request, whose body has been read."""
    answer = await answer_once(connection, await claim_of(request), effect)
    return answer.response()


async def claim_of(request: Request) -> Claim:
    """The claim of a request whose body has been read by a dependency of `shared.http.bodies`."""
    caller = await authenticate(request)
    digest = hashlib.sha256()
    for part in (request.url.path.encode(), request.url.query.encode(), getattr(request.state, BODY_STATE, b"")):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    route = f"{request.method} {route_template(request.scope)}"
    return Claim(caller.key, route, idempotency_key(request), digest.digest())


def idempotency_key(request: Request) -> str:
    """The header. Problems 400: `idempotency_key_missing`, `idempotency_key_invalid`."""
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        raise IDEMPOTENCY_KEY_MISSING.problem()
    if not _KEY.fullmatch(key) or mask_text(key) != key:
        raise IDEMPOTENCY_KEY_INVALID.problem()
    return key


async def forget_old_keys(connection: Connection) -> int:
    """Delete answers past their time (worker role); returns how many."""
    status = await connection.execute("DELETE FROM idempotency_key WHERE created_at < now() - $1::interval", KEPT_FOR)
    return int(status.rsplit(" ", 1)[-1])
