"""`POST /v1/verify` and `POST /v1/rebuild`: for operators, answered when they are done."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.use_cases.rebuild import RebuildRunsError, rebuild
from services.reporting.use_cases.verify import verify
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.postgres.pool import Address, connect
from shared.problems import ProblemKind

NOT_HERE: Final = ProblemKind(
    code="no_worker_here",
    status=503,
    title_id="Proses ini hanya melayani pembacaan",
    title_en="This process only serves reads",
    remedy_id="Kirim ke proses worker, atau jalankan `./tumbuh verify` atau `./tumbuh rebuild`.",
    remedy_en="Send it to a worker process, or run `./tumbuh verify` or `./tumbuh rebuild`.",
)
REBUILD_RUNS: Final = ProblemKind(
    code="rebuild_runs",
    status=409,
    title_id="Pembangunan ulang sedang berjalan",
    title_en="A rebuild is under way",
    remedy_id="Tunggu sampai selesai.",
    remedy_en="Wait until it has ended.",
)
WORKER_ADDRESS: Final = "worker_address"  # name on `app.state`: where the worker role connects, if this process may
router = APIRouter(prefix="/v1", tags=["operations"])


@router.post("/verify", summary="Count the figures again from the facts")
async def post_verify(
    request: Request,
    caller: Annotated[Caller, require("ops:read")],  # noqa: ARG001 - the scope is the check
    months: Annotated[int | None, Query(ge=1, le=1200, description="Only the last so many months")] = None,
) -> Response:
    """`{checked, differences, tallies, asks_for_rebuild}`; an empty list of differences is the only good answer."""
    connection = await connect(_worker_address(request))
    try:
        return json_response(await verify(connection, last_months=months))
    finally:
        await connection.close()


@router.post("/rebuild", summary="Derive all figures anew, verify them, then show them")
async def post_rebuild(
    request: Request,
    caller: Annotated[Caller, require("ops:write")],  # noqa: ARG001 - the scope is the check
) -> Response:
    """The live figures stay until the new ones agree with the facts."""
    connection = await connect(_worker_address(request))
    try:
        return json_response(await rebuild(connection))
    except RebuildRunsError:
        raise REBUILD_RUNS.problem() from None
    finally:
        await connection.close()


def _worker_address(request: Request) -> Address:
    address: Any = getattr(request.app.state, WORKER_ADDRESS, None)
    if not isinstance(address, Address):
        raise NOT_HERE.problem()
    return address
