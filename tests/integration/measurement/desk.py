"""The measurement service as its clients see it: the real application on real PostgreSQL, without a network between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from deploy.local import postgres
from deploy.local.ports import POSTGRES_PORT
from deploy.local.stack import Stack
from services.measurement.app import MIGRATIONS, SERVICE, routers
from services.measurement.jobs.parsing import Parser
from services.measurement.store.vault import Vault
from shared.http.app import create_app
from shared.http.health import Health
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.shared import small_service
from tests.integration.shared.callers import ask
from tests.integration.shared.emptying import Empty, emptying

KABUPATEN = "12.19"
DESA_A = "12.19.01.2003"
DESA_B = "12.19.01.2004"
DESA_C = "12.19.02.2001"
POSYANDU_A = "12.19.01.2003.P001"
POSYANDU_A2 = "12.19.01.2003.P002"
POSYANDU_B = "12.19.01.2004.P001"
MASTER_KEY, MATCH_KEY = bytes(range(32)), bytes(range(32, 64))

REGISTER = f"""kind,code,name,level,parent_code,desa_codes,valid_from
area,12,Sumatera Utara,provinsi,,,2020-01-01
area,12.19,Batu Bara,kabupaten,12,,2020-01-01
area,12.19.01,Medang Deras,kecamatan,12.19,,2020-01-01
area,12.19.02,Sei Suka,kecamatan,12.19,,2020-01-01
area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01
area,{DESA_B},Pakam,desa,12.19.01,,2020-01-01
area,{DESA_C},Simpang Kopi,desa,12.19.02,,2020-01-01
posyandu,{POSYANDU_A},Posyandu Melati,,{DESA_A},,2020-01-01
posyandu,{POSYANDU_A2},Posyandu Mawar,,{DESA_A},,2020-01-01
posyandu,{POSYANDU_B},Posyandu Kenanga,,{DESA_B},,2020-01-01
puskesmas,PKM-1,Puskesmas Medang Deras,,12.19.01,{DESA_A}|{DESA_B},2020-01-01
""".encode()


EMPTIED = (
    "merge_candidate, child_identity_revision, child_revision, measurement_revision, intervention_revision, "
    "child_identity, child, measurement, intervention, outbox, idempotency_key, identity_access_log, quarantine, "
    "intake_row, intake_file, export_piece, export_file, reconciliation_row, reconciliation, job, name_mapping, "
    "name_decision, file_profile, intake_count, household_row"
)

SETTINGS = small_service.settings_of(SERVICE)


@dataclass
class Desk:
    """The service's two pools and a client; every request says who asks."""

    stack: Stack
    api: Pool
    worker: Pool
    vault: Vault
    client: httpx.AsyncClient
    app: FastAPI
    forget: Empty

    async def send(self, method: str, path: str, body: Any = None, **who: Any) -> httpx.Response:
        """One request, of the puskesmas unless said otherwise; JSON unless `body` is bytes."""
        who = {"role": "puskesmas", "areas": (DESA_A, DESA_B)} | who
        return await ask(self.client, method, path, body, **who)

    async def register_child(self, **changes: Any) -> str:
        """A child of posyandu A unless told otherwise; its id."""
        body = {
            "identity": {"name": "Citra Lestari", "nik": "1219014507230003"},
            "sex": "female",
            "birth_date": "2023-07-05",
            "desa_code": DESA_A,
            "posyandu_code": POSYANDU_A,
            "resident_since": "2024-01-01",
        }
        answer = await self.send("POST", "/v1/children", body | changes)
        assert answer.status_code == 201, answer.text
        child_id: str = answer.json()["child_id"]
        return child_id

    async def record(self, child_id: str, **values: Any) -> httpx.Response:
        """A visit by API."""
        return await self.send("POST", "/v1/measurements", visit(child_id, **values))

    async def superuser(self, statement: str) -> list[Any]:
        """A statement as who may do anything: look everywhere, forget facts. No role of the service may."""
        connection = await postgres.connect_superuser(
            self.stack.ports[POSTGRES_PORT], self.stack.secrets, self.stack.database
        )
        try:
            await connection.execute("SET search_path = measurement")
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def events(self) -> list[dict[str, Any]]:
        """Bodies of all messages that wait in the outbox, oldest first."""
        rows = await self.worker.fetch("SELECT bodies FROM outbox ORDER BY id")
        return [orjson.loads(body) for row in rows for body in row["bodies"]]


def visit(child_id: str, **values: Any) -> dict[str, Any]:
    """A plain visit, as JSON."""
    plain = {
        "measured_on": "2025-07-05",
        "weight_kg": 10.4,
        "length_height_cm": 81.5,
        "measurement_position": "standing",
    }
    return {"child_id": child_id, **plain, **values}


@asynccontextmanager
async def open_desk(database: Stack) -> AsyncIterator[Desk]:
    """The service on a migrated database with the small register loaded."""
    await migrate(database.address(f"{SERVICE}_owner"), SERVICE, MIGRATIONS)
    async with (
        open_pool(database.address(f"{SERVICE}_api"), max_size=12) as api,
        open_pool(database.address(f"{SERVICE}_worker")) as worker,
        emptying(database, {SERVICE: EMPTIED}) as forget,
    ):
        vault, parser = Vault(MASTER_KEY, MATCH_KEY), Parser()
        app = create_app(
            SETTINGS,
            routers=routers(),
            health=Health(),
            verifier=small_service.verifier(),
            state={"pool": api, "vault": vault, "parser": parser},
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://measurement") as client:
            desk = Desk(database, api, worker, vault, client, app, forget)
            answer = await desk.send(
                "POST", "/v1/register", REGISTER, role="district", areas=[KABUPATEN], media_type="text/csv"
            )
            assert answer.json()["rejected"] == 0, answer.text
            yield desk
        parser.close()
