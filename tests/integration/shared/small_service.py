"""A smallest service for tests of the shell and the jobs: it keeps notes of children by area.

Also a process: `python -m tests.integration.shared.small_service api|worker|all`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, FastAPI, Request, Response
from jwt.algorithms import ECAlgorithm

from deploy.local.stack import Stack
from shared.auth.dependency import require
from shared.auth.keys import KeySet
from shared.auth.roles import scopes_of
from shared.auth.tokens import Caller, TokenVerifier
from shared.http.answer import Answer, json_answer, json_response
from shared.http.app import create_app
from shared.http.bodies import Body, json_body
from shared.http.health import Health
from shared.http.serve import Process, run_service
from shared.http.transaction import reading, write_once
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, Pool, open_pool
from shared.setting_groups import (
    DatabaseSettings,
    Door,
    HttpSettings,
    KafkaSettings,
    KeySettings,
    Mode,
    Role,
    TokenSettings,
)
from shared.settings import ServiceSettings

SERVICE = "lab"
ISSUER = "https://login.test"
KEY = ec.generate_private_key(ec.SECP256R1())
NOTE_SQL = """
CREATE TABLE note (
    note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    value double precision NOT NULL,
    desa_code text COLLATE "C" NOT NULL,
    posyandu_code text COLLATE "C"
);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY note_worker ON note TO lab_worker USING (true) WITH CHECK (true);
CREATE POLICY note_api ON note TO lab_api USING (area_visible(desa_code, posyandu_code))
    WITH CHECK (area_visible(desa_code, posyandu_code));
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO lab_worker, lab_api;
"""


async def prepare(stack: Stack, folder: Path) -> None:
    """The shared tables and ours, in the schema of `lab`."""
    (folder / "0001_note.sql").write_text(NOTE_SQL, encoding="utf-8")
    await migrate(stack.address(f"{SERVICE}_owner"), SERVICE, folder)


def token(role: str = "clinician", areas: tuple[str, ...] = ("12.19.01.2003",), subject: str = "person-1") -> str:
    claims = {
        "iss": ISSUER,
        "aud": "tumbuh",
        "sub": subject,
        "azp": "web",
        "exp": time.time() + 600,
        "scope": " ".join(scopes_of(role)),
        "role": role,
        "area": list(areas),
    }
    return jwt.encode(claims, KEY, "ES256", {"kid": "k1"})


def verifier() -> TokenVerifier:
    document = orjson.dumps({"keys": [{**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1"}]})

    async def fetch() -> bytes:
        return document

    return TokenVerifier(KeySet(fetch), issuer=ISSUER, audience="tumbuh")


class NewNote(Body):
    value: float
    desa_code: str = "12.19.01.2003"


class Gate:
    """Holds writes back between their effect and their commit, so that a test decides who is first."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.inside = 0
        self.fail = False


def notes(gate: Gate) -> APIRouter:
    router = APIRouter()

    async def insert(connection: Connection, note: NewNote) -> Answer:
        note_id = await connection.fetchval(
            "INSERT INTO note (value, desa_code) VALUES ($1, $2) RETURNING note_id", note.value, note.desa_code
        )
        gate.inside += 1
        await gate.open.wait()
        if gate.fail:
            gate.fail = False
            raise RuntimeError("after the effect")
        return json_answer(201, {"note_id": note_id}, {"ETag": '"0.1"', "Location": f"/v1/notes/{note_id}"})

    @router.post("/v1/notes")
    async def post_note(
        request: Request,
        note: Annotated[NewNote, json_body(NewNote)],
        _caller: Annotated[Caller, require("orders:write")],
    ) -> Response:
        return await write_once(request, lambda connection: insert(connection, note))

    @router.post("/v1/notes/{note_id}:double")
    async def double_note(
        request: Request, note_id: int, _caller: Annotated[Caller, require("orders:write")]
    ) -> Response:
        async def effect(connection: Connection) -> Answer:
            value = await connection.fetchval(
                "UPDATE note SET value = value * 2 WHERE note_id = $1 RETURNING value", note_id
            )
            return json_answer(200, {"note_id": note_id, "value": value})

        return await write_once(request, effect)

    @router.get("/v1/notes")
    async def get_notes(request: Request, _caller: Annotated[Caller, require("orders:read")]) -> Response:
        async with reading(request) as connection:
            rows = await connection.fetch("SELECT note_id, value, desa_code FROM note ORDER BY note_id")
        return json_response([dict(row) for row in rows])

    @router.get("/v1/slow")
    async def slow(_caller: Annotated[Caller, require("orders:read")]) -> Response:
        gate.inside += 1
        await gate.open.wait()
        return json_response({"finished": True})

    return router


def settings_of(service: str) -> ServiceSettings:
    """Of a service's API in a test: its pools are opened by the test, and nobody is slowed down."""
    return ServiceSettings(
        service=service,
        door=Door.API,
        mode=Mode.LOCAL,
        log_format="json",
        http=HttpSettings(rate_per_second=1000),
        database=DatabaseSettings(),
        kafka=KafkaSettings(),
        tokens=TokenSettings(),
        keys=KeySettings(),
    )


def application(pool: Pool, gate: Gate, **state: Any) -> FastAPI:
    return create_app(
        settings_of(SERVICE),
        routers=(notes(gate),),
        health=Health(),
        verifier=verifier(),
        state={"pool": pool, **state},
    )


def client(app: FastAPI, **who: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {token(**who)}"}
    return httpx.AsyncClient(transport=transport, base_url="http://lab.test", headers=headers)


async def appeared(path: Path) -> None:
    """Until another process has made the file."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - a look at a local file, made by another process
        await asyncio.sleep(0.02)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """The process: a pool, a health check of it, and a task that fails when the file named `FAIL_WHEN` appears."""
    health = Health()
    role: Role = "api" if settings.door.serves_api else "worker"
    async with open_pool(settings.database_address(role)) as pool:
        health.ping("database", lambda: pool.fetchval("SELECT 1"))
        app = create_app(settings, routers=(), health=health, verifier=verifier(), state={"pool": pool})
        router = app.router

        async def hold(_request: Request) -> Response:
            await asyncio.to_thread(Path(os.environ["INSIDE"]).touch)
            await appeared(Path(os.environ["RELEASE"]))
            return Response("finished")

        router.add_route("/hold", hold)  # not an API route: no token needed in this test

        async def task(stop: asyncio.Event) -> None:
            told = asyncio.create_task(appeared(Path(os.environ["FAIL_WHEN"])))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([told, stopped], return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if not stop.is_set():
                raise RuntimeError("told to fail")

        yield Process(app, health, {"task": task})


async def _nothing(_settings: ServiceSettings) -> None:
    return None


if __name__ == "__main__":
    sys.exit(run_service(SERVICE, build=build, migrate=_nothing))
