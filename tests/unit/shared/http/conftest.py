"""A small application with the real shell, and tokens of an issuer of our own."""

import asyncio
import io
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from typing import Annotated, Any, Literal

import asyncpg
import httpx
import jwt
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends, Response
from jwt.algorithms import ECAlgorithm
from orjson import dumps
from pydantic import Field

from shared.auth.dependency import require
from shared.auth.keys import KeySet
from shared.auth.roles import scopes_of
from shared.auth.tokens import Caller, TokenVerifier
from shared.http.answer import json_response
from shared.http.app import create_app
from shared.http.bodies import MAX_ROWS, Body, json_body, raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, if_match
from shared.http.health import Health
from shared.logging import configure_logging
from shared.setting_groups import DatabaseSettings, Door, HttpSettings, KafkaSettings, KeySettings, Mode, TokenSettings
from shared.settings import ServiceSettings

ISSUER = "https://login.test"
KEY = ec.generate_private_key(ec.SECP256R1())
JWKS = dumps({"keys": [{**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "use": "sig"}]})


def token(role: str = "puskesmas", *, areas: list[str] | None = None, **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "tumbuh",
        "sub": "person-1",
        "azp": "web",
        "exp": time.time() + 600,
        "scope": " ".join(scopes_of(role)),
        "role": role,
        "area": areas if areas is not None else ["12.19.01.2003"],
        **changes,
    }
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, KEY, "ES256", {"kid": "k1"})


class Row(Body):
    weight_kg: float | None = Field(default=None, gt=0, le=58)
    sex: Literal["M", "F"] | None = None
    mother_name: str | None = Field(default=None, max_length=10)
    count: int = 0


class RowPatch(Body):
    measured_on: date = Field(default=date.min)
    state: Literal["open", "done"] = "open"


class Batch(Body):
    rows: list[Row] = Field(max_length=MAX_ROWS)


routes = APIRouter()


@routes.post("/v1/rows")
async def post_row(
    row: Annotated[Row, json_body(Row)], caller: Annotated[Caller, require("measurement:write")]
) -> Response:
    return json_response({"weight_kg": row.weight_kg, "subject": caller.subject}, 201)


@routes.post("/v1/rows:batch")
async def post_rows(
    batch: Annotated[Batch, json_body(Batch)], _caller: Annotated[Caller, require("measurement:write")]
) -> Response:
    return json_response({"rows": len(batch.rows)})


@routes.post("/v1/files")
async def post_file(
    file: Annotated[bytes, raw_body(["text/csv"], limit_bytes=3_000_000)],
    _caller: Annotated[Caller, require("intake:write")],
) -> Response:
    return json_response({"bytes": len(file)})


@routes.get("/v1/rows/{row_id}")
async def get_row(row_id: int, _caller: Annotated[Caller, require("children:read")], month: str = "") -> Response:
    return json_response({"row_id": row_id, "month": month}, headers={"ETag": '"1.2"'})


@routes.patch("/v1/rows/{row_id}")
async def patch_row(
    row_id: int, seen: Annotated[Order, Depends(if_match)], _caller: Annotated[Caller, require("measurement:correct")]
) -> Response:
    demand_current(seen, (1, 2))
    return json_response({"row_id": row_id})


@routes.patch("/v1/corrections/{row_id}")
async def correct_row(
    row_id: int,
    patch: Annotated[RowPatch, json_body(RowPatch)],
    _caller: Annotated[Caller, require("measurement:correct")],
) -> Response:
    return json_response({"row_id": row_id, "named": sorted(patch.model_fields_set)})


@routes.get("/v1/pages")
async def get_pages(
    page: Annotated[PageRequest, Depends(page_request)], _caller: Annotated[Caller, require("children:read")]
) -> Response:
    start = (page.after(int) or (0,))[0]
    rows = [{"n": n} for n in range(start + 1, 8)][: page.limit + 1]
    return json_response(page.page(rows, "n"))


@routes.get("/v1/failures/{kind}")
async def get_failure(kind: str, _caller: Annotated[Caller, require("children:read")]) -> Response:
    failures: dict[str, BaseException] = {
        "bug": RuntimeError("Siti Aminah 1219014507230003"),
        "database": ConnectionRefusedError("10.0.0.7"),
        "pool": TimeoutError(),
        "statement": asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        "serialization": asyncpg.SerializationError("could not serialize access"),
        "lock": asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        "idle": asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
        "connections": asyncpg.TooManyConnectionsError("too many clients"),
        "migrated": asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
        "cancelling": asyncpg.InterfaceError("cannot perform operation: another operation is cancelling"),
        "gone": asyncio.CancelledError(),
    }
    raise failures[kind]


def make_settings(**http: Any) -> ServiceSettings:
    return ServiceSettings(
        service="measurement",
        door=Door.API,
        mode=Mode.PRODUCTION,
        log_format="json",
        http=HttpSettings(**http),
        database=DatabaseSettings(),
        kafka=KafkaSettings(),
        tokens=TokenSettings(),
        keys=KeySettings(),
    )


def make_verifier() -> TokenVerifier:
    async def fetch() -> bytes:
        return JWKS

    return TokenVerifier(KeySet(fetch), issuer=ISSUER, audience="tumbuh")


@pytest.fixture(autouse=True)
def log() -> Iterator[io.StringIO]:
    """The log lines of the test, written as in production."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    lines = io.StringIO()
    configure_logging("measurement", out=lines)
    yield lines
    root.handlers = before[0]
    root.setLevel(before[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


Connect = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens clients on an application with the given routers and settings; answers without a token unless given."""
    clients: list[httpx.AsyncClient] = []

    def make(
        *routers: APIRouter, role: str | None = "puskesmas", health: Health | None = None, **http: Any
    ) -> httpx.AsyncClient:
        app = create_app(
            make_settings(**http),
            routers=routers or (routes,),
            health=health or Health(),
            verifier=make_verifier(),
        )
        headers = {"Authorization": f"Bearer {token(role)}"} if role else {}
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://tumbuh.test", headers=headers))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(connect: Connect) -> httpx.AsyncClient:
    return connect()
