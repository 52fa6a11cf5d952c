"""What is doubtful about the NIK that a child claims: shown without the number, decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.measurement.domain.nik import soft_flags
from services.measurement.store.vault import Identity

KABUPATEN_LENGTH: Final = len("12.19")


def nik_flags(identity: Identity, birth_date: date, sex: str | None, desa_codes: Iterable[str]) -> list[str]:
    """Codes of the soft rules; none without an NIK.

    Foreign is who was numbered in a kabupaten where the child is not known to have lived (`desa_codes`): within one,
    people are born in the next kecamatan every day.
    """
    nik = identity.get("nik")
    if nik is None:
        return []
    regions = {code[:KABUPATEN_LENGTH].replace(".", "") for code in desa_codes}
    return soft_flags(nik, birth_date, sex, home_region=tuple(sorted(regions)))
