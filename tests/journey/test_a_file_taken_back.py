"""A file raises figures and opens cases; taken back, the figures are what they were."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from shared.calendar import add_months, format_month, month_of, today_jakarta
from tests.journey.desk import Desk, until, visit

CSV = {"Content-Type": "text/csv"}
THIS_MONTH = format_month(month_of(today_jakarta()))
HEADS = (
    *("NIK", "Nama", "JK", "Tgl Lahir", "Kab/Kota", "Kec", "Desa/Kel", "Posyandu"),
    *("Tanggal Pengukuran", "Berat", "Tinggi", "Cara Ukur"),
)


def stunted_file() -> bytes:
    """Three stunted children who were never seen before."""
    born, day = add_months(today_jakarta(), -24), month_of(today_jakarta())
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(HEADS)
    for letter in "abc":
        place = ("BATU BARA", "MEDANG DERAS", "LALANG", "MELATI")
        writer.writerow(["", f"Salah {letter}", "L", born, *place, max(day, born), "9.4", "77.0", "Berdiri"])
    return out.getvalue().encode()


def state(desk: Desk, path: str) -> str:
    answer = desk.call("GET", "measurement", path)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["state"]
    return found


def summary(desk: Desk) -> dict[str, Any]:
    answer = desk.call(
        "GET", "reporting", "/v1/areas/12.19/summary", role="district", areas=["12.19"], params={"period": THIS_MONTH}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    names = ("target_children", "measured_children", "haz_measured", "stunted", "suspected")
    return {name: found[name] for name in names}


@pytest.fixture(scope="module")
def before(desk: Desk) -> dict[str, Any]:
    ids = [desk.register_child() for _ in range(3)]
    assert desk.measure([visit(child_id, 0) for child_id in ids])["accepted"] == 3
    desk.balanced()
    return summary(desk)


def test_a_file_taken_back_leaves_the_figures_as_they_were(desk: Desk, before: dict[str, Any]) -> None:
    sent = desk.call("POST", "measurement", "/v1/intake-jobs?filename=x.csv", headers=CSV, content=stunted_file())
    path = f"/v1/intake-jobs/{sent.json()['id']}"
    until(lambda: state(desk, path), lambda seen: seen == "diagnosed")
    assert desk.call("POST", "measurement", f"{path}:commit").status_code == 202
    until(lambda: state(desk, path), lambda seen: seen == "done")
    desk.balanced()
    risen = summary(desk)
    assert risen["measured_children"] == before["measured_children"] + 3
    assert risen["stunted"] == before["stunted"] + 3
    assert desk.call("POST", "measurement", f"{path}:void", json={"reason": "wrong_file"}).status_code == 202
    until(lambda: state(desk, path), lambda seen: seen == "voided")
    desk.balanced()
    assert summary(desk) == before
    desk.verified()
