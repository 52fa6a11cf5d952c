"""Why a figure changed between two periods: every child that counts differently has one reason, so the sums are exact.

Two stages. *Since then*: what the earlier period said as known then, and what it says of itself now (late, withdrawn,
merged, corrected). *Between*: from the earlier period to the later one, both as known now (entered, left, recovered,
newly found, not measured …). A reason is chosen in a fixed order, the surest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.facts import ChildRevision, Place
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import Period
from services.reporting.domain.targets import residence_on
from shared.calendar import turns_sixty_months_on

_ONE_DAY: Final = timedelta(days=1)
Stage = Literal["since_then", "between"]
Left = Literal["died", "departed", "aged_out", "stayed"]
Came = Literal["born", "registered", "known"]

# Indicator → the index that it is read from. Those of figures that are about one score.
INDEX_OF: Final = {
    name: measured.removesuffix("_measured") for name, (_, measured) in RATES.items() if measured.endswith("z_measured")
}
SINCE_THEN: Final = {
    "merged": ("digabung atau dipisah sebagai satu anak", "merged, or split again, as one child"),
    "late": ("tercatat setelah laporan itu", "recorded after that figure"),
    "withdrawn": ("dibatalkan atau dihapus dari hitungan", "voided, or no longer counted"),
    "place_corrected": ("tempat tinggalnya dikoreksi", "residence corrected"),
    "value_corrected": ("nilai atau skornya dikoreksi", "value or score corrected"),
}
BETWEEN: Final = {
    "born": ("lahir", "born"),
    "registered": ("baru terdaftar dari luar", "newly registered from outside"),
    "moved_in": ("pindah masuk", "moved in"),
    "measured_again": ("sebelumnya tidak diukur, kini diukur", "not measured before, measured now"),
    "flagged_before": ("sebelumnya nilai tak wajar (outlier), kini sah", "implausible score before, valid now"),
    "newly_found": ("baru masuk kategori ini", "newly with the finding"),
    "recovered": ("pulih dari kategori ini", "no longer with the finding"),
    "not_measured": ("tidak diukur kali ini", "not measured this time"),
    "flagged_now": ("kini nilai tak wajar (outlier)", "implausible score now"),
    "aged_out": ("genap 60 bulan", "turned 60 months"),
    "moved_out": ("pindah keluar", "moved out"),
    "died": ("meninggal", "died"),
}
TERMS: Final[dict[str, tuple[Stage, str, str]]] = {
    **{code: ("since_then", *texts) for code, texts in SINCE_THEN.items()},
    **{code: ("between", *texts) for code, texts in BETWEEN.items()},
}


class Counted(NamedTuple):
    """What a child adds to a figure of an area: to the numerator, to the denominator; `flagged` adds to neither."""

    numerator: int = 0
    denominator: int = 0
    flagged: bool = False


NOTHING: Final = Counted()


class Fraction(NamedTuple):
    """Children with the finding, of children measured."""

    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """None where nobody was measured."""
        return self.numerator / self.denominator if self.denominator else None


class Change(NamedTuple):
    """How one child counts: in the earlier period as known then and as known now, and in the later one as known now.

    `elsewhere_*`: counted now, in that period, in another area. `linked`: merged or unmerged between the two instants.
    """

    child_id: UUID
    then: Counted
    before: Counted
    after: Counted
    elsewhere_then: bool = False
    elsewhere_before: bool = False
    elsewhere_after: bool = False
    linked: bool = False


class Term(NamedTuple):
    """One reason: what it adds to numerator, denominator and share (None: there is none), and of how many children."""

    code: str
    numerator: int
    denominator: int
    children: int
    share: float | None


def counted_of(marks: int | None, indicator: str) -> Counted:
    """What a child-month with `marks` (None: no such month) adds to `indicator`."""
    if marks is None:
        return NOTHING
    numerator, denominator = (MARK_BITS[name] for name in RATES[indicator])
    flagged = MARK_BITS[f"{INDEX_OF[indicator]}_flagged"]
    return Counted(int(marks & numerator != 0), int(marks & denominator != 0), bool(marks & flagged))


def reason_since(change: Change) -> str | None:
    """Why the child counts otherwise in the earlier period than was known then; None if it does not."""
    then, now = change.then, change.before
    if then[:2] == now[:2]:
        return None
    if change.linked:
        return "merged"
    if now.denominator > then.denominator:
        return "place_corrected" if change.elsewhere_then else "value_corrected" if then.flagged else "late"
    if now.denominator < then.denominator:
        return "place_corrected" if change.elsewhere_before else "value_corrected" if now.flagged else "withdrawn"
    return "value_corrected"


class Past(NamedTuple):
    """What the fact of a child says of two periods, whatever area is asked about.

    `left`: by the end of the later one it had died, departed or turned 60 months, or none of these (`stayed`), and its
    home then (when it died); `came`: it was born or registered after the earlier one, or neither (`known`), and its
    home at the end of that.
    """

    left: Left
    left_home: Place
    came: Came
    came_home: Place


def past_of(child: ChildRevision, periods: tuple[Period, Period]) -> Past:
    """Of a fact nothing may matter here but homes and which of `days_of_reasons` its days have passed."""
    before, after = (period.last_day for period in periods)
    left: Left = "stayed"
    if child.died_on is not None and child.died_on <= after:
        left = "died"
    elif child.departed_on is not None and child.departed_on <= after:
        left = "departed"
    elif turns_sixty_months_on(child.birth_date) <= after:
        left = "aged_out"
    came: Came = "known"
    if child.birth_date > before:
        came = "born"
    elif child.residences[0][0] > before:
        came = "registered"
    died = child.died_on if left == "died" and child.died_on is not None else after
    return Past(left, residence_on(child, died), came, residence_on(child, before))


def reason_between(
    change: Change, child: ChildRevision | None, periods: tuple[Period, Period], inside: Callable[[Place], bool]
) -> str | None:
    """Why the child counts otherwise in the later period; None if it does not.

    `child` is its fact as known now, None if there is none; `inside`: whether a place is in the area. Who left does so
    in the period that holds the day, although it was a target for some days of it. Who died after it had moved away is
    told as moved out here.
    """
    if change.before[:2] == change.after[:2]:
        return None
    past = None if child is None else past_of(child, periods)
    return reason_of(change.before, change.after, (change.elsewhere_before, change.elsewhere_after), past, inside)


def reason_of(
    before: Counted, after: Counted, elsewhere: tuple[bool, bool], past: Past | None, inside: Callable[[Place], bool]
) -> str:
    """The same of who counts otherwise; `past`: of its fact, `elsewhere`: whether it counted there before, after."""
    if before.denominator and after.denominator:
        return "newly_found" if after.numerator else "recovered"
    if before.denominator:
        return "flagged_now" if after.flagged else _why_left(past, inside, elsewhere=elsewhere[1])
    return "flagged_before" if before.flagged else _why_entered(past, inside, elsewhere=elsewhere[0])


def _why_left(past: Past | None, inside: Callable[[Place], bool], *, elsewhere: bool) -> str:
    if elsewhere or past is None or past.left == "departed":
        return "moved_out"
    if past.left == "aged_out":
        return "aged_out"
    if not inside(past.left_home):
        return "moved_out"
    return "died" if past.left == "died" else "not_measured"


def _why_entered(past: Past | None, inside: Callable[[Place], bool], *, elsewhere: bool) -> str:
    if elsewhere:
        return "moved_in"
    if past is None:
        return "measured_again"
    if past.came != "known":
        return past.came
    return "measured_again" if inside(past.came_home) else "moved_in"


def days_of_reasons(periods: tuple[Period, Period]) -> list[date]:
    """Days that `past_of` asks about, ascending: what lies between the same two of them is all one to it.

    The day after each period, and the first birthday of a child who has not turned 60 months by the end of the later.
    """
    after = [period.last_day + _ONE_DAY for period in periods]
    born = after[1].replace(year=after[1].year - 5, day=1) - _ONE_DAY
    while turns_sixty_months_on(born) <= periods[1].last_day:
        born += _ONE_DAY
    return sorted({born, *after})


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
