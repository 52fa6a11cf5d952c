"""Figures of household surveys (SSGI, SKI) beside ours: compared, explained, never blended."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from services.reporting.domain.figures import Z_95

# Why the two are not one figure. A reader meets both and asks which one is right: neither is the other's error.
DIFFERENCE_ID: Final = (
    "Survei mengukur sampel rumah tangga oleh pengumpul data terlatih pada satu waktu; angka di sini menghitung anak "
    "yang datang dan diukur di posyandu. Yang tidak datang sering berbeda dari yang datang, alat dan pengukurnya "
    "berlainan, dan tahun survei bukan satu bulan penimbangan. Keduanya tidak digabung."
)
DIFFERENCE_EN: Final = (
    "A survey measures a sample of households by trained staff at one time; figures here count the children who came "
    "to a posyandu and were measured. Those who stay away often differ from those who come, instruments and measurers "
    "differ, and a survey's year is not a month of weighing. The two are not blended."
)
STATEMENTS: Final = {
    "compatible": ("selang keduanya tidak bertentangan", "the two intervals do not contradict each other"),
    "different": (
        "berbeda lebih dari yang dijelaskan selangnya: cakupan, cara ukur atau waktu",
        "they differ by more than their intervals explain: coverage, measuring or time",
    ),
    "unknown": (
        "tidak dapat dibandingkan: salah satunya tanpa selang atau tanpa data",
        "cannot be compared: one of them has no interval or no data",
    ),
}


class Estimate(NamedTuple):
    """A share with its 95 % interval, all 0 to 1; None where it is not stated or hidden."""

    share: float | None
    low: float | None
    high: float | None


def standard_error(estimate: Estimate) -> float | None:
    """From the width of the 95 % interval: how surveys publish it, design effect and all."""
    if estimate.low is None or estimate.high is None:
        return None
    return (estimate.high - estimate.low) / (2 * Z_95)


def compared(ours: Estimate, theirs: Estimate) -> dict[str, Any]:
    """The difference (ours minus theirs) with its 95 % interval, and whether that holds zero."""
    errors = standard_error(ours), standard_error(theirs)
    if ours.share is None or theirs.share is None or errors[0] is None or errors[1] is None:
        return {"statement": "unknown", "difference": None, "low": None, "high": None, **_texts("unknown")}
    difference = ours.share - theirs.share
    reach = Z_95 * math.hypot(errors[0], errors[1])
    statement = "compatible" if abs(difference) <= reach else "different"
    return {
        "statement": statement,
        "difference": difference,
        "low": difference - reach,
        "high": difference + reach,
        **_texts(statement),
    }


def _texts(statement: str) -> dict[str, str]:
    text_id, text_en = STATEMENTS[statement]
    return {"text_id": text_id, "text_en": text_en}
