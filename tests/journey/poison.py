"""Records that no consumer can ever apply, each with the reason it must be given."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from shared.contracts.child import ChildV1, Residence
from shared.contracts.codec import Message, encode
from shared.contracts.topics import LAB, MEASUREMENT, REGISTER, RISK
from tests.journey.desk import DESA, POSYANDU, Desk

TOO_HIGH: Final = 2**40  # an epoch that the contract allows and no column holds
INSTANT: Final = datetime(2026, 1, 5, 3, tzinfo=UTC)
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Poison:
    """A record, who sends it, and why it is dead."""

    account: str
    topic: str
    key: str
    headers: Headers
    body: bytes | None
    reason: str


def child(child_id: uuid.UUID, *, epoch: int = 1) -> ChildV1:
    """A child fact as measurement would publish it."""
    return ChildV1(
        fact_id=child_id,
        child_id=child_id,
        epoch=epoch,
        revision=1,
        change="recorded",
        known_at=INSTANT,
        sex="female",
        birth_date=date(2024, 5, 17),
        residences=(Residence(valid_from=date(2024, 5, 17), desa_code=DESA, posyandu_code=POSYANDU),),
    )


def refused_by_every_database(child_id: uuid.UUID) -> Message:
    """Decodes, and cannot be stored."""
    return encode(child(child_id, epoch=TOO_HIGH))


def on_every_topic(known_child: uuid.UUID) -> list[Poison]:
    """`known_child` is one that the consumers hold at (1, 1)."""
    good = encode(child(uuid.uuid4()))
    poisons = [
        _of(good, "contract_violation", body=b"{ not JSON"),
        _of(good, "contract_violation", body=b'{"child_id": "' + good.key.encode() + b'"}'),
        _of(good, "empty_body", body=None),
        _of(good, "header_missing", headers=(("ce_id", "1"),)),
        _of(good, "unknown_type", headers=(("ce_type", "tumbuh.horoscope"),)),
        _of(good, "unknown_type", headers=(("ce_type", "somebody.else"),)),
        _of(good, "wrong_topic", headers=(("ce_type", "tumbuh.assessment"),)),
        _of(good, "wrong_key", key=str(uuid.uuid4())),
        _of(refused_by_every_database(uuid.uuid4()), "sqlstate_22000"),
        _of(encode(child(known_child)), "revision_conflict"),
    ]
    for account, topic in (("measurement", REGISTER.name), ("scoring", RISK.name), ("lab", LAB.name)):
        poisons.append(Poison(account, topic, "12.19", (("ce_type", "tumbuh.horoscope"),), b"{}", "unknown_type"))
        poisons.append(Poison(account, topic, "12.19", (("ce_type", "tumbuh.child"),), good.body, "wrong_topic"))
    risk = (("ce_type", "tumbuh.risk-status"),)
    poisons.append(Poison("scoring", RISK.name, "12.19", risk, b"\x00\x01\x02", "contract_violation"))
    return poisons


def passed_by_laboratory(poison: Poison) -> bool:
    """The laboratory holds children and cases: it never looks into a risk status, so a broken one is not its poison."""
    return ("ce_type", "tumbuh.risk-status") in poison.headers


def _of(
    message: Message, reason: str, *, key: str | None = None, headers: Headers | None = None, body: bytes | None = b""
) -> Poison:
    """`message` with a part of it spoilt."""
    return Poison(
        account="measurement",
        topic=MEASUREMENT.name,
        key=key or message.key,
        headers=headers or message.headers,
        body=message.body if body == b"" else body,
        reason=reason,
    )


async def send(desk: Desk, account: str, records: Iterable[tuple[str, str, Headers, bytes | None]]) -> None:
    """Straight to Kafka, as whoever holds the password of `account` could."""
    producer = desk.system.stack.broker(account).producer()
    await producer.start()
    try:
        for topic, key, headers, body in records:
            pairs = [(name, value.encode()) for name, value in headers]
            await producer.send_and_wait(topic, value=body, key=key.encode(), headers=pairs)
    finally:
        await producer.stop()


async def send_all(desk: Desk, poisons: Sequence[Poison]) -> None:
    """Every poison with its own account."""
    for account in sorted({poison.account for poison in poisons}):
        mine = [poison for poison in poisons if poison.account == account]
        await send(desk, account, [(poison.topic, poison.key, poison.headers, poison.body) for poison in mine])
