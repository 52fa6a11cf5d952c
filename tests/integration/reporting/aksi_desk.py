"""The people at the board: a kabupaten of several kecamatan, each with its operator and its camat."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from services.reporting.domain.aksi_programme import programme_of
from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office
from tests.integration.shared import small_service
from tests.unit.reporting.history import entry

AKSI = "analisis-situasi"
YEAR = 2025
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Person:
    """Somebody with an account of their own."""

    office: Office
    role: str
    areas: tuple[str, ...]
    account: str

    async def ask(self, method: str, path: str, *, seen: int | None = None, key: str | None = None, **sent: Any) -> Any:
        """The answer, whatever it is."""
        token = small_service.token(self.role, self.areas, self.account)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key or str(uuid.uuid4())}
        if seen is not None:
            headers["if-match"] = f'"1.{seen}"'
        if "content" in sent:
            headers["content-type"] = XLSX
        return await self.office.client.request(method, path, headers=headers, **sent)

    async def done(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The body of an answer that is no refusal."""
        answer: httpx.Response = await self.ask(method, path, **sent)
        assert answer.status_code < 300, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def refused(self, status: int, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The problem of a refusal."""
        answer: httpx.Response = await self.ask(method, path, **sent)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        assert body["remedy_id"] != body["remedy_en"]
        return body


def operator(office: Office, kecamatan: str) -> Person:
    return Person(office, "kecamatan", (kecamatan,), f"operator-{kecamatan}")


def camat(office: Office, kecamatan: str) -> Person:
    return Person(office, "camat", (kecamatan,), f"camat-{kecamatan}")


def district(office: Office, account: str = "bappeda-1") -> Person:
    return Person(office, "district", ("12.19",), account)


def partner(office: Office, *areas: str) -> Person:
    return Person(office, "partner", areas or ("12.19",), "bangda")


def kecamatan_code(number: int) -> str:
    return f"12.19.{number:02}"


def desa_code(number: int) -> str:
    return f"12.19.{number:02}.2001"


def places(kecamatan: int) -> list[Fact]:
    """A kabupaten of so many kecamatan with one desa each."""
    facts: list[Fact] = [
        entry("area", "12", "Sumatera Utara", level="provinsi"),
        entry("area", "12.19", "Kabupaten Batu Bara", level="kabupaten", parent_code="12"),
    ]
    for number in range(1, kecamatan + 1):
        code = kecamatan_code(number)
        facts.append(entry("area", code, f"Kecamatan {number}", level="kecamatan", parent_code="12.19"))
        facts.append(entry("area", desa_code(number), f"Desa {number}", level="desa", parent_code=code))
    return facts


def indicator_codes(year: int = YEAR) -> list[str]:
    programme = programme_of(year)
    assert programme is not None
    return [one.code for one in programme.indicators]


def rows_of(desa: str, values: Sequence[int] | None = None, codes: Sequence[str] | None = None) -> dict[str, Any]:
    """All values of a desa, for a first time."""
    wanted = codes or indicator_codes()
    numbers = values or range(100, 100 + len(wanted))
    return {
        "rows": [
            {"desa_code": desa, "indicator_code": code, "value": value, "seen": 0}
            for code, value in zip(wanted, numbers, strict=True)
        ]
    }


async def fill_in(office: Office, number: int) -> None:
    """The operator of a kecamatan enters everything of its desa."""
    body = await operator(office, kecamatan_code(number)).done(
        "PATCH", f"/v1/aksi/{YEAR}/values", json=rows_of(desa_code(number))
    )
    assert body["counts"] == {"taken": len(indicator_codes())}


async def verify(office: Office, number: int) -> None:
    """And its camat verifies that."""
    body = await camat(office, kecamatan_code(number)).done(
        "POST", f"/v1/aksi/{YEAR}/gates:verify", json={"aksi": AKSI}
    )
    assert (body["moved"], body["refused"]) == ([desa_code(number)], [])


async def send(office: Office) -> str:
    """The kabupaten submits; the id of what was sent."""
    body = await district(office).done(
        "POST", "/v1/aksi/submissions", json={"year": YEAR, "area": "12.19", "aksi": AKSI}
    )
    sent: str = body["submission_id"]
    return sent
