"""The page: one way in, nothing but its own files, figures that agree with the API."""

from __future__ import annotations

import re
from datetime import date, timedelta

import httpx
import pytest

from services.reporting.http.page import COOKIE
from services.reporting.http.page_session import Purpose, read_pass, sign
from shared.calendar import now_utc
from tests.integration.reporting.ground import PAGE_KEY, Office, deliver
from tests.unit.reporting.history import BORN, DESA, assessment, case, child, measurement, register

SOON = timedelta(minutes=5)


def token(area: str = "12.19", purpose: Purpose = Purpose.TOKEN, lasting: timedelta = SOON) -> str:
    return sign(PAGE_KEY, purpose, area, now_utc() + lasting)


async def entered(office: Office, area: str = "12.19") -> None:
    office.client.cookies.clear()
    answer = await office.client.get("/masuk", params={"token": token(area)})
    assert answer.status_code == 200, answer.text


async def page(office: Office, **query: str) -> httpx.Response:
    return await office.client.get("/", params=query)


async def district(office: Office) -> None:
    facts = register()
    for number in range(10):
        facts.append(child(number, homes=[(BORN, DESA[0], None)]))
        taken = measurement("a", date(2025, 11, 4), of=number)
        facts += [taken, assessment(taken, haz=-2.5 if number < 3 else -1.0, tier="suspected" if number < 3 else "low")]
    await deliver(office.worker, facts)


async def test_without_a_sign_in_link_the_page_shows_no_figure(office: Office) -> None:
    await district(office)
    office.client.cookies.clear()
    answer = await page(office, periode="2025-11")
    assert answer.status_code == 401
    assert "Kecamatan" not in answer.text


async def test_a_sign_in_link_works_once(office: Office) -> None:
    word = token()
    office.client.cookies.clear()
    first = await office.client.get("/masuk", params={"token": word})
    cookie = first.headers["set-cookie"].lower()
    assert first.status_code == 200
    assert all(part in cookie for part in ("httponly", "samesite=strict", "max-age=28800", "path=/"))
    office.client.cookies.clear()
    again = await office.client.get("/masuk", params={"token": word})
    assert again.status_code == 401
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("wrong", ["old", "cookie", "forged", "garbage", "empty", "long"])
async def test_a_word_that_is_no_valid_link_opens_nothing(office: Office, wrong: str) -> None:
    good = token()
    words = {
        "old": token(lasting=-SOON),
        "cookie": token(purpose=Purpose.COOKIE),
        "forged": sign(bytes(32), Purpose.TOKEN, "12.19", now_utc() + SOON),
        "garbage": good[:-3] + "AAA",
        "empty": ".",
        "long": "é" * 500,
    }
    office.client.cookies.clear()
    assert (await office.client.get("/masuk", params={"token": words[wrong]})).status_code == 401
    assert (await page(office)).status_code == 401


async def test_a_sign_in_link_is_no_cookie(office: Office) -> None:
    assert read_pass(PAGE_KEY, Purpose.COOKIE, token(), now_utc()) is None
    office.client.cookies.clear()
    office.client.cookies.set(COOKIE, token())
    assert (await page(office)).status_code == 401


async def test_the_page_shows_the_figures_of_the_api(office: Office) -> None:
    await district(office)
    await entered(office)
    answer = await page(office, periode="2025-11")
    assert answer.status_code == 200
    assert "30,0\N{NO-BREAK SPACE}%" in answer.text
    assert "3 dari 10 anak yang diukur" in answer.text
    assert "10,8–60,3\N{NO-BREAK SPACE}%" in answer.text  # noqa: RUF001 - as people read it
    english = await page(office, periode="2025-11", lang="en")
    assert "30.0%" in english.text
    assert "3 of 10 children measured" in english.text
    assert "preval" not in (answer.text + english.text).lower(), "a rate among those measured is not called that"


async def test_an_area_without_data_is_hatched_and_not_zero(office: Office) -> None:
    """B108: grey on the map."""
    await district(office)
    await entered(office)
    text = (await page(office, periode="2025-11")).text
    shape = re.search(r'<path class="([^"]+)"[^>]*><title>Sei Suka: ([^<]*)</title>', text)
    assert shape is not None
    assert shape.groups() == ("no-data", "–")  # noqa: RUF001 - as people read it
    assert re.search(r'<path class="class-4"[^>]*><title>Medang Deras: 30,0', text)
    empty = (await page(office, periode="2025-10")).text
    assert "Belum ada anak yang diukur" in empty
    assert "0,0\N{NO-BREAK SPACE}%" not in empty.split('class="card"')[2]


async def test_the_page_shows_the_cascade_and_the_laboratory_of_each_area(office: Office) -> None:
    await district(office)
    await entered(office)
    assert 'class="cascade"' not in (await page(office, periode="2025-10")).text, "nobody is suspected: no empty bars"
    reached = {"lab_ordered": date(2025, 11, 5), "lab_complete": date(2025, 11, 16)}
    await deliver(
        office.worker, [case(of=0, milestones=reached, anaemia="yes"), case(of=1, milestones=reached, anaemia="no")]
    )
    text = (await page(office, periode="2025-11")).text
    bars = re.findall(r'<span class="step">([^<]+)</span>.*?<b>([^<]+)</b>.*?class="days">([^<]*)<', text, re.DOTALL)
    assert bars[1:5] == [
        ("Terduga stunting", "3", ""), ("Diukur ulang", "0", ""), ("Lab diminta", "2", "1 hari"),
        ("Lab lengkap", "2", "12 hari"),
    ]  # fmt: skip
    assert "2 dari 3 anak terduga; rentang 95 %: 20,8–93,9\N{NO-BREAK SPACE}%" in text  # noqa: RUF001
    assert "1 dari 2 dengan hasil hemoglobin" in text
    row = re.search(r"Kecamatan 01</a></th>(.*?)</tr>", text)
    assert row is not None
    assert re.findall(r">([^<>]*)</td>", row.group(1))[-4:-1] == ["2", "2", "1"]
    assert "Laboratory complete" in (await page(office, periode="2025-11", lang="en")).text


async def test_a_pass_opens_its_own_area_and_nothing_above_or_beside_it(office: Office) -> None:
    await district(office)
    await entered(office, "12.19.01")
    assert (await page(office, wilayah="12.19.01", periode="2025-11")).status_code == 200
    assert (await page(office, wilayah=DESA[0], periode="2025-11")).status_code == 200
    assert (await page(office, wilayah="12.19")).status_code == 403
    assert (await page(office, wilayah="12.19.02")).status_code == 403
    assert (await page(office, wilayah="12.19.01.2999")).status_code == 404


async def test_the_page_needs_nothing_but_its_own_files_and_allows_no_inline_script(office: Office) -> None:
    await district(office)
    await entered(office)
    answer = await page(office, periode="2025-11")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith(("/", "#")), address
    for name in ("page.css", "page.js"):
        assert (await office.client.get(f"/berkas/{name}")).status_code == 200
    assert (await office.client.get("/berkas/page.py")).status_code == 404
    assert "url(http" not in (await office.client.get("/berkas/page.css")).text


async def test_names_are_escaped(office: Office) -> None:
    facts = register()
    renamed = facts[2].model_copy(update={"revision": 2, "name": "<b>Jahat</b>"})
    await deliver(office.worker, [*facts, renamed])
    await entered(office)
    text = (await page(office, periode="2025-11")).text
    assert "&lt;b&gt;Jahat" in text
    assert "<b>Jahat" not in text
