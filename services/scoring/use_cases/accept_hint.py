"""A person says that a value is right although a hint doubts it."""

from __future__ import annotations

from services.scoring.store.hints import write_hints
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import revised
from shared.contracts.hint import HintV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


class HintRefusedError(ValueError):
    """The hint cannot be accepted; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


async def accept_hint(connection: Connection, hint: HintV1, accepted_by: str, clock: Clock) -> HintV1:
    """The locked hint, accepted, stored and handed to the outbox; accepted already, it stays as it is.

    It stays accepted as long as the value is the same; another value is judged anew.
    HintRefusedError: `hint_withdrawn`.
    """
    if hint.state == "accepted":
        return hint
    if hint.state == "withdrawn":
        raise HintRefusedError("hint_withdrawn", str(hint.fact_id))
    accepted = revised(hint, "closed", clock.now, state="accepted", accepted_by=accepted_by, accepted_on=clock.today)
    await write_hints(connection, [accepted])
    await publish(connection, [accepted])
    return accepted
