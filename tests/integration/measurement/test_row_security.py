"""Whose rows the API role sees and writes: decided by the database, whatever the code in front of it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection
from tests.integration.measurement.desk import DESA_A, DESA_B, KABUPATEN, POSYANDU_A, POSYANDU_A2, POSYANDU_B, Desk

AREA_TABLES = (
    *("child", "child_identity", "measurement"),
    *("child_revision", "child_identity_revision", "measurement_revision", "merge_candidate"),
    *("intervention", "intervention_revision"),
    *("intake_file", "intake_row", "quarantine", "name_mapping", "household_row"),
)


@asynccontextmanager
async def as_api(desk: Desk, *areas: str) -> AsyncIterator[Connection]:
    async with desk.api.acquire() as connection, connection.transaction():
        if areas:
            await apply(connection, AreaGrant(areas))
        yield connection


async def seen(desk: Desk, *areas: str) -> dict[str, int]:
    async with as_api(desk, *areas) as connection:
        return {
            name: await connection.fetchval(f"SELECT count(*) FROM {name}")
            for name in ("child", "child_identity", "measurement")
        }


@pytest.fixture
async def two_children(desk: Desk) -> tuple[str, str]:
    """One child at posyandu A, one at posyandu B, each with a visit."""
    first = await desk.register_child()
    second = await desk.register_child(desa_code=DESA_B, posyandu_code=POSYANDU_B, identity={"name": "Dedi"})
    for child_id in (first, second):
        assert (await desk.record(child_id)).status_code == 201
    return first, second


@pytest.mark.usefixtures("two_children")
async def test_an_area_sees_its_own_children_and_no_others(desk: Desk) -> None:
    one = {"child": 1, "child_identity": 1, "measurement": 1}
    both = {"child": 2, "child_identity": 2, "measurement": 2}
    none = {"child": 0, "child_identity": 0, "measurement": 0}
    for areas, expected in (
        ((POSYANDU_A,), one),
        ((POSYANDU_B,), one),
        ((POSYANDU_A2,), none),
        ((DESA_A,), one),
        ((DESA_A, DESA_B), both),
        ((KABUPATEN,), both),
        (("12.1",), none),
        (("12.19.01.200",), none),
    ):
        assert await seen(desk, *areas) == expected, areas


@pytest.mark.usefixtures("two_children")
async def test_unset_areas_see_no_rows_in_any_table(desk: Desk) -> None:
    async with as_api(desk) as connection:
        for name in AREA_TABLES:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0, name


async def test_a_kader_of_another_posyandu_finds_nothing_by_http(desk: Desk, two_children: tuple[str, str]) -> None:
    first, _ = two_children
    measured = await desk.worker.fetchval("SELECT fact_id FROM measurement WHERE child_id = $1", first)
    for path in (f"/v1/children/{first}", f"/v1/children/{first}/history", f"/v1/measurements/{measured}"):
        answer = await desk.send("GET", path, role="kader", areas=[POSYANDU_B])
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert (await desk.send("GET", path, role="kader", areas=[POSYANDU_A])).status_code == 200


async def test_a_visit_of_another_areas_child_is_refused(desk: Desk, two_children: tuple[str, str]) -> None:
    _, second = two_children
    body = {"child_id": second, "measured_on": "2025-08-01", "weight_kg": 10.0}
    answer = await desk.send("POST", "/v1/measurements", body, role="kader", areas=[POSYANDU_A])
    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_child"]


async def test_a_child_cannot_be_registered_outside_the_callers_area(desk: Desk) -> None:
    body = {"identity": {"name": "Budi"}, "sex": "male", "birth_date": "2024-01-01", "desa_code": DESA_B}
    answer = await desk.send("POST", "/v1/children", body, areas=[DESA_A])
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_area")


async def test_the_api_role_cannot_write_outside_its_area(desk: Desk, two_children: tuple[str, str]) -> None:
    first, second = two_children
    async with as_api(desk, POSYANDU_A) as connection:
        changed = await connection.execute("UPDATE measurement SET weight_kg = 1 WHERE child_id = $1", second)
        assert changed == "UPDATE 0"
    stolen = f"UPDATE child SET desa_code = '{DESA_B}', posyandu_code = NULL WHERE child_id = '{first}'"
    planted = (
        "INSERT INTO measurement (child_id, fact_id, epoch, revision, known_at, change, measured_on, recorded_at, "
        f"channel, source, is_remeasurement) VALUES ('{second}', gen_random_uuid(), 1, 1, now(), 'recorded', now(), "
        "now(), 'api', 'x', false)"
    )
    for statement in (stolen, planted):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with as_api(desk, POSYANDU_A) as connection:
                await connection.execute(statement)


async def test_no_role_of_the_service_deletes_facts_or_changes_the_access_log(desk: Desk) -> None:
    for pool in (desk.api, desk.worker):
        for statement in (
            "DELETE FROM measurement",
            "DELETE FROM intervention",
            "UPDATE intervention_revision SET voided = false",
            "DELETE FROM child",
            "UPDATE identity_access_log SET purpose = 'x'",
            "DELETE FROM identity_access_log",
            "UPDATE child_revision SET sex = 'male'",
            "DELETE FROM child_revision",
            "UPDATE measurement_revision SET weight_kg = 1",
            "DELETE FROM measurement_revision",
            "DELETE FROM child_identity_revision",
            "UPDATE intake_row SET reasons = '{}'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)


async def test_security_is_forced_on_every_table_with_an_area_and_no_service_role_owns_one(desk: Desk) -> None:
    tables = await desk.superuser(
        "SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner FROM pg_class "
        "WHERE relnamespace = 'measurement'::regnamespace AND relkind = 'r'"
    )
    by_name = {table["relname"]: table for table in tables}
    for name in AREA_TABLES:
        assert by_name[name]["relrowsecurity"], name
        assert by_name[name]["relforcerowsecurity"], name
    assert {table["owner"] for table in tables} == {"measurement_owner"}


async def test_every_table_is_declared_primary_or_derived(desk: Desk) -> None:
    comments = await desk.superuser(
        "SELECT relname, obj_description(oid, 'pg_class') AS said FROM pg_class "
        "WHERE relnamespace = 'measurement'::regnamespace AND relkind = 'r' AND relname <> 'schema_migration'"
    )
    undeclared = [row["relname"] for row in comments if not (row["said"] or "").startswith(("primary", "derived"))]
    assert undeclared == []
