"""What of our facts fills in an indicator of convergence, and by which definition.

A value carries the name of its definition, so that a figure of the board is never taken for another one of that name.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from services.reporting.domain.read_indicators import load


class Definition(NamedTuple):
    """What is counted: children of a desa in a calendar year, each once, where it was last measured in the year."""

    text_id: str
    text_en: str


_WHERE_ID: Final = "anak 0-59 bulan, sekali dalam setahun, di desa tempat tinggalnya saat terakhir diukur tahun itu"
_WHERE_EN: Final = "children of 0-59 months, once a year, in the desa where they lived when last measured in the year"

_OWN: Final = {
    "height_measured": Definition(
        f"Diukur panjang atau tinggi badannya: {_WHERE_ID}",
        f"With a length or height: {_WHERE_EN}",
    ),
    "severely_stunted": Definition(
        f"TB/U terakhir tahun itu di bawah -3 SD, tanpa nilai yang ditandai tidak wajar: {_WHERE_ID}",
        f"Last height-for-age of the year below -3 SD, flagged scores left out: {_WHERE_EN}",
    ),
    "stunted_not_severely": Definition(
        f"TB/U terakhir tahun itu -3 SD sampai di bawah -2 SD, tanpa nilai yang ditandai tidak wajar: {_WHERE_ID}",
        f"Last height-for-age of the year from -3 SD to below -2 SD, flagged scores left out: {_WHERE_EN}",
    ),
    "growth_monitored": Definition(
        "Ditimbang pada paling sedikit 8 bulan dan diukur panjang atau tinggi badannya pada paling sedikit 2 bulan "
        f"tahun itu [P]; perkembangan tidak termasuk: {_WHERE_ID}",
        "Weighed in at least 8 months and with a length or height in at least 2 months of the year [P]; development is "
        f"not in it: {_WHERE_EN}",
    ),
}
# Indicators that are counted with all others, by their own definition (domain/indicators).
INDICATOR: Final = "indicator."
INDICATORS: Final = ("severely_wasted_treated", "wasted_fed", "immunisation_complete")
DEFINITIONS: Final[dict[str, Definition]] = _OWN | {
    f"{INDICATOR}{one.code}": Definition(one.definition["id"], one.definition["en"])
    for code in INDICATORS
    for one in load().of(code)
}
MONTHS_WEIGHED: Final = 8  # [P] SPM Kesehatan balita: weighed at least eight times a year
MONTHS_MEASURED: Final = 2  # [P] and length or height at least twice a year
