"""Who may be the same child: found by keys and neighbourhood, compared field by field, shown to a person.

Names are sealed, so keyed hashes and birth dates choose whom to compare, and only those are opened, in memory, for as
long as it takes. No value leaves: what is stored are codes of what agrees. That is no reading of an identity by
anybody, so the access log does not tell it; it would drown the reads that people make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.domain.likeness import Likeness, Person, compare
from services.measurement.domain.names import normalise_name
from services.measurement.store import candidates
from services.measurement.store.candidates import FoundPair, Record, Wanted
from services.measurement.store.vault import Identity, MatchKeys, SealBrokenError, Vault
from services.measurement.use_cases.nik_flags import nik_flags
from shared.contracts.child import ChildV1
from shared.contracts.fact import derived_fact_id
from shared.postgres.pool import Connection

KIND: Final = "merge-candidate"


class Opened(NamedTuple):
    """A record ready to be compared."""

    person: Person
    keys: MatchKeys


async def match_pending(connection: Connection, limit: int, now: datetime, vault: Vault) -> int:
    """Match up to `limit` children whose identity, birth or home is new; how many there were.

    Their pairs are written, and open ones for which nothing speaks any more are withdrawn.
    """
    pending = await candidates.claim_pending(connection, limit)
    if not pending:
        return 0
    opened = _open((await candidates.records(connection, pending)).values(), vault)
    pairs: dict[UUID, FoundPair] = {}
    for child_id, found in (await likely(connection, opened, vault)).items():
        for other_id, likeness in found:
            pair = _pair(child_id, other_id, likeness)
            pairs[pair.candidate_id] = pair
    await candidates.store_found(connection, list(pairs.values()), now)
    await candidates.withdraw_others(connection, pending, list(pairs))
    without = [child_id for child_id in pending if child_id not in opened]
    await candidates.mark_matched(connection, [(child_id, each.keys) for child_id, each in opened.items()], without)
    return len(pending)


async def likely(
    connection: Connection, opened: Mapping[UUID, Opened], vault: Vault
) -> dict[UUID, list[tuple[UUID, Likeness]]]:
    """For each of these children who may be the same, the likeliest first; of those whom the connection may see."""
    wanted = [
        Wanted(child_id, each.person.birth_date, each.person.desa_code, each.keys) for child_id, each in opened.items()
    ]
    met = await candidates.neighbours(connection, wanted)
    strangers = {other_id for _, other_id in met if other_id not in opened}
    others = {**opened, **_open((await candidates.records(connection, sorted(strangers))).values(), vault)}
    found: dict[UUID, list[tuple[UUID, Likeness]]] = {}
    for child_id, other_id in met:
        if other_id not in others:
            continue
        likeness = compare(opened[child_id].person, others[other_id].person)
        if likeness is not None:
            found.setdefault(child_id, []).append((other_id, likeness))
    for likenesses in found.values():
        likenesses.sort(key=lambda item: (-item[1].score, item[0]))
    return found


def opened_record(child: ChildV1 | Record, identity: Identity, vault: Vault) -> Opened:
    """A child with its opened identity, ready to be compared."""
    home = child.residences[-1]
    flags = nik_flags(identity, child.birth_date, child.sex, [stay.desa_code for stay in child.residences])
    person = Person(
        nik=identity.get("nik"),
        nik_flags=tuple(flags),
        name=normalise_name(identity.get("name", "")) or None,
        parent_name=normalise_name(identity.get("parent_name", "")) or None,
        birth_date=child.birth_date,
        sex=child.sex,
        desa_code=home.desa_code,
        posyandu_code=home.posyandu_code,
    )
    return Opened(person, vault.match_keys(identity, child.birth_date))


def _open(records: Iterable[Record], vault: Vault) -> dict[UUID, Opened]:
    """Those that open; a row that somebody has spoilt must not stop the matching of all others."""
    opened = {}
    for record in records:
        try:
            identity = vault.open_identity(record.child_id, record.sealed)
        except SealBrokenError:
            continue
        opened[record.child_id] = opened_record(record, identity, vault)
    return opened


def _pair(child_id: UUID, other_id: UUID, likeness: Likeness) -> FoundPair:
    evidence = [_plain(item._asdict()) for item in likeness.evidence]
    smaller, larger = sorted((child_id, other_id))
    return FoundPair(
        pair_id(child_id, other_id),
        smaller,
        larger,
        likeness.score,
        likeness.reasons,
        evidence,
        likeness.fingerprint,
    )


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def pair_id(one: UUID, other: UUID) -> UUID:
    """The id of the pair of two children, in whatever order."""
    smaller, larger = sorted((one, other))
    return derived_fact_id(smaller, f"{KIND} {larger}")
