"""A province of 1.4 million children for the bench: few posyandu, projected by the live code and copied 2,000 times.

Ten posyandu are projected fact by fact, then copied by the database under other codes: what is loaded has the shape
that the projection writes, since it wrote it.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from services.reporting.domain.quality_ruleset import load as quality_rules
from services.reporting.jobs.quality import QualityJudge
from services.reporting.jobs.tallies import TallyKeeper
from services.reporting.use_cases.keep_alerts import Clock
from services.reporting.use_cases.project_facts import project_facts
from shared.calendar import add_months, completed_months, month_of, now_utc, today_jakarta
from shared.contracts.child import ChildV1, MeasurementV1, Residence
from shared.contracts.fact import Fact, derived_fact_id, new_fact_id
from shared.contracts.intervention import Dose, Immunisation, InterventionV1, Part, Supplementation
from shared.contracts.risk import AssessmentV1, CaseV1, RiskStatusV1
from tests.integration.reporting.ground import Office

TEMPLATES: Final = 10  # posyandu, of seventy children each
CHILDREN_EACH: Final = 70
COPIES: Final = 2_000
MONTHS: Final = 12
KABUPATEN, KECAMATAN_EACH, DESA = 33, 14, 6_100
COUNTED: Final = "12.19"
HOME: Final = "98.01.01.2001"  # of the templates: another province, removed once it is copied
LETTERS: Final[tuple[Literal["N", "T", "O"], ...]] = ("N", "N", "N", "T", "O")
COPIED: Final = (
    *("child", "child_span", "child_month", "cell", "child_fact", "child_service", "risk_status_fact"),
    "posyandu_quality",
)
PLACES: Final = f"""
CREATE UNLOGGED TABLE place AS
SELECT format('{HOME}.P%s', lpad((1 + p % {TEMPLATES})::text, 3, '0')) AS template, p, desa,
       format('%s.P%s', desa, lpad((1 + p - {{first}})::text, 3, '0')) AS post
FROM (
    SELECT p, d, format('12.%s.%s.%s', lpad((1 + d % {KABUPATEN})::text, 2, '0'),
                        lpad((1 + d / {KABUPATEN} % {KECAMATAN_EACH})::text, 2, '0'),
                        2001 + d / {KABUPATEN * KECAMATAN_EACH}) AS desa
    FROM (SELECT p, (p::bigint * {DESA} / {TEMPLATES * COPIES})::integer AS d
          FROM generate_series(0, {TEMPLATES * COPIES - 1}) AS p) AS numbered
) AS placed
""".format(first=f"(d::bigint * {TEMPLATES * COPIES} / {DESA})::integer")
REGISTER: Final = (
    """
    INSERT INTO register_fact (fact_id, epoch, revision, known_at, content_hash, entry, code, name, level, parent_code,
                               desa_codes, valid_from, target_children, voided)
    SELECT md5(entry || code)::uuid, 1, 1, '2020-01-01', 0, entry, code, 'Wilayah ' || code, level, parent, desa,
           '2020-01-01', target, false
    FROM ({entries}) AS made(entry, code, level, parent, desa, target)
    """
).format(
    entries="""
    SELECT 'area', '12', 'provinsi', NULL, '', NULL::integer
    UNION SELECT 'area', left(desa, 5), 'kabupaten', '12', '', NULL FROM place
    UNION SELECT 'area', left(desa, 8), 'kecamatan', left(desa, 5), '', NULL FROM place
    UNION SELECT 'area', desa, 'desa', left(desa, 8), '', NULL FROM place
    UNION SELECT 'posyandu', post, NULL, desa, '', NULL FROM place
    UNION SELECT 'target', left(desa, 5), NULL, NULL, '', 42000 FROM place
    UNION SELECT 'target', left(desa, 8), NULL, NULL, '', 3000 FROM place
    UNION SELECT 'target', desa, NULL, NULL, '', 230 FROM place
    UNION SELECT 'puskesmas', 'PKM-' || left(desa, 8), NULL, left(desa, 8), string_agg(DISTINCT desa, '|'), NULL
          FROM place GROUP BY left(desa, 8)
    """
)
# Each child once for each place, under an id of its own.
OWN: Final = """
CREATE UNLOGGED TABLE own AS SELECT p, child_id AS was, md5(child_id::text || p)::uuid AS id
FROM place JOIN child ON child.posyandu_code = place.template
"""
LEVELS: Final = """
INSERT INTO level_cell (level, area_code, {keys}, {sums})
SELECT {level}, left(desa_code, {width}), {keys}, {totals} FROM cell GROUP BY 2, {keys}
"""


async def load_province(office: Office, admin: Any) -> str:
    facts = _templates(random.Random(5), today_jakarta())
    for start in range(0, len(facts), 2_000):
        async with office.worker.acquire() as connection, connection.transaction():
            await project_facts(connection, facts[start : start + 2_000])
    judge = QualityJudge(office.worker, quality_rules(), _clock, settled_seconds=0)
    while await judge.once():
        pass
    await admin.execute(PLACES)
    await admin.execute(OWN)
    await admin.execute("ANALYZE place, own")
    await admin.execute(REGISTER)
    for table in COPIED:
        await _copy(admin, table)
    for table in (*COPIED, "register_fact", "level_cell"):
        await admin.execute(f"VACUUM ANALYZE {table}")
    await admin.execute("DELETE FROM quality_sums_kept")
    await judge.sum_what_was_judged()
    await _tallies(office, admin)
    counts = [f"{await admin.fetchval(f'SELECT count(*) FROM {table}'):,} {table}" for table in COPIED]
    return ", ".join(counts)


async def _tallies(office: Office, admin: Any) -> None:
    """Of one kabupaten counted by the keeper; the others, as large and of the same children, copy its sums.

    Of kecamatan, too: a release adds these up.
    """
    this_month = month_of(today_jakarta())
    keeper = TallyKeeper(office.worker, today_jakarta, settled_seconds=0)
    keeper.begun = this_month  # nothing but what is told here: everything would take half an hour
    months = [this_month.replace(month=number) for number in range(1, this_month.month + 1)]
    await admin.execute(
        "INSERT INTO tally_due (area_code, month) SELECT DISTINCT area_code, unnest($2::date[]) FROM level_cell "
        "WHERE level = 3 AND area_code LIKE $1 || '.%'",
        COUNTED,
        months,
    )
    while await keeper.once():
        pass
    await admin.execute(
        "INSERT INTO tally SELECT kind, area || right(area_code, -5), months, month, layout, "
        "(SELECT coalesce(array_agg(area || right(part, -5) ORDER BY part), '{}') FROM unnest(parts) AS part), "
        "columns, counts, counted_at "
        "FROM tally CROSS JOIN (SELECT DISTINCT area_code AS area FROM level_cell WHERE level = 2) AS other "
        "WHERE left(area_code, 5) = $1 AND area <> $1",
        COUNTED,
    )
    await admin.execute(
        "INSERT INTO tally_due (area_code, month) SELECT left($1, 2), unnest($2::date[])", COUNTED, months
    )
    while await keeper.once():
        pass
    await admin.execute("VACUUM ANALYZE tally")


async def _copy(admin: Any, table: str) -> None:
    """The rows of the templates once for each place, under its codes; then what they were made of is removed."""
    columns = [
        row[0]
        for row in await admin.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped", table
        )
    ]
    # Made once at the end: kept up row by row, a key of random ids takes longer than all the rest.
    key = await admin.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'", table
    )
    await admin.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, SET UNLOGGED")
    indexes = await admin.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'reporting' AND tablename = $1", table
    )
    for name, _ in indexes:
        await admin.execute(f"DROP INDEX {name}")
    child = next((name for name in ("root_id", "child_id") if name in columns), None)
    told = {
        child: "own.id",
        "fact_id": "md5(made.fact_id::text || p)::uuid",
        "act_id": "md5(made.act_id::text || p)::uuid",
        "residences": "jsonb_build_object(made.birth_date, jsonb_build_array(place.desa, place.post))",
        "desa_code": "place.desa",
        "posyandu_code": "place.post",
        "span_desa_code": "CASE WHEN made.span_desa_code IS NULL THEN NULL ELSE place.desa END",
        "span_posyandu_code": "CASE WHEN made.span_desa_code IS NULL THEN NULL ELSE place.post END",
    }
    await admin.execute(f"CREATE UNLOGGED TABLE made_{table} AS SELECT * FROM {table}; ANALYZE made_{table}")
    await admin.execute(f"TRUNCATE {table}")
    of_child = f"JOIN own USING (p) JOIN made_{table} AS made ON made.{child} = own.was"
    of_place = f"JOIN made_{table} AS made ON made.posyandu_code = place.template"
    await admin.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {', '.join(told.get(name, f'made.{name}') for name in columns)} "
        f"FROM place {of_place if child is None else of_child}"
    )
    await admin.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey {key}")
    for _, definition in indexes:
        await admin.execute(definition)
    if table == "cell":
        await admin.execute("DELETE FROM level_cell")
        keys = [name for name in columns if name in {"generation", "months", "month"}]
        sums = [name for name in columns if name not in {*keys, "desa_code", "posyandu_code"}]
        for level, width in ((2, 5), (3, 8)):
            await admin.execute(
                LEVELS.format(
                    level=level,
                    width=width,
                    keys=", ".join(keys),
                    sums=", ".join(sums),
                    totals=", ".join(f"sum({name})" for name in sums),
                )
            )


def _templates(dice: random.Random, today: date) -> list[Fact]:
    """Children of all ages, four of five measured in each of twelve months, a quarter stunted, a case for half."""
    facts: list[Fact] = []
    first = add_months(month_of(today), 1 - MONTHS)
    known = now_utc() - timedelta(days=1)
    for number in range(TEMPLATES * CHILDREN_EACH):
        born = today - timedelta(days=dice.randint(5, 1_820))
        child = _child(born, f"{HOME}.P{1 + number // CHILDREN_EACH:03}", dice.choice(("male", "female")), known)
        facts.append(child)
        haz = dice.gauss(-1.25, 1.1)
        for on in (add_months(first, month) + timedelta(days=dice.randint(0, 27)) for month in range(MONTHS)):
            if born <= on <= today and dice.random() < 0.8:
                facts += _visit(child, on, round(haz + dice.gauss(0, 0.2), 2), known, dice)
        if haz < -2 and dice.random() < 0.5:
            facts.append(_case(child, first, known, dice))
            facts.append(_status(child, known, dice))
        facts += [_act(child, part, known) for part in _given(born, first, today, dice)]
    return facts


def _clock() -> Clock:
    return Clock(today_jakarta(), now_utc(), new_fact_id)


def _given(born: date, first: date, today: date, dice: random.Random) -> list[Part]:
    """Capsules in February and August, most of the basic set told by the card."""
    parts: list[Part] = []
    for month in (add_months(first, number) for number in range(MONTHS)):
        age = completed_months(born, month)
        if month.month in {2, 8} and 6 <= age < 60 and dice.random() < 0.85:
            dose: Dose = "blue_100000_iu" if age < 12 else "red_200000_iu"
            parts.append(Supplementation(supplement="vitamin_a", dose=dose, given_on=month))
    if completed_months(born, today) >= 12 and dice.random() < 0.7:
        parts.append(Immunisation(vaccine="basic_complete", given_on=add_months(born, 11)))
    return parts


def _act(child: ChildV1, part: Part, known: datetime) -> InterventionV1:
    return InterventionV1.model_validate(
        {
            "fact_id": new_fact_id(), "child_id": child.child_id, "epoch": 1, "revision": 1, "known_at": known,
            "change": "recorded", "source": "bench", "recorded_at": known, "type": part.type_name, part.type_name: part,
        }
    )  # fmt: skip


def _status(child: ChildV1, known: datetime, dice: random.Random) -> RiskStatusV1:
    abnormal = dice.choice(("yes", "no", "no"))
    reading = {
        "rule_id": "haemoglobin_who_2024", "test_code": "haemoglobin", "result_id": new_fact_id(),
        "drawn_on": known.date(), "abnormal": abnormal, "source": "bench",
        "grade": "mild_anaemia" if abnormal == "yes" else "normal",
    }  # fmt: skip
    return RiskStatusV1.model_validate(
        {
            "fact_id": derived_fact_id(child.child_id, "risk-status"), "child_id": child.child_id, "epoch": 1,
            "revision": 1, "known_at": known, "change": "recorded", "ruleset_version": "bench", "tier": "suspected",
            "readings": [reading],
        }
    )  # fmt: skip


def _child(born: date, post: str, sex: Any, known: datetime) -> ChildV1:
    child_id = new_fact_id()
    home = Residence(valid_from=born, desa_code=HOME, posyandu_code=post)
    return ChildV1(
        fact_id=child_id, child_id=child_id, epoch=1, revision=1, change="recorded", known_at=known, sex=sex,
        birth_date=born, residences=(home,),
    )  # fmt: skip


def _visit(child: ChildV1, on: date, haz: float, known: datetime, dice: random.Random) -> list[Fact]:
    own: dict[str, Any] = {"child_id": child.child_id, "epoch": 1, "revision": 1, "known_at": known}
    taken = MeasurementV1(
        fact_id=new_fact_id(), **own, change="recorded", measured_on=on, recorded_at=known, channel="api",
        source="bench", weight_kg=9.3, length_height_cm=round(74 + dice.random(), 1),
    )  # fmt: skip
    judged = AssessmentV1(
        fact_id=derived_fact_id(taken.fact_id, "assessment"), **own, change="recorded", measurement_id=taken.fact_id,
        measurement_epoch=1, measurement_revision=1, ruleset_version="bench", measured_on=on, voided=False, age_days=0,
        age_months=completed_months(child.birth_date, on), haz=haz, waz=round(haz * 0.8, 2), whz=round(haz * 0.4, 2),
        baz=round(haz * 0.3, 2), tier="suspected" if haz < -2 else "low", letter=dice.choice(LETTERS), is_primary=True,
    )  # fmt: skip
    return [taken, judged]


def _case(child: ChildV1, opened: date, known: datetime, dice: random.Random) -> CaseV1:
    steps = ["remeasured", "lab_ordered", "lab_complete", "referred"][: dice.randint(0, 4)]
    days = {step: opened + timedelta(days=7 * place) for place, step in enumerate(steps, start=1)}
    return CaseV1.model_validate(
        {
            "fact_id": new_fact_id(),
            "child_id": child.child_id,
            "epoch": 1,
            "revision": 1,
            "change": "recorded",
            "known_at": known,
            "opened_by_fact_id": child.child_id,
            "ruleset_version": "bench",
            "opened_on": opened,
            "tier": "suspected",
            "state": "open",
            "milestones": [{"name": name, "on": on} for name, on in days.items()],
        }
    )
