"""The page: one way in, nothing but its own files, figures that agree with the API."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import httpx
import pytest

from services.reporting.http import asked
from services.reporting.http import page as page_module
from services.reporting.http.page_session import SESSION_COOKIE
from tests.integration.reporting.ground import SOON, Office, deliver, log_in, release_all
from tests.unit.reporting.history import BORN, DESA, assessment, case, child, measurement, register


async def entered(office: Office, area: str = "12.19", role: str = "district") -> None:
    office.client.cookies.clear()
    office.client.cookies.set(SESSION_COOKIE, await log_in(office.api, role, [area]))


async def page(office: Office, **query: str) -> httpx.Response:
    return await office.client.get("/", params=query)


async def district(office: Office) -> None:
    facts = register()
    for number in range(10):
        facts.append(child(number, homes=[(BORN, DESA[0], None)]))
        taken = measurement("a", date(2025, 11, 4), of=number)
        facts += [taken, assessment(taken, haz=-2.5 if number < 3 else -1.0, tier="suspected" if number < 3 else "low")]
    await deliver(office.worker, facts)


async def test_nobody_sees_a_figure_before_logging_in(office: Office) -> None:
    await district(office)
    office.client.cookies.clear()
    answer = await page(office, periode="2025-11")
    assert answer.status_code == 401
    assert "Kecamatan" not in answer.text
    assert "/masuk?back=%2F%3Fperiode%3D2025-11&amp;lang=id" in answer.text


@pytest.mark.parametrize("ending", ["past its time", "logged out", "invented"])
async def test_a_session_that_has_ended_leads_to_the_log_in(office: Office, ending: str) -> None:
    await district(office)
    word = await log_in(office.api, "district", ["12.19"], lasting=-SOON if ending == "past its time" else SOON)
    office.client.cookies.clear()
    office.client.cookies.set(SESSION_COOKIE, "x" * 43 if ending == "invented" else word)
    if ending == "logged out":
        assert (await page(office, periode="2025-11")).status_code == 200
        left = await office.client.post("/keluar")
        assert "max-age=0" in left.headers["set-cookie"].lower()
        office.client.cookies.set(SESSION_COOKIE, word)
    answer = await page(office, periode="2025-11")
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/masuk")


@pytest.mark.parametrize(
    ("role", "areas"), [("laboratory", ["LAB.12.19.RSUD"]), ("auditor", ["12.19"]), ("district", [])]
)
async def test_an_account_without_figures_or_area_is_told_so(office: Office, role: str, areas: list[str]) -> None:
    office.client.cookies.clear()
    office.client.cookies.set(SESSION_COOKIE, await log_in(office.api, role, areas))
    answer = await page(office)
    assert answer.status_code == 403
    assert 'action="/keluar' in answer.text


async def test_the_page_says_who_is_logged_in(office: Office) -> None:
    await district(office)
    await entered(office)
    assert "Petugas &lt;Kabupaten&gt; <small>kabupaten 12.19</small>" in (await page(office, periode="2025-11")).text


@pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/", "/\\evil.test", "/?x=//evil.test", "/v1/areas"])
async def test_a_log_in_leads_back_to_the_page_only(office: Office, back: str) -> None:
    assert (await office.client.get("/masuk", params={"back": back})).status_code == 422


async def test_without_a_provider_nobody_can_log_in(office: Office) -> None:
    office.client.cookies.clear()
    assert (await office.client.get("/masuk")).status_code == 503
    assert (await office.client.get("/masuk/kembali", params={"code": "a", "state": "b"})).status_code == 400


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


async def test_the_province_sees_no_small_count_on_the_page(office: Office) -> None:
    """Three suspected, two complete: hidden like what nobody has, and not told as nothing."""
    await district(office)
    reached = {"lab_ordered": date(2025, 11, 5), "lab_complete": date(2025, 11, 16)}
    await deliver(office.worker, [case(of=number, milestones=reached, anaemia="yes") for number in (0, 1)])
    await entered(office, "12", "province")
    answer = await page(office, wilayah="12.19", periode="2025-11")
    assert answer.status_code == 200
    section = answer.text.split('class="cascade"')[1].split("</section>")[0]
    told = ["10", *["–"] * 9]  # noqa: RUF001
    assert re.findall(r"<b>([^<]+)</b>", section) == told
    assert "hari" not in section.split("<dl>")[0]
    assert "None" not in answer.text
    assert "3 dari 10" not in answer.text


async def test_the_province_opens_the_last_month_that_is_told_and_reads_why(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 5 December of November only how many came: the page and the routes begin with October, until the 11th."""
    await district(office)
    before = measurement("b", date(2025, 10, 6), of=0)
    await deliver(office.worker, [before, assessment(before)])
    outside, inside = ("province", ("12",)), ("district", ("12.19",))
    for day, who, period in ((5, outside, "2025-10"), (5, inside, "2025-11"), (11, outside, "2025-11")):
        await release_all(office.worker, date(2025, 11 + (day > 10), 11), ["2025-10", "2025-11"])
        for module in (asked, page_module):
            monkeypatch.setattr(module, "today_jakarta", lambda day=day: date(2025, 12, day))
        role, areas = who
        await entered(office, areas[0], role)
        text = (await page(office, wilayah="12.19")).text
        assert f'<option value="{period}" selected>' in text
        assert ("menyusul mulai 11 Desember 2025" in text) is (period == "2025-10")
        released = "11 November 2025" if day == 5 else "11 Desember 2025"
        assert (f"Angka rilis {released}" in text) is (who == outside)
        body = await office.figures("/v1/areas/12.19/summary", role=role, areas=areas)
        assert (body["period"], "findings_told_from" in body) == (period, False)
        if period == "2025-10":
            assert "mulai 11 Desember 2025" in (await page(office, wilayah="12.19", periode="2025-11")).text
            november = await office.figures("/v1/areas/12.19/trend", role=role, areas=areas, until="2025-11")
            assert november["findings_told_from"] == "2025-12-11"


async def test_a_pass_opens_its_own_area_and_nothing_above_or_beside_it(office: Office) -> None:
    await district(office)
    await entered(office, "12.19.01")
    assert (await page(office, wilayah="12.19.01", periode="2025-11")).status_code == 200
    assert (await page(office, wilayah=DESA[0], periode="2025-11")).status_code == 200
    assert (await page(office, wilayah="12.19")).status_code == 403
    assert (await page(office, wilayah="12.19.02")).status_code == 403
    assert (await page(office, wilayah="12.19.01.2999")).status_code == 404


async def test_a_kader_of_a_posyandu_comes_as_far_as_every_link_of_the_page_leads(office: Office) -> None:
    await district(office)
    posyandu = f"{DESA[0]}.P001"
    taken = measurement("a", date(2025, 11, 4), of=20)
    await deliver(office.worker, [child(20, homes=[(BORN, DESA[0], posyandu)]), taken, assessment(taken, haz=-2.5)])
    await entered(office, posyandu, "kader")
    answer = await page(office, periode="2025-11")
    assert "1 dari 1 anak yang diukur" in answer.text
    (english,) = re.findall(r'href="([^"]+lang=en)"', answer.text)
    assert "1 of 1 children measured" in (await office.client.get(unescape(english))).text
    assert (await page(office, wilayah=DESA[0])).status_code == 403
    await entered(office, "12", "province")
    assert (await page(office, wilayah=posyandu, periode="2025-11")).status_code == 403, "too small for it"


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
