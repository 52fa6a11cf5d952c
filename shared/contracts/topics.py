"""The topic registry: who writes, who reads, how a topic is made.

Brokers, access lists, consumers and the AsyncAPI document are all derived from this table, so that a
topic is described once. Partition counts are fixed at birth: a key must never change its partition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 86_400_000
RETENTION_MS: Final = 90 * DAY_MS  # architecture: `republish` heals losses, so Kafka need not keep everything

SERVICES: Final = ("measurement", "lab", "scoring", "reporting")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `kinds` are the event kinds it carries, `producer` the only service that may write."""

    name: str
    purpose: str
    kinds: tuple[str, ...]
    producer: str
    consumers: tuple[str, ...]
    partitions: int
    cleanup_policy: str  # "delete" or "compact"
    retention_ms: int  # -1 = for ever


REGISTER: Final = Topic(
    name="tumbuh.register.v1",
    purpose="Areas, posyandu, puskesmas and official targets; key = code.",
    kinds=("register-entry",),
    producer="measurement",
    consumers=("scoring", "reporting"),
    partitions=1,
    cleanup_policy="compact",
    retention_ms=-1,
)
MEASUREMENT: Final = Topic(
    name="tumbuh.measurement.v1",
    purpose="Children, what was measured on them and what was done for them; key = child_id.",
    kinds=("child", "measurement", "intervention"),
    producer="measurement",
    consumers=("lab", "scoring", "reporting"),
    partitions=12,
    cleanup_policy="delete",
    retention_ms=RETENTION_MS,
)
LAB: Final = Topic(
    name="tumbuh.lab.v1",
    purpose="Laboratory orders, results and critical values; key = child_id.",
    kinds=("lab-order", "lab-result", "critical-value"),
    producer="lab",
    consumers=("scoring", "reporting"),
    partitions=12,
    cleanup_policy="delete",
    retention_ms=RETENTION_MS,
)
RISK: Final = Topic(
    name="tumbuh.risk.v1",
    purpose="Judgements: assessments, risk status, cases, follow-ups, hints; key = child_id.",
    kinds=("assessment", "risk-status", "case", "follow-up", "hint"),
    producer="scoring",
    consumers=("lab", "reporting"),
    partitions=12,
    cleanup_policy="delete",
    retention_ms=RETENTION_MS,
)

TOPICS: Final[tuple[Topic, ...]] = (REGISTER, MEASUREMENT, LAB, RISK)


def topics_of(service: str) -> tuple[Topic, ...]:
    """The topics that `service` consumes."""
    return tuple(topic for topic in TOPICS if service in topic.consumers)


def topic_of_kind(kind: str) -> Topic:
    """The topic that carries `kind`. KeyError if no topic does."""
    for topic in TOPICS:
        if kind in topic.kinds:
            return topic
    raise KeyError(kind)
