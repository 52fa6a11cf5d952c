"""How a service connects to Kafka, and the producer and consumer settings the guarantees rest on."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from shared.setting_groups import Mode
from shared.settings import ServiceSettings

LOCAL_SESSION_TIMEOUT_MS: Final = 2_000  # a join takes half of it, a dead member is missed after it


@dataclass(frozen=True, slots=True)
class Broker:
    """Bootstrap address and the service's own account."""

    bootstrap: str
    username: str
    password: str
    tls: bool
    session_timeout_ms: int = 10_000
    mechanism: str = "SCRAM-SHA-256"

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """The broker of a service process: TLS outside local mode, shorter patience within."""
        kafka, password = settings.kafka, settings.kafka.password.get_secret_value()
        if settings.mode is Mode.LOCAL:
            return cls(kafka.bootstrap, kafka.username, password, False, LOCAL_SESSION_TIMEOUT_MS)
        return cls(kafka.bootstrap, kafka.username, password, True, mechanism=kafka.mechanism)

    def _common(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL" if self.tls else "SASL_PLAINTEXT",
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
            "ssl_context": ssl.create_default_context() if self.tls else None,
            "client_id": self.username,
        }

    def admin(self) -> AIOKafkaAdminClient:
        """For topics and access lists; of the administrator's account."""
        return AIOKafkaAdminClient(**self._common())

    def producer(self) -> AIOKafkaProducer:
        """Idempotent, all replicas, batches of 256 KiB within 5 ms (measured best on one machine)."""
        return AIOKafkaProducer(
            **self._common(),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=262_144,
            request_timeout_ms=30_000,
        )

    def consumer(self, group: str) -> AIOKafkaConsumer:
        """Manual commit, earliest first; a join takes half the session timeout, so local runs use a short one."""
        return AIOKafkaConsumer(
            **self._common(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_interval_ms=max(self.session_timeout_ms // 4, 300),
            max_poll_interval_ms=300_000,
            max_partition_fetch_bytes=4 * 1_048_576,
            fetch_max_wait_ms=100,
        )
