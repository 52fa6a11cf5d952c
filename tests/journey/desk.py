"""A small district at the doors of the running system: what the journeys do over HTTP, and how they look inside."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self, TypeVar

import httpx

from deploy.local import doors
from deploy.local.commands import ledger
from deploy.local.trial import Trial
from shared.calendar import add_months, month_of, today_jakarta

DESA, OTHER_DESA = "12.19.01.2003", "12.19.02.2001"
POSYANDU, OTHER_POSYANDU = f"{DESA}.P001", f"{OTHER_DESA}.P001"
REGISTER: Final = f"""kind,code,name,level,parent_code,desa_codes,valid_from
area,12,Sumatera Utara,provinsi,,,2020-01-01
area,12.19,Batu Bara,kabupaten,12,,2020-01-01
area,12.19.01,Medang Deras,kecamatan,12.19,,2020-01-01
area,12.19.02,Sei Suka,kecamatan,12.19,,2020-01-01
area,{DESA},Lalang,desa,12.19.01,,2020-01-01
area,{OTHER_DESA},Simpang Kopi,desa,12.19.02,,2020-01-01
posyandu,{POSYANDU},Posyandu Melati,,{DESA},,2020-01-01
posyandu,{OTHER_POSYANDU},Posyandu Mawar,,{OTHER_DESA},,2020-01-01
"""
BALANCED_WITHIN_S: Final = 60.0
NOT_NOW: Final = (429, 502, 503)
Value = TypeVar("Value")
_names = itertools.count(1)


def until(look: Callable[[], Value], good: Callable[[Value], bool], *, seconds: float = 30.0) -> Value:
    """What `look` gives once it is `good`. AssertionError with what it gave instead."""
    deadline = time.monotonic() + seconds
    while not good(value := look()):
        assert time.monotonic() < deadline, f"still {value!r}"
        time.sleep(0.1)
    return value


@dataclass
class Desk:
    """Callers with the usual roles; every write has its own idempotency key unless one is given."""

    system: Trial
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.client.close()

    def call(
        self,
        method: str,
        service: str,
        path: str,
        *,
        role: str = "puskesmas",
        areas: Sequence[str] | None = (DESA, OTHER_DESA),
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """One request."""
        own = {"Authorization": f"Bearer {self.system.token(role, areas)}"}
        if method == "POST":
            own["Idempotency-Key"] = key or str(uuid.uuid4())
        return self.client.request(method, self.system.url(service) + path, headers=own | (headers or {}), **request)

    def call_until_answered(self, method: str, service: str, path: str, **request: Any) -> httpx.Response:
        """As a client with patience: the same request with the same key until the service is there to answer."""
        request.setdefault("key", str(uuid.uuid4()))

        def attempt() -> httpx.Response | None:
            try:
                return self.call(method, service, path, **request)
            except httpx.TransportError:
                return None

        answer = until(attempt, lambda seen: seen is not None and seen.status_code not in NOT_NOW, seconds=60)
        assert answer is not None
        return answer

    def load_register(self) -> None:
        """The areas and posyandu above."""
        headers = {"Content-Type": "text/csv"}
        areas = ["12.19"]
        answer = self.call(
            "POST", "measurement", "/v1/register", role="district", areas=areas, headers=headers, content=REGISTER
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == 0, answer.text

    def register_child(self, *, birth_date: date | None = None, desa_code: str = DESA) -> str:
        """A child of two years living in `desa_code`; its id."""
        body = {
            "identity": {"name": f"Anak {next(_names)}"},
            "sex": "male",
            "birth_date": (birth_date or add_months(today_jakarta(), -24)).isoformat(),
            "desa_code": desa_code,
            "posyandu_code": f"{desa_code}.P001",
            "resident_since": add_months(today_jakarta(), -24).isoformat(),
        }
        answer = self.call_until_answered("POST", "measurement", "/v1/children", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["child_id"])

    def measure(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Send a batch; its report."""
        answer = self.call_until_answered("POST", "measurement", "/v1/measurements:batch", json={"rows": list(rows)})
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def balanced(self, seconds: float = BALANCED_WITHIN_S) -> dict[str, Any]:
        """The ledgers, which must balance in time."""
        seen = ledger.wait_balanced(self.system.stack, seconds)
        assert seen["balanced"], ledger.as_text(seen)
        return seen

    def ledger(self) -> dict[str, Any]:
        """The ledgers as they are."""
        return ledger.collect(self.system.stack)

    def door(self, service: str, *words: str) -> dict[str, Any]:
        """What a door of a service prints."""
        return doors.answer_of(self.system.stack, service, *words)

    def republish(self, owner: str) -> None:
        """All current facts of `owner` into its outbox."""
        doors.through_door(self.system.stack, owner, "republish", codes=(0,))

    def verify(self) -> dict[str, Any]:
        """The recount of figures from facts."""
        answer = self.call("POST", "reporting", "/v1/verify", role="ops", areas=[])
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def verified(self) -> None:
        """The recount, which must count something and find no difference."""
        report = self.verify()
        assert report["checked"] > 0
        assert report["differences"] == []


def visit(child_id: str, months_ago: int = 0, **values: Any) -> dict[str, Any]:
    """A visit on the first day of a month, of a boy of ordinary weight and height unless said otherwise."""
    day = add_months(month_of(today_jakarta()), -months_ago)
    usual = {"weight_kg": 12.1, "length_height_cm": 87.0, "measurement_position": "standing"}
    return {"child_id": child_id, "measured_on": day.isoformat(), **usual, **values}
