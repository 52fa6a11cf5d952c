"""Why a figure changed between two periods: every child that counts differently has one reason, so the sums are exact.

Two stages. *Since then*: what the earlier period said as known then, and what it says of itself now (late, withdrawn,
merged, corrected). *Between*: from the earlier period to the later one, both as known now (entered, left, recovered,
newly found, not measured …). A reason is chosen in a fixed order, the surest first.
"""

from __future__ import annotations

from collections.abc import Callable
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
