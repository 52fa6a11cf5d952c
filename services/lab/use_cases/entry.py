"""Who enters something, and when: what every use case is told by the edge; and how it may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.lab.domain.result_problems import ResultProblem
from shared.auth.areas import AreaGrant


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: `now` becomes `known_at`, `account` is the caller's."""

    now: datetime
    account: str
    grant: AreaGrant

    @property
    def known_at(self) -> datetime:
        """`now` in UTC, so that a fact read back from the database is written as it was."""
        return self.now.astimezone(UTC)

    @property
    def laboratory_code(self) -> str | None:
        """The laboratory that enters this; None for everybody else."""
        return next((code for code in self.grant.codes if code.startswith("LAB.")), None)


class RefusedError(Exception):
    """The whole request cannot be done: the problems say why, in the client's terms."""

    def __init__(self, *problems: ResultProblem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class StateError(Exception):
    """The fact is not in a state in which this can be done; `state` is the one it is in."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
