"""What is doubtful about the NIK that a child claims: shown without the number, decides nothing."""

from __future__ import annotations

from services.measurement.domain.nik import soft_flags
from services.measurement.store.vault import Identity
from shared.contracts.child import ChildV1

KABUPATEN_LENGTH = len("12.19")


def nik_flags(child: ChildV1, identity: Identity) -> list[str]:
    """Codes of the soft rules; none without an NIK.

    Foreign is who was numbered in a kabupaten where the child is not known to have lived: within one, people are born
    in the next kecamatan every day.
    """
    nik = identity.get("nik")
    if nik is None:
        return []
    regions = {stay.desa_code[:KABUPATEN_LENGTH].replace(".", "") for stay in child.residences}
    return soft_flags(nik, child.birth_date, child.sex, home_region=tuple(sorted(regions)))
