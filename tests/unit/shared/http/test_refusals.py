"""What use cases and constraints refuse, as the client reads it; whatever else is raised passes untouched."""

import asyncpg
import pytest

from shared.http.kinds import NOT_FOUND
from shared.http.refusals import fact_refusals, taken
from shared.problems import Problem, ProblemKind
from shared.refusals import StaleError, UnknownFactError

CONFLICT = ProblemKind("value_conflict", 409, "Sudah ada", "It is there", "Baca ulang.", "Read it again.")


def violation(constraint: str) -> asyncpg.UniqueViolationError:
    error = asyncpg.UniqueViolationError("duplicate key")
    error.constraint_name = constraint
    return error


def test_a_fact_that_is_not_there_is_404() -> None:
    with pytest.raises(Problem) as refused, fact_refusals():
        raise UnknownFactError
    assert refused.value.kind == NOT_FOUND


def test_a_fact_that_has_changed_is_412_with_its_present_etag() -> None:
    with pytest.raises(Problem) as refused, fact_refusals():
        raise StaleError((1, 7))
    assert (refused.value.kind.status, refused.value.headers) == (412, {"ETag": '"1.7"'})


def test_a_conflict_on_the_named_constraint_is_its_problem() -> None:
    with pytest.raises(Problem) as refused, taken("natural_key", CONFLICT):
        raise violation("natural_key")
    assert refused.value.kind == CONFLICT


def test_a_conflict_on_another_constraint_is_a_fault_of_ours() -> None:
    with pytest.raises(asyncpg.UniqueViolationError), taken("natural_key", CONFLICT):
        raise violation("other_key")


def test_whatever_else_is_raised_passes_untouched() -> None:
    with pytest.raises(KeyError), taken("natural_key", CONFLICT), fact_refusals():
        raise KeyError("bug")
