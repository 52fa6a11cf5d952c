"""What each reason adds to a figure, its share by Shapley's rule; and which terms eyes outside see taken together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.reporting.domain.why_changed import Counted


class Fraction(NamedTuple):
    """Children with the finding, of children measured."""

    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """None where nobody was measured."""
        return self.numerator / self.denominator if self.denominator else None


class Term(NamedTuple):
    """One reason: what it adds to numerator, denominator and share (None: there is none), and of how many children."""

    code: str
    numerator: int
    denominator: int
    children: int
    share: float | None


def add_up(start: Fraction, changes: Iterable[tuple[str, Counted, Counted, int]], codes: Iterable[str]) -> list[Term]:
    """Terms of `codes` in that order, from (reason, counted before, counted after, children); those of nobody, too.

    They lead from `start` to the other end exactly. The share is split between numerator and denominator by Shapley's
    rule and within each in proportion: a term of n and d changes it by n (1/D0 + 1/D1)/2 - d (N0 + N1)/(2 D0 D1).
    That needs no order of terms, gives terms taken together the sum of their parts, and adds up to N1/D1 - N0/D0.
    """
    sums = {code: [0, 0, 0] for code in codes}
    for code, before, after, children in changes:
        term = sums[code]
        term[0] += (after.numerator - before.numerator) * children
        term[1] += (after.denominator - before.denominator) * children
        term[2] += children
    added = list(sums.values())
    end = Fraction(
        start.numerator + sum(numerator for numerator, _, _ in added),
        start.denominator + sum(denominator for _, denominator, _ in added),
    )
    return [
        Term(code, numerator, denominator, children, share_change(start, end, numerator, denominator))
        for code, (numerator, denominator, children) in sums.items()
    ]


def share_change(
    start: tuple[float, float], end: tuple[float, float], numerator: float, denominator: float
) -> float | None:
    """What a term does to the share between two (numerator, denominator); None where either has none."""
    (above, below), (above_then, below_then) = start, end
    if not below or not below_then:
        return None
    # Over one common divisor, so that whole numbers cancel before anything is rounded.
    told = numerator * (below + below_then) - denominator * (above + above_then)
    return told / (2 * below * below_then)


def pooled(terms: Sequence[Term], smallest: int, codes: Iterable[str]) -> list[Term]:
    """Terms for eyes outside the district: those that tell a small count are told together as `other`.

    Small is a term of 1 to `smallest` - 1 children, and one of which fewer than `smallest` have the finding, or have it
    not. So that the others minus the whole do not give one away, `other` takes the next smaller ones until it holds
    `smallest` children of at least two terms. `codes` name the terms that may be in it (one stage).
    """
    stage = set(codes)
    own = sorted((term for term in terms if term.code in stage and term.children), key=lambda term: term.children)
    hidden = [term for term in own if _tells_small(term, smallest)]
    own = [term for term in own if not _tells_small(term, smallest)]
    while own and hidden and _too_few(hidden, smallest):
        hidden.append(own.pop(0))
    if not hidden:
        return [term for term in terms if term.code in stage]
    gone = {term.code for term in hidden}
    shares = [term.share for term in hidden if term.share is not None]
    other = Term(
        "other",
        sum(term.numerator for term in hidden),
        sum(term.denominator for term in hidden),
        sum(term.children for term in hidden),
        sum(shares) if len(shares) == len(hidden) else None,
    )
    return [*(term for term in terms if term.code in stage and term.code not in gone), other]


def _tells_small(term: Term, smallest: int) -> bool:
    """Whether its children, those with the finding, or the rest of them are few.

    Where nobody came or went (`denominator` 0) all of its children changed their finding, one way or the other.
    """
    found = abs(term.numerator)
    rest = term.children - found
    return term.children < smallest or (term.denominator != 0 and min(found, rest) < smallest)


def _too_few(hidden: Sequence[Term], smallest: int) -> bool:
    return len(hidden) < 2 or sum(term.children for term in hidden) < smallest
