"""A value without its unit, a finding in strange words: a person says what was meant, or why it is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from services.lab.store.held_results import Held, lock_held, settle_held
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.new_result import NewResult
from services.lab.use_cases.record_results import Recorded, record_results
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError

DiscardReason = Literal["not_measured", "wrong_child", "duplicate", "cannot_be_clarified"]


class AlreadySettledError(Exception):
    """Somebody has settled the row before."""

    def __init__(self, held: Held) -> None:
        super().__init__(held.held_id)
        self.held = held


async def complete_held(connection: Connection, held_id: UUID, said: Mapping[str, Any], entry: Entry) -> Recorded:
    """The result that the held row becomes: `accepted`, or `unchanged` where it is known already.

    `said`: its `unit`, its `findings`, and its `test_code` where the catalogue did not know the test.
    Raises UnknownFactError, AlreadySettledError, and RefusedError for what would not be accepted as a new result
    either; then the row stays open.
    """
    held = await _open(connection, held_id)
    recorded = (await record_results(connection, [as_meant(held, said)], entry))[0]
    if recorded.fact is None or recorded.outcome not in {"accepted", "unchanged"}:
        raise RefusedError(*recorded.problems)
    await settle_held(connection, held, "recorded", entry.known_at, entry.account, outcome=recorded.fact.fact_id)
    return recorded


def as_meant(held: Held, said: Mapping[str, Any]) -> NewResult:
    """The row with what a person says of it; findings take the place of a number that was none."""
    meant = dict.fromkeys(("value", "comparator", "unit")) if "findings" in said else {}
    return NewResult.model_validate({**held.reported, **meant, **said})


async def discard_held(connection: Connection, held_id: UUID, reason: DiscardReason, entry: Entry) -> None:
    """The row is not taken; it stays in the record with the reason. UnknownFactError, AlreadySettledError."""
    held = await _open(connection, held_id)
    await settle_held(connection, held, "discarded", entry.known_at, entry.account, outcome=reason)


async def _open(connection: Connection, held_id: UUID) -> Held:
    held = await lock_held(connection, held_id)
    if held is None:
        raise UnknownFactError
    if held.state != "open":
        raise AlreadySettledError(held)
    return held
