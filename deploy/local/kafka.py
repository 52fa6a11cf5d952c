"""One Apache Kafka broker (KRaft, broker and controller in one process) on the loopback address.

As in production nobody is anonymous: clients log in with SASL/SCRAM-SHA-256, the broker logs in to its controller
with a password of its own, and the authorizer refuses whatever no access list allows.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local import kafka_access, processes
from deploy.local.data_dir import OWNER_ONLY, DataDir
from deploy.local.errors import StartError
from deploy.local.kafka_jars import LOG_SETTINGS, ensure_jars, find_java
from deploy.local.ports import KAFKA_CONTROLLER_PORT, KAFKA_PORT, LOOPBACK
from deploy.local.secret_store import KAFKA_ADMIN, KAFKA_CONTROLLER, Secrets

NAME: Final = "kafka"
READY_WITHIN_S: Final = 90.0
STOP_WITHIN_S: Final = 20.0
TETHER: Final = processes.Tether("KILL")

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"


def properties(data: DataDir, ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """The broker's configuration. Every replication factor is 1: there is one node."""
    clients = f"{LOOPBACK}:{ports[KAFKA_PORT]}"
    controller = f"{LOOPBACK}:{ports[KAFKA_CONTROLLER_PORT]}"
    admin, internal = secrets.kafka[KAFKA_ADMIN], secrets.kafka[KAFKA_CONTROLLER]
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"CLIENTS://{clients},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://{clients}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.clients.scram-sha-256.sasl.jaas.config": (
            f'{_SCRAM} required username="{KAFKA_ADMIN}" password="{admin}";'
        ),
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{_PLAIN} required username="{KAFKA_CONTROLLER}" password="{internal}" '
            f'user_{KAFKA_CONTROLLER}="{internal}";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{KAFKA_ADMIN};User:{KAFKA_CONTROLLER}",
        "log.dirs": str(data.kafka / "data"),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After kill -9 the controller refuses the same node until its old session ends.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.threads": "1",
        "log.cleaner.dedupe.buffer.size": "16777216",
    }


def start(data: DataDir, ports: Mapping[str, int], secrets: Secrets, *, tethered: bool = False) -> None:
    """Start the broker unless it runs; `wait_ready` tells when it can be used."""
    if processes.running(data, NAME):
        return
    jars, java = ensure_jars(), find_java()
    settings = data.kafka / "server.properties"
    lines = [f"{key}={value}" for key, value in properties(data, ports, secrets).items()]
    _write_private(settings, "\n".join(lines) + "\n")
    if not (data.kafka / "data" / "meta.properties").exists():
        _format(data, java, jars, settings, secrets)
    command = [
        str(java),
        "-Xms128m",
        "-Xmx512m",
        "-XX:+UseG1GC",
        "-XX:TieredStopAtLevel=1",  # a short start matters more here than the last tenth of throughput
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}",
        "-cp",
        f"{jars}/*",
        "kafka.Kafka",
        str(settings),
    ]
    processes.start(data, NAME, command, tether=TETHER if tethered else None)


def _format(data: DataDir, java: Path, jars: Path, settings: Path, secrets: Secrets) -> None:
    """Lay out the log directory and the accounts. Passwords go in an argument file: a command line is public."""
    arguments = [
        "-XX:TieredStopAtLevel=1",
        f'"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}"',
        f'-cp "{jars}/*"',
        f'kafka.tools.StorageTool format --cluster-id {secrets.cluster_id} --config "{settings}"',
    ]
    for account, password in secrets.kafka.items():
        if account != KAFKA_CONTROLLER:
            arguments.append(f'--add-scram "SCRAM-SHA-256=[name={account},password={password}]"')
    file = data.kafka / "format.args"
    _write_private(file, "\n".join(arguments) + "\n")
    done = subprocess.run([str(java), f"@{file}"], capture_output=True, text=True, check=False)
    file.unlink()
    if done.returncode != 0:
        raise StartError(f"Kafka could not lay out {data.kafka}:\n{done.stdout}{done.stderr}")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(OWNER_ONLY)
    path.write_text(text, encoding="utf-8")


def wait_ready(data: DataDir, ports: Mapping[str, int], secrets: Secrets) -> None:
    """Wait until topics and access lists are as the registry says and a record came back. StartError if it dies."""
    client_log = logging.getLogger("aiokafka")
    level = client_log.level
    client_log.setLevel(logging.CRITICAL)  # it reports every refused connection, expected here and no news
    try:
        asyncio.run(_until_ready(data, f"{LOOPBACK}:{ports[KAFKA_PORT]}", secrets.kafka[KAFKA_ADMIN]))
    except TimeoutError:
        raise StartError(f"Kafka was not ready in {READY_WITHIN_S:.0f} s:\n{processes.log_tail(data, NAME)}") from None
    finally:
        client_log.setLevel(level)


async def _until_ready(data: DataDir, bootstrap: str, password: str) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            if processes.running(data, NAME) is None:
                raise StartError(f"Kafka ended:\n{processes.log_tail(data, NAME)}")
            try:
                async with kafka_access.admin(bootstrap, password) as client:
                    await kafka_access.apply_registry(client)
                    await kafka_access.round_trip(bootstrap, password)
                    return
            except kafka_access.NOT_YET:
                await asyncio.sleep(0.1)


def stop(data: DataDir) -> bool:
    """Stop the broker; True if it ran."""
    return bool(processes.stop(data, [NAME], signal.SIGTERM, STOP_WITHIN_S))
