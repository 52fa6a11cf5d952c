"""Danger signs of a visit and risks of a family: entered, corrected, published; a file's rows one by one, none lost."""

from tests.integration.measurement.desk import DESA_B, POSYANDU_B, Desk, visit

PATH = "/v1/household-risks"


async def test_a_visit_may_carry_signs_alone_and_is_corrected_and_voided_as_any_other(desk: Desk) -> None:
    child_id = await desk.register_child()
    signs = {"danger_signs": ["lethargic", "convulsions", "lethargic"], "temperature_c": 39.1}
    bare = {"child_id": child_id, "measured_on": "2025-07-05", **signs}
    answer = await desk.send("POST", "/v1/measurements", bare)
    assert answer.status_code == 201, answer.text
    path = f"/v1/measurements/{answer.json()['measurement_id']}"
    again = await desk.send("POST", "/v1/measurements", {**bare, "danger_signs": ["convulsions", "lethargic"]})
    assert again.json()["outcome"] == "unchanged"
    other = await desk.send("POST", "/v1/measurements", {**bare, "danger_signs": []})
    assert other.status_code == 409
    corrected = await desk.send("PATCH", path, {"danger_signs": [], "temperature_c": None}, etag='"1.1"')
    assert corrected.status_code == 200, corrected.text
    await desk.send("PATCH", path, {"danger_signs": None, "weight_kg": 10.4}, etag='"1.2"')
    await desk.send("POST", f"{path}:void", {"reason": "wrong_child"}, etag='"1.3"')
    told = [(fact["danger_signs"], fact["temperature_c"], fact["voided"]) for fact in (await desk.events())[1:]]
    assert told == [
        (["convulsions", "lethargic"], 39.1, False),
        ([], None, False),
        (None, None, False),
        (None, None, True),
    ]
    steps = (await desk.send("GET", f"/v1/children/{child_id}/history")).json()
    assert "danger_signs" in str(steps)


async def test_a_batch_names_an_unknown_sign_and_holds_a_temperature_in_fahrenheit(desk: Desk) -> None:
    child_id = await desk.register_child()
    rows = [
        visit(child_id, danger_signs=["convulsions"]),
        visit(child_id, measured_on="2025-07-06", danger_signs=["kejang"]),
        visit(child_id, measured_on="2025-07-07", temperature_c=101.3),
    ]
    answer = await desk.send("POST", "/v1/measurements:batch", {"rows": rows})
    report = answer.json()
    assert (report["accepted"], report["rejected"], report["quarantined"]) == (1, 1, 1)
    assert "danger_signs" in str(report["rows"][1])
    assert report["rows"][2]["problems"][0]["code"] == "temperature_in_fahrenheit"
    (held,) = (await desk.send("GET", "/v1/review?state=open")).json()["items"]
    assert held["proposed"] == {"temperature_c": 38.5}


async def test_a_visit_that_says_nothing_is_still_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    answer = await desk.send("POST", "/v1/measurements", {"child_id": child_id, "measured_on": "2025-07-05"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "nothing_measured"


def answers(*pairs: tuple[str, str], as_of: str = "2026-03-31", source: str = "bkkbn") -> dict[str, object]:
    return {"as_of": as_of, "source": source, "answers": dict(pairs)}


async def test_a_family_is_stated_with_source_and_day_and_the_later_day_holds(desk: Desk) -> None:
    child_id = await desk.register_child(household_risks=["spacing_under_2_years"])
    path = f"/v1/children/{child_id}/household-risk"
    first = await desk.send("PUT", path, answers(("no_proper_latrine", "yes"), ("tb_contact", "unknown")), etag='"1.1"')
    assert first.status_code == 200, first.text
    assert first.json()["household_risks"] == ["no_proper_latrine", "spacing_under_2_years"]
    older = await desk.send("PUT", path, answers(("no_proper_latrine", "no"), as_of="2026-01-31"), etag='"1.2"')
    assert older.json()["revision"] == 2
    newer = await desk.send("PUT", path, answers(("no_proper_latrine", "no"), source="puskesmas"), etag='"1.2"')
    told = {each["risk"]: (each["answer"], each["source"]) for each in newer.json()["household"]}
    assert told == {"no_proper_latrine": ("no", "puskesmas"), "tb_contact": ("unknown", "bkkbn")}
    assert newer.json()["household_risks"] == ["spacing_under_2_years"]
    stale = await desk.send("PUT", path, answers(("tb_contact", "no")), etag='"1.2"')
    assert stale.status_code == 412
    late = await desk.send("PUT", path, answers(("tb_contact", "no"), as_of="2999-01-01"), etag='"1.3"')
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "as_of")
    flat = await desk.send("PATCH", f"/v1/children/{child_id}", {"household_risks": ["tb_contact"]}, etag='"1.3"')
    assert (flat.status_code, flat.json()["errors"][0]["code"]) == (422, "household_stated")
    events = await desk.events()
    assert [event["revision"] for event in events] == [1, 2, 3]
    assert events[-1]["household"][0]["risk"] == "no_proper_latrine"
    history = await desk.send("GET", f"/v1/children/{child_id}/history")
    assert "household" in history.text


async def test_a_file_is_taken_row_by_row_and_what_names_nobody_waits_for_a_person(desk: Desk) -> None:
    known = await desk.register_child()
    other = await desk.register_child(
        desa_code=DESA_B, posyandu_code=POSYANDU_B, identity={"name": "Dedi", "nik": "1219010507230004"}, sex="male"
    )
    text = (
        "nik,child_id,as_of,no_proper_water,terlalu muda\n"
        "1219014507230003,,2026-03-31,ya,tidak\n"
        f",{other},2026-03-31,tidak,tidak tahu\n"
        "1219014507230099,,2026-03-31,ya,ya\n"
        "1219014507230003,,2026-02-28,tidak,tidak\n"
        "1219010507230004,,2026-03-31,entah,\n"
    )
    sent = await desk.send("POST", PATH, text.encode(), media_type="text/csv")
    report = sent.json()
    assert {name: report[name] for name in ("received", "accepted", "unchanged", "held")} == {
        "received": 5,
        "accepted": 3,
        "unchanged": 0,
        "held": 2,
    }
    assert [row["problems"][0]["code"] for row in report["rows"] if row["problems"]] == [
        "unknown_child",
        "answer_unreadable",
    ]
    child = (await desk.send("GET", f"/v1/children/{known}")).json()
    assert child["household_risks"] == ["no_proper_water"]  # the later day, whatever the order of the rows
    again = (
        await desk.send(
            "POST", PATH, b"nik,as_of,no_proper_water\n1219014507230003,2026-03-31,ya\n", media_type="text/csv"
        )
    ).json()
    assert (again["unchanged"], again["held"]) == (1, 0)

    held = (await desk.send("GET", f"{PATH}/held")).json()["items"]
    assert [row["line"] for row in held] == [4, 6]
    assert "1219014507230099" not in str(held)
    assert held[0]["cells"]["nik"].endswith("0099")
    assert "1219014507230099" not in str(await desk.superuser("SELECT * FROM household_row"))
    assigned = await desk.send("POST", f"{PATH}/held/{held[0]['held_id']}:assign", {"child_id": other})
    assert assigned.json()["state"] == "taken"
    twice = await desk.send("POST", f"{PATH}/held/{held[0]['held_id']}:assign", {"child_id": other})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_answered")
    unread = await desk.send("POST", f"{PATH}/held/{held[1]['held_id']}:assign", {"child_id": other})
    assert (unread.status_code, unread.json()["errors"][0]["code"]) == (422, "answer_unreadable")
    gone = await desk.send("POST", f"{PATH}/held/{held[1]['held_id']}:discard", {})
    assert gone.status_code == 200, gone.text
    assert (await desk.send("GET", f"{PATH}/held")).json()["items"] == []
    taken = (await desk.send("GET", f"/v1/children/{other}")).json()
    assert taken["household_risks"] == ["mother_under_20", "no_proper_water"]


async def test_a_row_about_a_child_of_another_area_is_held_as_unknown_and_changes_nothing(desk: Desk) -> None:
    child_id = await desk.register_child()
    text = b"nik,as_of,tb_contact\n1219014507230003,2026-03-31,ya\n"
    report = (await desk.send("POST", PATH, text, media_type="text/csv", areas=[DESA_B])).json()
    assert (report["held"], report["rows"][0]["problems"][0]["code"]) == (1, "unknown_child")
    assert (await desk.send("GET", f"/v1/children/{child_id}")).json()["household"] == []
    assert (await desk.send("GET", f"{PATH}/held", areas=["12.19.01.2003"])).json()["items"] == []
    refused = await desk.send("POST", PATH, b"nama\nCitra\n", media_type="text/csv")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_household_file")
