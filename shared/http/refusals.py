"""What use cases and constraints refuse, as problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from shared.http.etag import stale
from shared.http.kinds import NOT_FOUND
from shared.problems import ProblemKind
from shared.refusals import StaleError, UnknownFactError


@contextmanager
def fact_refusals() -> Iterator[None]:
    """Around a use case: problem 404 for a fact that is not there, 412 for one that has changed meanwhile."""
    try:
        yield
    except UnknownFactError:
        raise NOT_FOUND.problem() from None
    except StaleError as error:
        raise stale(error.stored) from None


@contextmanager
def taken(constraint: str, kind: ProblemKind) -> Iterator[None]:
    """Around a whole transaction: a conflict on the unique `constraint` as `kind`."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != constraint:
            raise
        raise kind.problem() from None
