"""Roles and schemas: what a superuser does once, before any service owns anything.

Three roles a service (architecture §6): `X_owner` runs migrations and nothing else; `X_worker` sees every row
(its row-level policy is true); `X_api` sees what the areas of the caller allow. None is a superuser, none may bypass
row-level security, and no role may even look into another service's schema.

Also a job of its own, for containers: `python -m shared.postgres.bootstrap` as a superuser.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

from shared.contracts.topics import SERVICES
from shared.postgres.pool import Address, connect

ROLES = tuple(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "worker", "api"))


def bootstrap_statements(passwords: Mapping[str, str], database: str = "tumbuh") -> list[str]:
    """SQL that makes roles and schemas in the connected database; repeatable. KeyError names a missing password."""
    statements = ["REVOKE ALL ON SCHEMA public FROM PUBLIC", f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC']
    for role in ROLES:
        password = passwords[role].replace("'", "''")
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT; END IF; END $$"
        )
        statements.append(f"ALTER ROLE {role} PASSWORD '{password}'")
        statements.append(f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO {role}')
    for service in SERVICES:
        statements += [
            f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {service}_owner",
            f"GRANT USAGE ON SCHEMA {service} TO {service}_worker, {service}_api",
            f"ALTER ROLE {service}_owner SET search_path = {service}",
            f"ALTER ROLE {service}_worker SET search_path = {service}",
            f"ALTER ROLE {service}_api SET search_path = {service}",
        ]
    return statements


async def bootstrap(superuser: Address, passwords: Mapping[str, str]) -> None:
    """Make roles and schemas in the database of `superuser`, all or nothing."""
    connection = await connect(superuser)
    try:
        async with connection.transaction():
            for statement in bootstrap_statements(passwords, superuser.database):
                await connection.execute(statement)
    finally:
        await connection.close()


def main() -> int:
    """Read where and with which passwords from the environment; what is missing is said at once."""
    passwords = {role: os.environ.get(f"TUMBUH_{role.upper()}_PASSWORD", "") for role in ROLES}
    host, superuser_password = (
        os.environ.get(f"TUMBUH_DATABASE_{name}", "") for name in ("HOST", "SUPERUSER_PASSWORD")
    )
    wanted = {f"TUMBUH_{role.upper()}_PASSWORD": password for role, password in passwords.items()}
    wanted |= {"TUMBUH_DATABASE_HOST": host, "TUMBUH_DATABASE_SUPERUSER_PASSWORD": superuser_password}
    missing = sorted(name for name, value in wanted.items() if not value)
    if missing:
        sys.stderr.write(f"not set: {', '.join(missing)}\n")
        return 2
    superuser = Address(
        host=host,
        port=int(os.environ.get("TUMBUH_DATABASE_PORT", "5432")),
        database=os.environ.get("TUMBUH_DATABASE_NAME", "tumbuh"),
        user=os.environ.get("TUMBUH_DATABASE_SUPERUSER", "postgres"),
        password=superuser_password,
    )
    asyncio.run(bootstrap(superuser, passwords))
    return 0


if __name__ == "__main__":
    sys.exit(main())
