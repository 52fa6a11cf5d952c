"""A person says of a pair that it is two children, or takes that back."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import candidates
from services.measurement.store.candidates import Decision, StoredCandidate
from services.measurement.use_cases.entry import Entry, RefusedError
from shared.postgres.pool import Connection
from shared.refusals import StaleError


async def settle_candidate(
    connection: Connection, candidate_id: UUID, seen: tuple[int, int], state: Literal["open", "different"], entry: Entry
) -> StoredCandidate | None:
    """The pair as it now stands; None where the caller does not see both. Raises StaleError, RefusedError.

    Two who were merged are parted by undoing the merge, not here.
    """
    stored = await candidates.find(connection, candidate_id, lock=True)
    if stored is None:
        return None
    if stored.state == "merged":
        raise RefusedError(EntryProblem("candidate_merged", "candidate_id"))
    if seen != (1, stored.revision):
        raise StaleError((1, stored.revision))
    if stored.state != state:
        decision = Decision(state, entry.subject, entry.known_at, entry.reason_text)
        await candidates.decide(connection, candidate_id, decision)
    return await candidates.find(connection, candidate_id)
