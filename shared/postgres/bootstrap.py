"""Roles and schemas: what a superuser does once, before any service owns anything.

Three roles a service (architecture §6): `X_owner` runs migrations and nothing else; `X_worker` sees every row
(its row-level policy is true); `X_api` sees what the areas of the caller allow. None is a superuser, none may bypass
row-level security, and no role may even look into another service's schema.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.topics import SERVICES

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
