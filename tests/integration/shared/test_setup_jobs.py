"""What containers run once before any service: roles and schemas, topics and access lists. Repeatable."""

import asyncio
import os
import subprocess
import sys

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from deploy.local import kafka_access
from deploy.local.data_dir import CHECKOUT
from deploy.local.ports import POSTGRES_PORT
from deploy.local.secret_store import KAFKA_ADMIN, SUPERUSER
from deploy.local.stack import Stack
from shared.contracts.topics import TOPICS
from shared.messaging import registry
from shared.postgres.pool import connect


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TUMBUH_")}
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_roles_job_makes_roles_that_can_log_in_and_may_run_twice(database: Stack) -> None:
    secrets = database.secrets.database
    environment = {
        "TUMBUH_DATABASE_HOST": "127.0.0.1",
        "TUMBUH_DATABASE_PORT": str(database.ports[POSTGRES_PORT]),
        "TUMBUH_DATABASE_NAME": database.database,
        "TUMBUH_DATABASE_SUPERUSER_PASSWORD": secrets[SUPERUSER],
        **{f"TUMBUH_{role.upper()}_PASSWORD": word for role, word in secrets.items() if role != SUPERUSER},
    }
    for _ in range(2):
        done = await asyncio.to_thread(run, "shared.postgres.bootstrap", environment)
        assert done.returncode == 0, done.stderr
    connection = await connect(database.address("lab_worker"))
    assert await connection.fetchval("SELECT current_schema()") == "lab"
    await connection.close()


def test_the_roles_job_names_every_password_that_is_missing() -> None:
    done = run("shared.postgres.bootstrap", {"TUMBUH_DATABASE_HOST": "127.0.0.1", "TUMBUH_LAB_API_PASSWORD": "x"})
    assert done.returncode == 2
    assert "TUMBUH_LAB_WORKER_PASSWORD" in done.stderr
    assert "TUMBUH_DATABASE_SUPERUSER_PASSWORD" in done.stderr
    assert "TUMBUH_LAB_API_PASSWORD" not in done.stderr


async def test_the_topics_job_makes_what_the_registry_says(topics: Stack) -> None:
    environment = {
        "TUMBUH_MODE": "local",
        "TUMBUH_KAFKA_BOOTSTRAP": topics.bootstrap,
        "TUMBUH_KAFKA_USERNAME": KAFKA_ADMIN,
        "TUMBUH_KAFKA_PASSWORD": topics.secrets.kafka[KAFKA_ADMIN],
        "TUMBUH_KAFKA_REPLICATION": "1",
    }
    async with kafka_access.admin(topics.bootstrap, topics.secrets.kafka[KAFKA_ADMIN]) as client:
        extra = registry.Access(registry.TOPIC, "tumbuh.lab.v1", registry.LITERAL, "User:lab", "*", registry.READ, 3)
        await registry._send(client, CreateAclsRequest(*extra))
        await until_described(client, registry.access_list() | {extra})
        done = await asyncio.to_thread(run, "shared.messaging.registry", environment)
        assert done.returncode == 0, done.stderr
        await until_described(client, registry.access_list())
        assert {topic.name for topic in TOPICS} <= set(await client.list_topics())


async def until_described(client: AIOKafkaAdminClient, expected: set[registry.Access]) -> None:
    """The controller answers before the broker has learnt of a change."""
    async with asyncio.timeout(10):
        while await registry.described(client) != expected:  # noqa: ASYNC110 - the broker sends no event
            await asyncio.sleep(0.05)
