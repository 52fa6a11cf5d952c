"""The children of a file's rows: found by what the row claims, registered if new, moved if seen elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.measurement.domain.file_row import FileRow
from services.measurement.domain.residences import Stays, seen_at
from services.measurement.domain.same_child import AmbiguousChildError, ChildIndex, Claim, KnownChild
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN, lock_registering
from services.measurement.store.identities import IdentityRow
from services.measurement.store.measurements import newest_days
from services.measurement.store.vault import Identity, Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.publish import revised
from services.measurement.use_cases.register_children import NewChild, new_child, seal
from services.measurement.use_cases.relocate_children import residences_of, stays_of
from shared.contracts.child import ChildV1
from shared.postgres.pool import Connection

IDENTITY_FIELDS = ("nik", "name", "parent_name", "address", "rt", "rw")


class Resident:
    """A row with the place its names mean and the hashes of whom it claims to be about."""

    __slots__ = ("codes", "desa_code", "name_hash", "nik_hash", "posyandu_code", "row")

    def __init__(
        self, row: FileRow, desa_code: str, posyandu_code: str | None, codes: tuple[str, ...], vault: Vault
    ) -> None:
        self.row = row
        self.desa_code = desa_code
        self.posyandu_code = posyandu_code
        self.codes = codes
        # A number that two children of the file share identifies neither.
        nik = None if "nik_shared" in codes else row.nik
        self.nik_hash = vault.nik_hash(nik, row.birth_date, row.sex)
        self.name_hash = vault.name_hash(row.name, row.birth_date, row.sex)

    def claim(self) -> Claim:
        """For matching."""
        return Claim(self.nik_hash, self.name_hash, self.desa_code, self.posyandu_code)

    def identity(self) -> Identity:
        """What the row says about who it is."""
        return {name: value for name in IDENTITY_FIELDS if (value := getattr(self.row, name)) is not None}


class FileChildren:
    """The children a chunk is about, before and after it."""

    def __init__(
        self, stored: Sequence[ChildV1], index: ChildIndex[UUID], newest_days: dict[UUID, date], vault: Vault
    ) -> None:
        self._stored = {child.child_id: child for child in stored}
        self._stays: dict[UUID, Stays] = {child.child_id: stays_of(child) for child in stored}
        self._index = index
        self._newest = newest_days
        self._vault = vault
        self._new: dict[UUID, ChildV1] = {}
        self._sealed: list[IdentityRow] = []
        self._births: dict[UUID, dict[str, float]] = {}
        self._learned: dict[UUID, str] = {}
        self.root_of: dict[UUID, UUID] = {}
        self.changed: list[ChildV1] = []

    @classmethod
    async def load(cls, connection: Connection, residents: Sequence[Resident], vault: Vault) -> FileChildren:
        """Everybody who shares a hash with a row, followed to the survivor of a merge.

        Two files may name one NIK in two places at once: whoever registers waits for the other and looks again.
        """
        index, stored = await cls._known(connection, residents)
        if any(resident.nik_hash is not None and _is_new(index, resident) for resident in residents):
            await lock_registering(connection)
            index, stored = await cls._known(connection, residents)
        days = await newest_days(connection, [child.child_id for child in stored])
        children = cls(stored, index, days, vault)
        merged = await CHILDREN.find(connection, [child.child_id for child in stored], column="merged_into")
        children.root_of = {child.child_id: child.merged_into for child in merged if child.merged_into is not None}
        return children

    @staticmethod
    async def _known(connection: Connection, residents: Sequence[Resident]) -> tuple[ChildIndex[UUID], list[ChildV1]]:
        rows = await identities.candidates(
            connection,
            sorted({item.nik_hash for item in residents if item.nik_hash is not None}),
            sorted({item.name_hash for item in residents if item.name_hash is not None}),
        )
        found = {child.child_id: child for child in await CHILDREN.find(connection, [row[0] for row in rows])}
        survivors = [child.merged_into for child in found.values() if child.merged_into is not None]
        found |= {child.child_id: child for child in await CHILDREN.find(connection, survivors)}
        known: dict[UUID, KnownChild[UUID]] = {}
        for child_id, nik_hash, name_hash in rows:
            root = found[found[child_id].merged_into or child_id]
            if root.voided:
                continue
            home = root.residences[-1]
            entry = known.setdefault(
                root.child_id, KnownChild(root.child_id, desa_code=home.desa_code, posyandu_code=home.posyandu_code)
            )
            entry.nik_hashes |= _one(nik_hash)
            entry.name_hashes |= _one(name_hash)
        return ChildIndex(known.values()), [found[child_id] for child_id in known]

    def attach(self, resident: Resident, entry: Entry) -> UUID | None:
        """The child of a row, registered if it is new; None where more than one child fits."""
        try:
            known = self._index.find(resident.claim())
        except AmbiguousChildError:
            return None
        if known is None:
            return self._register(resident, entry)
        if resident.nik_hash is not None and not known.nik_hashes and resident.row.nik is not None:
            self._index.learn_nik(known, resident.nik_hash)
            self._learned[known.child_id] = resident.row.nik
        self._see(known, resident)
        return known.child_id

    def _register(self, resident: Resident, entry: Entry) -> UUID:
        row = resident.row
        child = new_child(
            NewChild(
                identity=resident.identity(),
                sex=row.sex,
                birth_date=row.birth_date,
                desa_code=resident.desa_code,
                posyandu_code=resident.posyandu_code,
                resident_since=row.measured_on,
                birth_weight_kg=row.birth_weight_kg,
                birth_length_cm=row.birth_length_cm,
            ),
            entry,
        )
        self._new[child.child_id] = child
        self._newest[child.child_id] = row.measured_on
        self._stays[child.child_id] = stays_of(child)
        self._sealed.append(seal(self._vault, child, resident.identity()))
        hashes = _one(resident.nik_hash), _one(resident.name_hash)
        self._index.add(KnownChild(child.child_id, *hashes, resident.desa_code, resident.posyandu_code))
        return child.child_id

    def _see(self, known: KnownChild[UUID], resident: Resident) -> None:
        """The row says where the child lives and how it was born; what is known is filled in, never overwritten."""
        row, child_id = resident.row, known.child_id
        newest = self._newest.get(child_id)
        stays = seen_at(self._stays[child_id], row.measured_on, resident.desa_code, resident.posyandu_code, newest)
        self._stays[child_id] = stays
        self._newest[child_id] = max(row.measured_on, newest or row.measured_on)
        known.desa_code, known.posyandu_code = stays[-1].desa_code, stays[-1].posyandu_code
        child = self._new.get(child_id) or self._stored[child_id]
        births = self._births.setdefault(child_id, {})
        for name, value in (("birth_weight_kg", row.birth_weight_kg), ("birth_length_cm", row.birth_length_cm)):
            if value is not None and getattr(child, name) is None:
                births.setdefault(name, value)

    async def store(self, connection: Connection, entry: Entry) -> None:
        """Write new and changed children; `changed` then holds their facts. ConcurrentChangeError: try again."""
        new = [self._with_news(child, child, {}) for child in self._new.values()]
        changed = []
        for child_id, child in self._stored.items():
            births = self._births.get(child_id, {})
            if self._stays[child_id] == stays_of(child) and not births:
                continue
            moved = self._stays[child_id][-1][1:] != stays_of(child)[-1][1:]
            revision = revised(child, "relocated" if moved else "corrected", entry.now)
            changed.append(self._with_news(child, revision, births))
        changed.sort(key=lambda child: child.child_id)
        await CHILDREN.insert(connection, new)
        await CHILDREN.replace(connection, changed)
        await identities.insert(connection, self._sealed)
        await self._store_learned(connection)
        self.changed = [*new, *changed]

    def _with_news(self, before: ChildV1, child: ChildV1, births: dict[str, float]) -> ChildV1:
        births = births or self._births.get(before.child_id, {})
        stays = self._stays[before.child_id]
        if stays == stays_of(before) and not births:
            return child
        return child.model_copy(update={**births, "residences": residences_of(stays)})

    async def _store_learned(self, connection: Connection) -> None:
        """Add an NIK to stored identities that had none."""
        stored = await identities.find(connection, [i for i in self._learned if i in self._stored], lock=True)
        replaced = []
        for child_id, row in stored.items():
            identity = {**self._vault.open_identity(child_id, row.sealed), "nik": self._learned[child_id]}
            replaced.append(seal(self._vault, self._stored[child_id], identity, row.sealed.wrapped_key))
        await identities.replace(connection, replaced)


def _one(digest: bytes | None) -> set[bytes]:
    return set() if digest is None else {digest}


def _is_new(index: ChildIndex[UUID], resident: Resident) -> bool:
    try:
        return index.find(resident.claim()) is None
    except AmbiguousChildError:
        return False
