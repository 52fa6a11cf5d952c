"""A row of a file with the place its names mean and the hashes of whom it claims to be about."""

from __future__ import annotations

from operator import attrgetter
from typing import Final
from uuid import UUID

from services.measurement.domain.file_row import FileRow
from services.measurement.domain.same_child import Claim
from services.measurement.store.identities import IdentityRow
from services.measurement.store.vault import Identity, Vault
from services.measurement.use_cases.register_children import identity_row

IDENTITY_FIELDS: Final = ("nik", "name", "parent_name", "address", "rt", "rw")
_identity_values: Final = attrgetter(*IDENTITY_FIELDS)


class Resident:
    """A row with the place its names mean and the hashes of whom it claims to be about."""

    __slots__ = ("codes", "desa_code", "name_hash", "nik_hash", "place_name", "posyandu_code", "row")

    def __init__(
        self,
        row: FileRow,
        desa_code: str,
        posyandu_code: str | None,
        codes: tuple[str, ...],
        vault: Vault,
        place_name: str | None = None,
    ) -> None:
        self.row = row
        self.desa_code = desa_code
        self.posyandu_code = posyandu_code
        self.codes = codes
        self.place_name = place_name  # of a posyandu that is not known
        # A number that two children of the file share identifies neither.
        nik = None if "nik_shared" in codes else row.nik
        self.nik_hash = vault.nik_hash(nik, row.birth_date, row.sex)
        self.name_hash = vault.name_hash(row.name, row.birth_date, row.sex)

    def claim(self) -> Claim:
        """For matching."""
        return Claim(self.nik_hash, self.name_hash, self.desa_code, self.posyandu_code)

    def identity(self) -> Identity:
        """What the row says about who it is."""
        values = zip(IDENTITY_FIELDS, _identity_values(self.row), strict=True)
        return {name: value for name, value in values if value is not None}

    def sealed(self, child_id: UUID, vault: Vault) -> IdentityRow:
        """Its identity as that of a new child; a number that several share stays a claim of each."""
        return identity_row(vault, child_id, self.identity(), self.row.birth_date, self.row.sex)
