"""What the migrated database promises about areas and roles, read from its own catalogue.

A table that tells something about a child or an area is closed to the API role but for the caller's areas; no process
runs as the owner of anything; no service looks into another's schema.
"""

import asyncio
from typing import Any, Final

import asyncpg
import pytest

from deploy.local import postgres, services
from deploy.local.ports import POSTGRES_PORT
from deploy.local.stack import Stack
from shared.contracts.topics import SERVICES
from shared.postgres.bootstrap import ROLES
from shared.postgres.pool import Connection, connect

CLOSED_COLUMNS: Final = ["child_id", "desa_code", "posyandu_code", "areas"]
# Tables of `schema` with a column that belongs to an area or a child, and what protects them.
TABLES: Final = """
SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       array(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       has_table_privilege($1 || '_api', c.oid, 'SELECT') AS api_reads,
       array(SELECT p.qual FROM pg_policies p WHERE p.schemaname = $1 AND p.tablename = c.relname
             AND p.cmd IN ('SELECT', 'ALL') AND ($1 || '_api')::name = ANY(p.roles)) AS api_policies,
       array(SELECT p.qual FROM pg_policies p WHERE p.schemaname = $1 AND p.tablename = c.relname
             AND 'public'::name = ANY(p.roles)) AS public_policies
FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""


@pytest.fixture(scope="module")
async def migrated(database: Stack) -> Stack:
    await asyncio.to_thread(services.migrate, database, SERVICES)
    return database


async def superuser(stack: Stack) -> Connection:
    return await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, stack.database)


def unprotected(table: asyncpg.Record) -> list[str]:
    """What is wrong with the protection of a table of children or areas."""
    if not set(table["columns"]) & set(CLOSED_COLUMNS):
        return []
    wrong = []
    if "desa_code" in table["columns"] and not (table["enabled"] and table["forced"]):
        wrong.append("row-level security is not forced")
    if table["api_reads"] and not table["enabled"]:
        wrong.append("the API reads it without row-level security")
    if table["api_reads"] and not table["api_policies"]:
        wrong.append("the API may read it, but no policy says what")
    if any(policy == "true" for policy in (*table["api_policies"], *table["public_policies"])):
        wrong.append("a policy shows every row to the API or to everybody")
    return [f"{table['name']}: {problem}" for problem in wrong]


@pytest.mark.parametrize("service", SERVICES)
async def test_what_belongs_to_an_area_is_closed_to_the_api_but_for_the_callers_areas(
    migrated: Stack, service: str
) -> None:
    connection = await superuser(migrated)
    try:
        tables = await connection.fetch(TABLES, service)
    finally:
        await connection.close()
    assert len(tables) > 5
    assert [problem for table in tables for problem in unprotected(table)] == []


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["CREATE TABLE lab.leak (child_id uuid, desa_code text)"], "leak: row-level security is not forced"),
        (
            [
                "CREATE TABLE lab.leak (child_id uuid)",
                "GRANT SELECT ON lab.leak TO lab_api",
            ],
            "leak: the API reads it without row-level security",
        ),
        (
            [
                "CREATE TABLE lab.leak (child_id uuid)",
                "ALTER TABLE lab.leak ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY api ON lab.leak TO lab_api USING (true)",
                "GRANT SELECT ON lab.leak TO lab_api",
            ],
            "leak: a policy shows every row to the API or to everybody",
        ),
    ],
)
async def test_a_planted_leak_is_seen(migrated: Stack, statements: list[str], said: str) -> None:
    connection = await superuser(migrated)
    transaction = connection.transaction()
    await transaction.start()
    try:
        for statement in statements:
            await connection.execute(statement)
        tables = await connection.fetch(TABLES, "lab")
        assert said in [problem for table in tables for problem in unprotected(table)]
    finally:
        await transaction.rollback()
        await connection.close()


async def test_no_process_runs_as_an_owner_or_past_the_policies(migrated: Stack) -> None:
    connection = await superuser(migrated)
    try:
        owned = await connection.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = ANY($1::text[])",
            [role for role in ROLES if not role.endswith("_owner")],
        )
        strong = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[]) "
            "AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)",
            list(ROLES),
        )
        members = await connection.fetch(
            "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE m.rolname = ANY($1)",
            list(ROLES),
        )
    finally:
        await connection.close()
    assert (owned, strong, members) == ([], [], [])


@pytest.mark.parametrize("service", SERVICES)
async def test_no_role_of_a_service_reads_another_services_tables(migrated: Stack, service: str) -> None:
    for kind in ("owner", "worker", "api"):
        connection = await connect(migrated.address(f"{service}_{kind}"))
        try:
            for other in SERVICES:
                if other != service:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.fetch(f"SELECT * FROM {other}.consumer_position")
        finally:
            await connection.close()


async def test_an_api_role_writes_no_dead_letter_position_or_migration(migrated: Stack) -> None:
    """What the pipeline rests on is the worker's alone."""
    too_much: list[Any] = []
    for service in SERVICES:
        connection = await connect(migrated.address(f"{service}_api"))
        try:
            for table in ("consumer_position", "dead_letter", "schema_migration"):
                held = await connection.fetch(
                    "SELECT r FROM unnest($2::text[]) AS r WHERE has_table_privilege($1, r)",
                    table,
                    ["INSERT", "UPDATE", "DELETE", "TRUNCATE"],
                )
                too_much += [(service, table, row["r"]) for row in held]
        finally:
            await connection.close()
    assert too_much == []


async def test_every_table_says_whether_it_is_primary_or_derived(migrated: Stack) -> None:
    """Primary is backed up, derived can be made again (architecture §3)."""
    connection = await superuser(migrated)
    try:
        silent = await connection.fetch(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_migration' "
            "AND coalesce(obj_description(c.oid), '') !~ '^(primary|derived)' AND NOT c.relispartition",
            list(SERVICES),
        )
    finally:
        await connection.close()
    assert [f"{row['nspname']}.{row['relname']}" for row in silent] == []
