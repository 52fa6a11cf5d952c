"""What containers run once before any service: roles and schemas, Keycloak's database, topics and access lists.

All repeatable.
"""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import asyncpg
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from deploy.local import kafka_access, postgres
from deploy.local.data_dir import CHECKOUT
from deploy.local.ports import POSTGRES_PORT
from deploy.local.secret_store import KAFKA_ADMIN, SUPERUSER
from deploy.local.stack import Stack
from shared.contracts.topics import TOPICS
from shared.messaging import registry
from shared.postgres.pool import Address, connect

ROLES_JOB = [sys.executable, "-m", "shared.postgres.bootstrap"]
TOPICS_JOB = [sys.executable, "-m", "shared.messaging.registry"]
PASSWORD_OF_KEYCLOAK = "it's 24 characters or more"  # noqa: S105 - of a throw-away database


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TUMBUH_")}
    return subprocess.run(  # noqa: S603 - what the containers run
        command,
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
        done = await asyncio.to_thread(run, ROLES_JOB, environment)
        assert done.returncode == 0, done.stderr
    connection = await connect(database.address("lab_worker"))
    assert await connection.fetchval("SELECT current_schema()") == "lab"
    await connection.close()


def test_the_roles_job_names_every_password_that_is_missing() -> None:
    done = run(ROLES_JOB, {"TUMBUH_DATABASE_HOST": "127.0.0.1", "TUMBUH_LAB_API_PASSWORD": "x"})
    assert done.returncode == 2
    assert "TUMBUH_LAB_WORKER_PASSWORD" in done.stderr
    assert "TUMBUH_DATABASE_SUPERUSER_PASSWORD" in done.stderr
    assert "TUMBUH_LAB_API_PASSWORD" not in done.stderr


async def test_the_provider_gets_a_database_that_only_its_own_role_may_enter(database: Stack) -> None:
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    job = compose["services"]["keycloak-database"]
    file = next(volume for volume in job["volumes"] if "database.sql" in volume).split(":")[0]
    port = database.ports[POSTGRES_PORT]
    psql = [str(postgres.find_programs() / "psql"), "--host=127.0.0.1", f"--port={port}", *job["entrypoint"][2:]]
    environment = {
        "PGPASSWORD": database.secrets.database[SUPERUSER],
        "KEYCLOAK_DATABASE_PASSWORD": PASSWORD_OF_KEYCLOAK,
    }
    own = Address("127.0.0.1", port, "keycloak", "keycloak", PASSWORD_OF_KEYCLOAK)
    try:
        for _ in range(2):
            done = await asyncio.to_thread(run, [*psql, f"--file={CHECKOUT / file}"], environment)
            assert (done.returncode, done.stderr) == (0, "")
        connection = await connect(own)
        await connection.execute("CREATE SCHEMA made_by_keycloak")
        await connection.close()
        for forbidden in (
            replace(own, database=database.database),
            replace(database.address("lab_owner"), database="keycloak"),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect(forbidden)
    finally:
        server = await postgres.connect_superuser(port, database.secrets, SUPERUSER)
        await server.execute("DROP DATABASE IF EXISTS keycloak WITH (FORCE)")
        await server.execute("DROP ROLE IF EXISTS keycloak")
        await server.close()


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
        done = await asyncio.to_thread(run, TOPICS_JOB, environment)
        assert done.returncode == 0, done.stderr
        await until_described(client, registry.access_list())
        assert {topic.name for topic in TOPICS} <= set(await client.list_topics())


async def until_described(client: AIOKafkaAdminClient, expected: set[registry.Access]) -> None:
    """The controller answers before the broker has learnt of a change."""
    async with asyncio.timeout(10):
        while await registry.described(client) != expected:  # noqa: ASYNC110 - the broker sends no event
            await asyncio.sleep(0.05)
