"""Who enters something, and when: what every use case is told by the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store.tracked_rows import Origin
from shared.auth.areas import AreaGrant
from shared.contracts.child import Channel


@dataclass(frozen=True, slots=True)
class Entry:
    """One request or chunk: `now` becomes `known_at`, `source` is the client or file profile, `grant` the sender's.

    `subject` is who sent it, as the history shows it; `reason_text` what that person said about it, without names.
    """

    now: datetime
    today: date
    channel: Channel
    source: str
    grant: AreaGrant
    subject: str
    reason_text: str | None = field(default=None, repr=False)

    @property
    def areas(self) -> tuple[str, ...]:
        """Codes of the sender's areas."""
        return self.grant.codes

    @property
    def known_at(self) -> datetime:
        """`now` in UTC, so that a fact read back from the database is written as it was."""
        return self.now.astimezone(UTC)

    def origin(self, intake_id: UUID | None = None, row_numbers: Mapping[UUID, int] | None = None) -> Origin:
        """What is kept beside the revisions that this entry makes; `row_numbers` leads from a fact to a file's row."""
        return Origin(self.subject, self.reason_text, intake_id, row_numbers or {})


class RefusedError(Exception):
    """The whole request cannot be done: the problems say why, in the client's terms."""

    def __init__(self, *problems: EntryProblem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
