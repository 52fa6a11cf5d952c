"""The children of a file's rows: found by what the row claims, registered if new, moved if seen elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.entry_checks import after_the_end
from services.measurement.domain.residences import Stays, seen_at
from services.measurement.domain.same_child import AmbiguousChildError, ChildIndex, KnownChild
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN, Claimed, claimed, lock_registering, merged_into
from services.measurement.store.fact_rows import ConcurrentChangeError
from services.measurement.store.identities import IdentityRow, KeptIdentity
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.measurements import newest_days
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.register_children import NewChild, new_child, seal
from services.measurement.use_cases.relocate_children import residences_of, stays_of
from services.measurement.use_cases.resident import Resident
from shared.contracts.child import ChildV1
from shared.contracts.fact import Change, new_fact_id, revised
from shared.postgres.pool import Connection

# Whether the child has one, by the word of the row (`words.kia` of the profiles); any other says nothing.
GROWTH_CARD: Final[Mapping[str | None, bool]] = {"yes": True, "no": False}


class FileChildren:
    """The children a chunk is about, before and after it."""

    def __init__(
        self, stored: Mapping[UUID, Claimed], index: ChildIndex[UUID], newest_days: dict[UUID, date], vault: Vault
    ) -> None:
        self._stored = stored
        self._stays: dict[UUID, Stays] = {}  # of those whose stays differ from what is stored, and of new children
        self._index = index
        self._newest = newest_days
        self._vault = vault
        self._new: dict[UUID, ChildV1] = {}
        self._sealed: list[IdentityRow] = []
        self._told: dict[UUID, dict[str, float | bool]] = {}  # what rows say of a child that its fact does not
        self._learned: dict[UUID, str] = {}
        self._row_numbers: dict[UUID, int] = {}
        self.root_of: dict[UUID, UUID] = {}
        self.changed: list[ChildV1] = []

    @classmethod
    async def foresee(
        cls, connection: Connection, residents: Sequence[Resident], vault: Vault, expected: Sequence[KnownChild[UUID]]
    ) -> FileChildren:
        """As `load`, without a lock and to be looked at only; `expected` = the new children of earlier chunks."""
        index, stored = await cls.known(connection, residents)
        for child in expected:
            index.add(child)
        children = cls(stored, index, {}, vault)
        children.root_of = await merged_into(connection, list(stored))
        return children

    @classmethod
    async def load(cls, connection: Connection, residents: Sequence[Resident], vault: Vault) -> FileChildren:
        """Everybody who shares a hash with a row, followed to the survivor of a merge.

        Two files may name one NIK in two places at once: whoever registers waits for the other and looks again.
        """
        index, stored = await cls.known(connection, residents)
        if any(resident.nik_hash is not None and _is_new(index, resident) for resident in residents):
            await lock_registering(connection)
            index, stored = await cls.known(connection, residents)
        children = cls(stored, index, await newest_days(connection, list(stored)), vault)
        children.root_of = await merged_into(connection, list(stored))
        return children

    @staticmethod
    async def known(
        connection: Connection, residents: Sequence[Resident]
    ) -> tuple[ChildIndex[UUID], dict[UUID, Claimed]]:
        """Who shares a hash with a row, for looking rows up, and as stored. Nothing is locked."""
        rows = await claimed(
            connection,
            sorted({item.nik_hash for item in residents if item.nik_hash is not None}),
            sorted({item.name_hash for item in residents if item.name_hash is not None}),
        )
        stored = {row.child_id: row for row in rows if not row.voided}
        known: dict[UUID, KnownChild[UUID]] = {}
        for row in rows:
            if row.voided:
                continue
            child = known.get(row.child_id)
            if child is None:
                home = row.residences[-1]
                child = KnownChild(row.child_id, set(), set(), home["desa_code"], home["posyandu_code"])
                known[row.child_id] = child
            child.nik_hashes |= _one(row.nik_hash)
            child.name_hashes |= _one(row.name_hash)
        return ChildIndex(known.values()), stored

    def is_new(self, resident: Resident) -> bool:
        """Whether no known child fits."""
        return _is_new(self._index, resident)

    def would_be(self, resident: Resident) -> tuple[UUID, KnownChild[UUID] | None]:
        """The child of a row, and the same as known from now on if it would be new. AmbiguousChildError."""
        known = self._index.find(resident.claim())
        if known is not None:
            return known.child_id, None
        new = KnownChild(
            new_fact_id(),
            _one(resident.nik_hash),
            _one(resident.name_hash),
            resident.desa_code,
            resident.posyandu_code,
        )
        self._index.add(new)
        return new.child_id, new

    def after_the_end(self, resident: Resident) -> str | None:
        """The code of a row whose child had died or departed by its day."""
        try:
            known = self._index.find(resident.claim())
        except AmbiguousChildError:
            return None
        stored = None if known is None else self._stored.get(known.child_id)
        if stored is None:
            return None
        return after_the_end(resident.row.measured_on, stored.died_on, stored.departed_on)

    def attach(self, resident: Resident, entry: Entry) -> UUID | None:
        """The child of a row, registered if it is new; None where more than one child fits."""
        try:
            known = self._index.find(resident.claim())
        except AmbiguousChildError:
            return None
        if known is None:
            known_id = self._register(resident, entry)
            self._row_numbers[known_id] = resident.row.row_number
            return known_id
        self._row_numbers.setdefault(known.child_id, resident.row.row_number)
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
                has_growth_card=GROWTH_CARD.get(row.kia),
            ),
            entry,
        )
        self._new[child.child_id] = child
        self._newest[child.child_id] = row.measured_on
        self._sealed.append(resident.sealed(child.child_id, self._vault))
        hashes = _one(resident.nik_hash), _one(resident.name_hash)
        self._index.add(KnownChild(child.child_id, *hashes, resident.desa_code, resident.posyandu_code))
        return child.child_id

    def _see(self, known: KnownChild[UUID], resident: Resident) -> None:
        """The row says where the child lives, how it was born and whether it has a card.

        How it was born is filled in, never overwritten. Cards are given and lost: the row of a later visit than any
        known one tells anew, an earlier one only what nobody has said.
        """
        row, child_id = resident.row, known.child_id
        newest = self._newest.get(child_id)
        before = self._stays_of(child_id)
        stays = seen_at(before, row.measured_on, resident.desa_code, resident.posyandu_code, newest)
        if stays is not before:
            self._stays[child_id] = stays
            known.desa_code, known.posyandu_code = stays[-1].desa_code, stays[-1].posyandu_code
        self._newest[child_id] = max(row.measured_on, newest or row.measured_on)
        child = self._new.get(child_id) or self._stored[child_id]
        if child.birth_weight_kg is None and row.birth_weight_kg is not None:
            self._told.setdefault(child_id, {}).setdefault("birth_weight_kg", row.birth_weight_kg)
        if child.birth_length_cm is None and row.birth_length_cm is not None:
            self._told.setdefault(child_id, {}).setdefault("birth_length_cm", row.birth_length_cm)
        has_card = GROWTH_CARD.get(row.kia)
        known_card = self._told.get(child_id, {}).get("has_growth_card", child.has_growth_card)
        is_later = newest is None or row.measured_on > newest
        if has_card is not None and has_card != known_card and (known_card is None or is_later):
            self._told.setdefault(child_id, {})["has_growth_card"] = has_card

    def _stays_of(self, child_id: UUID) -> Stays:
        stays = self._stays.get(child_id)
        if stays is not None:
            return stays
        new = self._new.get(child_id)
        return stays_of(new) if new is not None else self._stored[child_id].stays()

    async def store(self, connection: Connection, entry: Entry, intake_id: UUID) -> None:
        """Write new and changed children; `changed` then holds their facts. ConcurrentChangeError: try again."""
        new = [child.model_copy(update=self._news(child.child_id)) for child in self._new.values()]
        touched = [child_id for child_id in {**self._stays, **self._told, **self._learned} if child_id in self._stored]
        changed = []
        origin = entry.origin(intake_id, self._row_numbers)
        for child in await CHILDREN.find(connection, touched):
            seen = self._stored[child.child_id]
            if child.order != seen.order:
                raise ConcurrentChangeError("a child was changed since its rows were matched")
            stays = self._stays_of(child.child_id)
            told = child.child_id in self._told or child.child_id in self._learned
            if stays == seen.stays() and not told:
                continue
            change: Change = "relocated" if stays[-1][1:] != seen.stays()[-1][1:] else "corrected"
            changed.append(revised(child, change, entry.now, **self._news(child.child_id)))
        await CHILDREN.insert(connection, new, origin)
        await CHILDREN.replace(connection, changed, origin)
        await identities.insert(connection, self._sealed)
        await self._store_learned(connection, changed)
        await identities.mark_pending(connection, [child.child_id for child in changed if child.change == "relocated"])
        self.changed = [*new, *changed]

    def traced(self, outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
        """The outcomes with what their rows did to children, as taking the file back needs it.

        A new child is its first row's; a change is the last row's, since the chunk made one revision of it.
        """
        new: dict[UUID | None, int] = {}
        changed: dict[UUID | None, int] = {}
        for child in self.changed:
            (new if child.child_id in self._new else changed)[child.child_id] = child.revision
        traced = list(outcomes)
        for at, outcome in enumerate(traced):
            revision = new.pop(outcome.child_id, None)
            if revision is not None:
                traced[at] = outcome._replace(registered=True, child_revision=revision)
        for at in range(len(traced) - 1, -1, -1):
            revision = changed.pop(traced[at].child_id, None)
            if revision is not None:
                traced[at] = traced[at]._replace(child_revision=revision)
        return traced

    def _news(self, child_id: UUID) -> dict[str, Any]:
        """What the chunk says that a child's fact does not."""
        told, stays = self._told.get(child_id, {}), self._stays.get(child_id)
        return dict(told) if stays is None else {**told, "residences": residences_of(stays)}

    async def _store_learned(self, connection: Connection, changed: Sequence[ChildV1]) -> None:
        """Add an NIK to stored identities that had none; their children are among the `changed`."""
        learned = [child for child in changed if child.child_id in self._learned]
        if not learned:
            return
        stored = await identities.find(connection, [child.child_id for child in learned], lock=True)
        replaced, kept = [], []
        for child in learned:
            row = stored[child.child_id]
            identity = {**self._vault.open_identity(child.child_id, row.sealed), "nik": self._learned[child.child_id]}
            replaced.append(seal(self._vault, child, identity, row.sealed.wrapped_key))
            kept.append(KeptIdentity(child.child_id, self._stored[child.child_id].order, row.sealed.sealed))
        await identities.keep(connection, kept)
        await identities.replace(connection, replaced)


def _one(digest: bytes | None) -> set[bytes]:
    return set() if digest is None else {digest}


def _is_new(index: ChildIndex[UUID], resident: Resident) -> bool:
    try:
        return index.find(resident.claim()) is None
    except AmbiguousChildError:
        return False
