"""`/v1/subscriptions`: to whom changed figures are sent, by whose decision, and how that goes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from services.reporting.formats.webhook import SecretVault, new_secret
from services.reporting.http.feed import LEVELS, own_level
from services.reporting.http.forms import ADDRESS_FORM, AreaText
from services.reporting.http.subscription_address import demand_allowed
from services.reporting.store import subscriptions
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, etag, if_match
from shared.http.idempotency import REPLAYED_HEADER
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

VAULT: Final = "webhook_vault"  # name on `app.state`
EPOCH: Final = 1
DELETED: Final = ProblemKind(
    code="subscription_deleted",
    status=409,
    title_id="Langganan itu sudah dihapus",
    title_en="That subscription has been deleted",
    remedy_id="Buat langganan baru dengan `POST /v1/subscriptions`.",
    remedy_en="Make a new one with `POST /v1/subscriptions`.",
)
Reader = Annotated[Caller, require("subscriptions:read")]
Writer = Annotated[Caller, require("subscriptions:write")]
router = APIRouter(prefix="/v1/subscriptions", tags=["feed"])


Url = Annotated[str, Field(min_length=10, max_length=500, examples=["https://dinkes.example/tumbuh"]), ADDRESS_FORM]


class NewSubscription(Body):
    """Who is to be told, and of which areas: all of them lie in the caller's."""

    url: Url
    areas: Annotated[list[AreaText], Field(min_length=1, max_length=50)]
    level: Literal["provinsi", "kabupaten", "kecamatan", "desa"] | None = None


class Change(Body):
    """What is to be otherwise."""

    url: Url | None = None
    state: Literal["active", "paused"] | None = None


@router.post("", status_code=201, summary="Have changed figures sent to an address")
async def post_subscription(
    request: Request, caller: Writer, body: Annotated[NewSubscription, json_body(NewSubscription)]
) -> Response:
    """Begins with everything there is. The secret is in this answer and never again; `:rotate-secret` makes another."""
    for code in body.areas:
        caller.areas.demand_area(code)
    demand_allowed(request, body.url)
    level = LEVELS.index(body.level) + 1 if body.level else min(own_level(tuple(body.areas)), len(LEVELS))
    subscription_id, secret = uuid7(), new_secret()
    sealed = _vault(request).seal(subscription_id, secret)

    async def effect(connection: Connection) -> Answer:
        row = await subscriptions.insert_subscription(
            connection, subscription_id, body.url, sorted(set(body.areas)), level, sealed, caller.key
        )
        return _answer(201, row)

    return _with_secret(await write_once(request, effect), secret)


@router.get("", summary="Subscriptions of the own areas")
async def get_subscriptions(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """Where each stands: `active`, `paused` by a person, or `stopped` after too many failures."""
    after = page.after(UUID)
    async with reading(request) as connection:
        rows = await subscriptions.list_subscriptions(connection, after[0] if after else None, page.limit + 1)
    return json_response(page.page([_told(row) for row in rows], "subscription_id"))


@router.get("/{subscription_id}", summary="One subscription")
async def get_subscription(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    subscription_id: UUID,
) -> Response:
    """With its ETag, for a correction; also one that was deleted, which no list shows."""
    async with reading(request) as connection:
        row = await _found(connection, subscription_id)
    return json_response(_told(row), headers={"ETag": etag(EPOCH, row["revision"])})


@router.get("/{subscription_id}/deliveries", summary="Attempts to deliver, the newest first")
async def get_deliveries(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    subscription_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """Status, error and time of each of the last thirty days; what was sent is not kept."""
    before = page.after(int)
    async with reading(request) as connection:
        await _found(connection, subscription_id)
        rows = await subscriptions.list_deliveries(
            connection, subscription_id, before[0] if before else None, page.limit + 1
        )
    return json_response(page.page([_delivery(row) for row in rows], "delivery_id"))


@router.patch("/{subscription_id}", summary="Pause a subscription, let it go on, or change its address")
async def patch_subscription(
    request: Request,
    caller: Writer,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    subscription_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[Change, json_body(Change)],
) -> Response:
    """What is under way is sent to the new address, under its old key."""
    if body.url is not None:
        demand_allowed(request, body.url)
    async with writing(request) as connection:
        held = await _live(connection, subscription_id)
        demand_current(seen, (EPOCH, held["revision"]))
        row = await subscriptions.change_subscription(connection, subscription_id, state=body.state, url=body.url)
    return json_response(_told(row), headers={"ETag": etag(EPOCH, row["revision"])})


@router.delete("/{subscription_id}", status_code=204, summary="End a subscription for good")
async def delete_subscription(
    request: Request, caller: Writer, subscription_id: UUID, seen: Annotated[Order, Depends(if_match)]
) -> Response:
    """What waits is dropped, the secret forgotten; an attempt under way may still arrive. Once more changes nothing."""
    async with writing(request) as connection:
        held = await _found(connection, subscription_id, lock=True)
        if held["state"] != "deleted":
            demand_current(seen, (EPOCH, held["revision"]))
            await subscriptions.delete_subscription(connection, subscription_id, caller.key)
    return Response(status_code=204)


@router.post("/{subscription_id}:redrive", summary="Try again now")
async def redrive_subscription(
    request: Request,
    caller: Writer,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    subscription_id: UUID,
) -> Response:
    """Of one that stands still, or that waits for its next attempt: nothing was lost, it goes on where it stood."""

    async def effect(connection: Connection) -> Answer:
        await _live(connection, subscription_id)
        return _answer(200, await subscriptions.change_subscription(connection, subscription_id, state="active"))

    return await write_once(request, effect)


@router.post("/{subscription_id}:rotate-secret", summary="A new secret instead of the old one")
async def rotate_secret(
    request: Request,
    caller: Writer,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    subscription_id: UUID,
) -> Response:
    """Every attempt from now on is signed with it; it is in this answer and never again."""
    secret = new_secret()
    sealed = _vault(request).seal(subscription_id, secret)

    async def effect(connection: Connection) -> Answer:
        await _live(connection, subscription_id)
        return _answer(200, await subscriptions.change_subscription(connection, subscription_id, sealed_secret=sealed))

    return _with_secret(await write_once(request, effect), secret)


def _answer(status: int, row: dict[str, Any]) -> Answer:
    return json_answer(status, _told(row), {"ETag": etag(EPOCH, row["revision"])})


def _with_secret(response: Response, secret: str) -> Response:
    """The answer is kept for repeated requests, the secret is not: only the first answer has it."""
    if REPLAYED_HEADER in response.headers:
        return response
    told = {**orjson.loads(response.body), "secret": secret}
    return json_response(told, response.status_code, headers={"ETag": response.headers["etag"]})


def _vault(request: Request) -> SecretVault:
    vault: SecretVault = getattr(request.app.state, VAULT)
    return vault


async def _found(connection: Connection, subscription_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    row = await subscriptions.find_subscription(connection, subscription_id, lock=lock)
    if row is None:
        raise NOT_FOUND.problem()
    return row


async def _live(connection: Connection, subscription_id: UUID) -> dict[str, Any]:
    """Locked, to be changed."""
    row = await _found(connection, subscription_id, lock=True)
    if row["state"] == "deleted":
        raise DELETED.problem()
    return row


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: value for name, value in row.items() if name not in {"revision", "level", "pending_entries"}
    }
    told |= {"subscription_id": str(row["subscription_id"]), "level": LEVELS[row["level"] - 1]}
    for name in ("due_at", "failing_since", "last_acknowledged_at", "created_at", "deleted_at"):
        told[name] = row[name].isoformat() if row[name] is not None else None
    return {**told, "entries_under_way": row["pending_entries"] or 0}


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "delivery_key": str(row["delivery_key"]), "attempted_at": row["attempted_at"].isoformat()}
