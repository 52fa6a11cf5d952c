"""What a demo tells: the JSON of its contract, and the same for a person at a terminal in Bahasa Indonesia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deploy.demo.driver import Outcome
from deploy.demo.intake import Verdict
from deploy.demo.tally import stop_codes

KECAMATAN_FIELDS: Final = (
    *("code", "name", "target_children", "measured_children", "coverage", "haz_measured", "stunted", "stunted_share"),
    *("stunted_low", "stunted_high", "suspected", "lab_ordered", "lab_complete", "anaemic", "quality_grade"),
)
TABLE: Final = (
    ("Kecamatan", "name", 20),
    ("Sasaran", "target_children", 8),
    ("Diukur", "measured_children", 7),
    ("Cakupan", "coverage", 8),
    ("Pendek", "stunted", 7),
    ("%", "stunted_share", 6),
    ("95 % CI", "interval", 13),
    ("Terduga", "suspected", 8),
    ("Urgen", "urgent", 6),
    ("Lab minta", "lab_ordered", 9),
    ("Lab lengkap", "lab_complete", 11),
    ("Anemia", "anaemic", 6),
)
SUMMED: Final = (
    *("target_children", "measured_children", "haz_measured", "stunted", "suspected", "urgent"),
    *("lab_ordered", "lab_complete", "anaemic"),
)
NO_DATA: Final = "-"
STATES: Final = {"balanced": "seimbang", "unsettled": "belum tuntas", "imbalanced": "TIDAK SEIMBANG"}


def as_json(outcome: Outcome, verify: dict[str, Any] | None) -> dict[str, Any]:
    """The document of `demo --json`."""
    return {
        "period": outcome.period,
        "kecamatan": [{name: row.get(name) for name in KECAMATAN_FIELDS} for row in outcome.kecamatan],
        "ledger": outcome.ledger,
        "verify": verify,
        "seconds": round(outcome.seconds, 1),
        **outcome.tally.as_json(),
        "files": outcome.tally.files,
        "laboratory": outcome.laboratory,
        "care": outcome.care,
        "services": outcome.services,
        "releases": outcome.releases,
        "explanation": outcome.explanation,
        "stopped_files": outcome.tally.stopped,
        "intake": dict(sorted(outcome.tally.counts.items())),
        "real_files": [_real_file(verdict) for verdict in outcome.real_files],
    }


def as_text(outcome: Outcome) -> str:
    """The figures, the ledgers, the speed and the dirt."""
    tally = outcome.tally
    speed = tally.rows / outcome.seconds if outcome.seconds else 0
    return "\n".join(
        [
            "",
            f"Kabupaten Batu Bara (simulasi), {outcome.period}",
            *kecamatan_table(outcome.kecamatan),
            "",
            f"Buku besar: {STATES.get(outcome.ledger.get('state', ''), outcome.ledger.get('state'))}",
            *ledger_lines(outcome.ledger),
            "",
            f"{_whole(tally.rows)} baris ukur ({tally.files} berkas, {tally.api_rows} baris lewat API)",
            f"dalam {_decimal(outcome.seconds)} detik: {_whole(speed)} baris/detik",
            "",
            *laboratory_lines(outcome.laboratory),
            *care_lines(outcome.care),
            *service_lines(outcome.services),
            "",
            *release_lines(outcome.releases),
            "",
            *explanation_lines(outcome.explanation),
            "",
            *dirt_table(outcome),
            "",
            *real_file_lines(outcome.real_files),
        ]
    )


def kecamatan_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """One line a kecamatan and the sum. A share is of the children with an unflagged height score."""
    head = "  " + "  ".join(
        f"{title:<{width}}" if field == "name" else f"{title:>{width}}" for title, field, width in TABLE
    )
    return [head, "  " + "-" * (len(head) - 2), *(_table_line(row) for row in rows), _table_line(total_of(rows))]


def total_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The district by summing numerators and denominators; no interval is made up for it."""
    total: dict[str, Any] = {"name": "Jumlah"}
    for field in SUMMED:
        total[field] = sum(row.get(field) or 0 for row in rows)
    if total["target_children"]:
        total["coverage"] = total["measured_children"] / total["target_children"]
    if total["haz_measured"]:
        total["stunted_share"] = total["stunted"] / total["haz_measured"]
    return total


def _table_line(row: dict[str, Any]) -> str:
    low, high = row.get("stunted_low"), row.get("stunted_high")
    cells = {
        **{field: NO_DATA if row.get(field) is None else _whole(row[field]) for field in SUMMED},
        "name": str(row.get("name", "")),
        "coverage": _percent(row.get("coverage")),
        "stunted_share": _percent(row.get("stunted_share")),
        "interval": NO_DATA if low is None or high is None else f"{_percent(low)}-{_percent(high)}",
    }
    parts = [f"{cells[f]:<{w}}" if f == "name" else f"{cells[f]:>{w}}" for _, f, w in TABLE]
    return "  " + "  ".join(parts).rstrip()


def ledger_lines(ledger: dict[str, Any]) -> list[str]:
    """The three ledgers in one line each."""
    intake, bus, facts = (ledger.get(name) or {} for name in ("intake", "bus", "facts"))
    names = {
        "accepted": "diterima",
        "unchanged": "sama",
        "rejected": "ditolak",
        "quarantined": "ditahan",
        "pending": "antre",
    }
    terms = " + ".join(f"{_whole(intake.get(term, 0))} {word}" for term, word in names.items())
    return [
        f"  baris masuk  {_whole(intake.get('received', 0))} = {terms}",
        f"  pesan        {_whole(bus.get('records', 0))} dibaca, {_whole(bus.get('dead', 0))} gagal",
        f"  fakta        {_whole(facts.get('facts', 0))}, selisih {len(facts.get('differences', []))}",
    ]


def laboratory_lines(done: dict[str, int]) -> list[str]:
    """What the laboratories did."""
    words = {
        "orders": "permintaan dikerjakan",
        "results": "hasil dilaporkan",
        "specimens": "spesimen kiriman",
        "refused": "ditolak dan diambil ulang",
        "absent": "keluarga belum datang",
    }
    told = ", ".join(f"{_whole(done[name])} {word}" for name, word in words.items() if name in done)
    return [f"Laboratorium (simulasi): {told}"] if told else []


def care_lines(done: dict[str, int]) -> list[str]:
    """What clinicians decided."""
    words = {"refer": "dirujuk", "confirm": "dipastikan", "start_care": "mulai ditangani"}
    told = ", ".join(f"{_whole(done[name])} {word}" for name, word in words.items() if name in done)
    return [f"Klinisi (simulasi): {told}"] if told else []


def service_lines(given: dict[str, int]) -> list[str]:
    """What puskesmas gave."""
    words = {"vitamin_a": "kapsul vitamin A", "feeding": "PMT dimulai"}
    told = ", ".join(f"{_whole(given[name])} {word}" for name, word in words.items() if name in given)
    return [f"Pelayanan (simulasi, sebagian puskesmas): {told}"] if told else []


def release_lines(releases: dict[str, Any]) -> list[str]:
    """What the dinkes has released, and what the province sees of it."""
    if not releases:
        return []
    seen = releases["province_sees"]
    share = f"{_percent(seen['stunted_share'])} %" if seen["stunted_share"] is not None else "disembunyikan"
    return [
        f"Dirilis untuk provinsi, sekali untuk selamanya: {', '.join(releases['periods'])}",
        f"  provinsi melihat {seen['period']}: pendek {share} (dirilis {seen['released_on'] or 'belum'})",
    ]


def explanation_lines(explanation: dict[str, Any] | None) -> list[str]:
    """One child's status in the system's own words."""
    if explanation is None:
        return []
    lines = [f"Contoh penjelasan satu anak: {explanation['headline']}"]
    for section in explanation["sections"]:
        lines.append(f"  {section['title']}")
        lines += [f"    - {line['text']}" for line in section["lines"]]
    return lines


def dirt_table(outcome: Outcome) -> list[str]:
    """Every kind of dirt: how often it was put in, and how often the intake named it."""
    found = outcome.tally.found_kinds()
    lines = ["  Kotoran data                      disisipkan   ditemukan"]
    for kind, count in sorted(outcome.tally.injected.items()):
        answer = _whole(found[kind]) if kind in found else "terbaca"
        lines.append(f"  {kind:<32} {_whole(count):>11} {answer:>11}")
    return lines


def real_file_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """The real exports: what the diagnosis said of each."""
    lines = ["Berkas asli dari daerah lain (hanya didiagnosis, tidak dihitung):"] if verdicts else []
    for verdict in verdicts:
        said = verdict.diagnosis
        why = f"; dihentikan: {', '.join(stop_codes(verdict))}" if verdict.state == "stopped" else ""
        lines.append(
            f"  {verdict.name}: profil {said.get('profile')}, {said.get('rows', 0)} baris, "
            f"{said.get('taken', 0)} dapat diambil, {said.get('quarantined', 0)} ditahan{why}"
        )
    return lines


def _real_file(verdict: Verdict) -> dict[str, Any]:
    kept = ("profile", "date_order", "rows", "taken", "repaired", "quarantined", "duplicate", "blank")
    return {
        "file": verdict.name,
        "state": verdict.state,
        **{name: verdict.diagnosis.get(name) for name in kept},
        "stop_reasons": stop_codes(verdict),
    }


def _whole(value: float) -> str:
    """12345 → `12.345`, as written in Indonesia."""
    return f"{round(value):,}".replace(",", ".")


def _decimal(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _percent(share: float | None) -> str:
    return NO_DATA if share is None else _decimal(share * 100)
