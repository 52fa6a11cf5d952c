"""What each reason adds to a figure, its share by Shapley's rule; and which terms eyes outside see taken together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from services.reporting.domain.why_changed import Counted

OTHER: Final = "other"


class Fraction(NamedTuple):
    """Children with the finding, of children measured."""

    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """None where nobody was measured."""
        return self.numerator / self.denominator if self.denominator else None


class Term(NamedTuple):
    """One reason: what it adds to numerator, denominator and share (None: there is none), and of how many children.

    `children` None: not told.
    """

    code: str
    numerator: int
    denominator: int
    children: int | None
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


def of_kept(kept: Iterable[tuple[str, int, int, int | None]], start: Fraction, end: Fraction) -> list[Term]:
    """Terms (code, numerator, denominator, children) with their shares of the change between two figures."""
    return [
        Term(code, numerator, denominator, children, share_change(start, end, numerator, denominator))
        for code, numerator, denominator, children in kept
    ]


def all_in_one(start: Fraction, end: Fraction) -> list[Term]:
    """The whole change as one term of nobody knows how many children."""
    numerator, denominator = end.numerator - start.numerator, end.denominator - start.denominator
    return of_kept([(OTHER, numerator, denominator, None)], start, end)


def pooled(terms: Sequence[Term], smallest: int, start: Fraction, end: Fraction) -> list[Term]:
    """Terms for eyes outside the district, between the figures told there: small ones are told together as OTHER.

    Small is a term of 1 to `smallest` - 1 children, and one of which fewer than `smallest` have the finding, or have it
    not. So that the others minus the whole do not give one away, OTHER takes the next smaller ones until it holds
    `smallest` children of at least two terms; if there are not so many, it is all there is.

    OTHER also takes what `terms` leave open: who has come in since `start` was told, say. That counts as a term that is
    small, and of how many children OTHER is told no more. Beside terms of which nobody came or went its denominator
    would stand alone: where it has one, others are taken first, until there is one.
    """
    open_ = Fraction(
        end.numerator - start.numerator - sum(term.numerator for term in terms),
        end.denominator - start.denominator - sum(term.denominator for term in terms),
    )
    is_alone = bool(open_.denominator)
    own = sorted(
        (term for term in terms if term.children),
        key=lambda term: (is_alone and not term.denominator, term.children or 0),
    )
    hidden = [term for term in own if _tells_small(term, smallest)]
    own = [term for term in own if not _tells_small(term, smallest)]
    if not hidden and not any(open_):
        return of_kept((term[:4] for term in terms), start, end)
    while _too_few(hidden, smallest, open_):
        if not own:
            return all_in_one(start, end)
        hidden.append(own.pop(0))
    gone = {term.code for term in hidden}
    other = (
        OTHER,
        sum(term.numerator for term in hidden) + open_.numerator,
        sum(term.denominator for term in hidden) + open_.denominator,
        None if any(open_) else sum(term.children or 0 for term in hidden),
    )
    return of_kept([*(term[:4] for term in terms if term.code not in gone), other], start, end)


def _tells_small(term: Term, smallest: int) -> bool:
    """Whether its children, those with the finding, or the rest of them are few.

    Where nobody came or went (`denominator` 0) all of its children changed their finding, one way or the other.
    """
    children, found = term.children or 0, abs(term.numerator)
    return children < smallest or (term.denominator != 0 and min(found, children - found) < smallest)


def _too_few(hidden: Sequence[Term], smallest: int, open_: Fraction) -> bool:
    """Whether what is told of them together would tell one of them, or what is open."""
    if sum(term.children or 0 for term in hidden) < smallest:
        return True
    if any(open_):
        return open_.denominator != 0 and not any(term.denominator for term in hidden)
    return len(hidden) < 2
