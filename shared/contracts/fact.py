"""A fact and its order: an event is the complete state of one fact after a change.

`(epoch, revision)` is given by the owner under the row's lock. A consumer keeps the highest order it has seen, so
duplicates, redelivery, reordering and replay all end in the same state.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal, Self, TypeVar
from uuid import UUID

import uuid_utils
import uuid_utils.compat
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

NEGATIVE_ZERO: Final = re.compile(rb"-0\.0(?=[,}\]])")
Change = Literal["recorded", "corrected", "voided", "relocated", "merged", "unmerged", "opened", "moved", "closed"]
AreaCode = Annotated[str, Field(pattern=r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$", examples=["12.19.01.2003"])]
DesaCode = Annotated[str, Field(pattern=r"^\d{2}\.\d{2}\.\d{2}\.[12]\d{3}$", examples=["12.19.01.2003"])]
PosyanduCode = Annotated[str, Field(pattern=r"^[0-9.]+\.P\d{3,4}$", examples=["12.19.01.2003.P002"])]


def new_fact_id() -> UUID:
    """A UUIDv7: new facts sort by the time they were made, which keeps indexes dense."""
    return uuid_utils.compat.uuid7()


def derived_fact_id(parent: UUID, kind: str) -> UUID:
    """The id of a fact that follows from another (an assessment of a measurement): always the same."""
    return UUID(bytes=_uuid5(parent, kind).bytes)


def event_id(fact_id: UUID, epoch: int, revision: int) -> str:
    """CloudEvents id, uuid5(fact_id, epoch.revision): one revision has one id however often it is published."""
    return str(_uuid5(fact_id, f"{epoch}.{revision}"))


def _uuid5(namespace: UUID, name: str) -> uuid_utils.UUID:
    """Computed for every message: by the quick implementation."""
    return uuid_utils.uuid5(uuid_utils.UUID(bytes=namespace.bytes), name)


FactT = TypeVar("FactT", bound="Fact")


class Fact(BaseModel):
    """What every event body carries. Readers ignore unknown fields (see `codec.decode`), writers refuse them."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")

    kind: ClassVar[str]

    fact_id: UUID
    epoch: int = Field(ge=1, description="Raised by restore and by publishing rebuilds.")
    revision: int = Field(ge=1, description="Counts the changes of this fact, given under its row's lock.")
    change: Change = Field(description="For people; never read by a consumer to decide anything.")
    known_at: AwareDatetime = Field(description="When the owner recorded this revision (UTC); never a processing time.")

    @property
    def key(self) -> str:
        """The Kafka key: every revision of a fact has the same. Each kind says what it is; `Fact` itself is none."""
        raise NotImplementedError

    @property
    def order(self) -> tuple[int, int]:
        """What decides between two states of one fact."""
        return (self.epoch, self.revision)

    @property
    def event_id(self) -> str:
        """CloudEvents id of this revision."""
        return event_id(self.fact_id, self.epoch, self.revision)

    def body(self) -> bytes:
        """The event body, UTF-8 JSON."""
        return self.__pydantic_serializer__.to_json(self)

    def content_hash(self) -> int:
        """64-bit signed digest, to tell `the same order with other content` (an alarm).

        Fields at their default are left out, so that a reader that learns a new optional field still agrees with what
        it stored before. The sign of a zero says nothing: files state `-0.00`, jsonb keeps `0.00`, and what the owner
        sends again must be what it sent first.
        """
        content = self.__pydantic_serializer__.to_json(self, exclude_defaults=True)  # what model_dump_json calls
        if b"-0.0" in content:
            content = NEGATIVE_ZERO.sub(b"0.0", content)
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)

    @classmethod
    def read(cls, body: bytes | str) -> Self:
        """The fact in `body`, unknown fields ignored. ValidationError (a ValueError) otherwise."""
        return cls.model_validate_json(body, extra="ignore")


def revised(stored: FactT, change: Change, now: datetime, **values: object) -> FactT:
    """The next revision of a fact whose row is locked; `values` have been checked. Known no earlier than the last."""
    return stored.model_copy(
        update={
            **values,
            "revision": stored.revision + 1,
            "change": change,
            "known_at": max(now.astimezone(UTC), stored.known_at),
        }
    )


def of_kind(facts: Iterable[Fact], model: type[FactT]) -> dict[int, FactT]:
    """The facts of one kind among `facts`, by their places (asking a model for `isinstance` is slow)."""
    return {place: fact for place, fact in enumerate(facts) if type(fact) is model}


class ChildFact(Fact):
    """A fact about one child: keyed by it, for ever."""

    child_id: UUID

    @property
    def key(self) -> str:
        """The child."""
        return str(self.child_id)
