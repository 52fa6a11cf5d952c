"""The value of an indicator in a period from what its months (or the period itself) count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.figures import label, share_of, wilson
from services.reporting.domain.indicator_set import OFFICIAL_TARGET, Count, Rule
from services.reporting.domain.periods import Period

# Why there is no value, in both languages.
REASONS: Final = {
    "not_recorded": (
        "Tidak ada catatan yang menyatakannya; tidak diisi dengan perkiraan.",
        "No fact tells it; it is not filled with a guess.",
    ),
    "no_round_in_period": (
        "Tidak ada bulan pemberian dalam periode ini.",
        "There is no month of a round in this period.",
    ),
    "no_data": ("Tidak ada anak pada penyebutnya.", "Nobody is in the denominator."),
    "no_target": (
        "Register tidak punya sasaran resmi wilayah ini.",
        "The register has no official target of the area.",
    ),
    "counted_later": (
        "Sedang dihitung di latar; coba lagi beberapa menit lagi.",
        "It is being counted in the background; try again in minutes.",
    ),
    "too_large_for_a_past_day": (
        "Terlalu banyak anak untuk dihitung per hari yang lalu; minta tiap kabupaten, atau tanpa as_of.",
        "Too many children to be counted as of a past day; ask for each kabupaten, or without as_of.",
    ),
    "not_told_yet": (
        "Tidak atau belum diumumkan di luar kabupaten; bila akan, `findings_told_from` menyebut tanggalnya.",
        "Not told outside the district, or not yet: then `findings_told_from` says when.",
    ),
    "not_in_release": (
        "Belum didefinisikan waktu angka periode ini diumumkan.",
        "It was not defined when the figures of the period were told.",
    ),
    "suppressed": (
        "Disembunyikan karena jumlahnya kecil.",
        "Hidden because the count is small.",
    ),
}
# Why a part is not shown to this reader; of several the first one is told.
WITHHELD: Final = ("not_told_yet", "not_in_release", "suppressed")


class Told(NamedTuple):
    """What one month (or period) counts. None: not told where `withheld`, else the indicator has no denominator.

    `withheld`: one of WITHHELD. `recorded`: not where an answer is known of none of the children.
    """

    numerator: int | None
    denominator: int | None
    withheld: str | None = None
    recorded: bool = True


def parts_of(rule: Rule, count: Count, period: Period, this_month: date) -> list[Period]:
    """The months (or the period) that the rule looks at, among those that have begun; none where no round falls in."""
    if rule == "latest_of_child":
        return [period]
    begun = [month for month in period.months_of if month <= this_month]
    due = [month for month in begun if not count.round_months or month.month in count.round_months]
    if rule in {"mean_of_months", "sum"}:
        return [Period(month) for month in due]
    return [Period(month) for month in due[-1:]]


def counted_over(part: Period, count: Count) -> Period:
    """The months over which children are looked at for one part: the month, or from January to it."""
    if count.window != "year_to_date":
        return part
    return Period(part.first.replace(month=1), part.last_month.month)


def of_figures(count: Count, row: Mapping[str, Any]) -> Told:
    """What figures of an area say."""
    names = {count.numerator, count.denominator} - {OFFICIAL_TARGET, ""}
    denominator = row[count.denominator] if count.denominator else None
    if not names.isdisjoint(row.get("suppressed", ())):
        return Told(None, None, "suppressed")
    return Told(row[count.numerator], denominator)


def told_of(counts: Sequence[Count], counted: Sequence[tuple[int, int]]) -> list[Told]:
    """What numerators and denominators of `counts` say."""
    known = {count.family for count, (top, _) in zip(counts, counted, strict=True) if count.is_of_known and top}
    return [
        Told(*pair, recorded=count.family is None or count.family in known)
        for count, pair in zip(counts, counted, strict=True)
    ]


def value_of(rule: Rule, told: Sequence[Told], *, is_share: bool) -> dict[str, Any]:
    """Numerator, denominator, share with interval, whether anything is hidden, and why there is no value.

    Ratios are summed by numerator and denominator, never averaged; a mean of months is the mean of the counts. One
    hidden month hides the whole, or the others would tell it.
    """
    if not told:
        return _nothing("no_round_in_period")
    withheld = min((WITHHELD.index(part.withheld) for part in told if part.withheld), default=None)
    if withheld is not None:
        return {**_nothing(WITHHELD[withheld]), "suppressed": True}
    told = [part for part in told if part.recorded]
    numerators = [part.numerator for part in told if part.numerator is not None]
    denominators = [part.denominator for part in told if part.denominator is not None]
    if not told or len(numerators) < len(told) or (is_share and len(denominators) < len(told)):
        return _nothing("no_target" if told else "not_recorded")
    by = len(told) if rule == "mean_of_months" else 1
    numerator = _counted(sum(numerators), by)
    if not is_share:
        return {**_nothing(None), "numerator": numerator}
    top, bottom = sum(numerators), sum(denominators)
    if bottom == 0:
        return {**_nothing("no_data"), "numerator": numerator, "denominator": 0}
    interval = wilson(round(top / by), round(bottom / by)) if top <= bottom else None
    return {
        "numerator": numerator,
        "denominator": _counted(bottom, by),
        "share": top / bottom,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "suppressed": False,
        "reason": None,
    }


def coverage_over(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Coverage, label and grade over the months that a figure rests on, by the area's row of each.

    Coverage is the sum over the sum, as of every ratio; None where a month hides its part. The grade is the worst: a
    mean is no better than the worst month in it.
    """
    told = {name: [row[name] for row in rows] for name in ("target_children", "measured_children", "both_measured")}
    target, measured, both = (None if None in counts else sum(counts) for counts in told.values())
    coverage_both = share_of(both, target)
    grades = [row["quality_grade"] for row in rows if row["quality_grade"] is not None]
    return {
        "coverage": share_of(measured, target),
        "coverage_both": coverage_both,
        "label": label(coverage_both),
        "quality_grade": max(grades, default=None),
    }


def _counted(total: int, by: int) -> int | float:
    """A whole number where it is one."""
    return total // by if total % by == 0 else round(total / by, 2)


def _nothing(reason: str | None) -> dict[str, Any]:
    text_id, text_en = REASONS[reason] if reason is not None else ("", "")
    return {
        **dict.fromkeys(("numerator", "denominator", "share", "low", "high")),
        "suppressed": False,
        "reason": None if reason is None else {"code": reason, "text_id": text_id, "text_en": text_en},
    }


def not_recorded() -> dict[str, Any]:
    """The value of what no fact tells."""
    return _nothing("not_recorded")


def not_counted(*, of_a_past_day: bool) -> dict[str, Any]:
    """No value, since too many children would have to be counted while somebody waits; what to ask instead."""
    return _nothing("too_large_for_a_past_day" if of_a_past_day else "counted_later")
