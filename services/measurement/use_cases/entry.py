"""Who enters something, and when: what every use case is told by the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.measurement.domain.entry_problems import EntryProblem
from shared.auth.areas import AreaGrant
from shared.contracts.child import Channel


@dataclass(frozen=True, slots=True)
class Entry:
    """One request or chunk: `now` becomes `known_at`, `source` is the client or file profile, `grant` the sender's."""

    now: datetime
    today: date
    channel: Channel
    source: str
    grant: AreaGrant

    @property
    def areas(self) -> tuple[str, ...]:
        """Codes of the sender's areas."""
        return self.grant.codes

    @property
    def known_at(self) -> datetime:
        """`now` in UTC, so that a fact read back from the database is written as it was."""
        return self.now.astimezone(UTC)


class RefusedError(Exception):
    """The whole request cannot be done: the problems say why, in the client's terms."""

    def __init__(self, *problems: EntryProblem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
