"""`intake FILE --dry-run`: what an e-PPGBM file is, and what would become of its rows. Nothing is stored."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from deploy.local.errors import MissingError
from services.measurement.formats.diagnose import Diagnosis, Step, examine
from services.measurement.jobs.growth import recompute
from shared.calendar import today_jakarta

REFUSED: Final = 3
_STEPS: Final[dict[Step, str]] = {
    "open": "membuka berkas",
    "read": "membaca sel",
    "score": "menguji z-score",
    "judge": "menilai baris",
}
_MARKS: Final = {"error": "✗", "warning": "!", "info": "·"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and how the answer is written."""
    parser.add_argument("file", metavar="FILE", type=Path, help="an e-PPGBM export (.xlsx, .xls, .xlsb, .ods or CSV)")
    parser.add_argument("--dry-run", action="store_true", help="diagnose only: the default, and here the only mode")
    parser.add_argument("--json", action="store_true", help="print the diagnosis as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the diagnosis; 3 where the file is refused or stopped."""
    try:
        data = arguments.file.read_bytes()
    except OSError as error:
        raise MissingError(f"{arguments.file}: tidak dapat dibaca / cannot be read ({error.strerror})") from None
    name, today = arguments.file.name, today_jakarta()
    diagnosis = examine(name, data, recompute=recompute, today=today, progress=_tell).diagnosis
    if arguments.json:
        print(json.dumps(diagnosis.as_json(), ensure_ascii=False, indent=2))
    else:
        print(describe(diagnosis))
    return REFUSED if diagnosis.stopped else 0


def _tell(step: Step, rows: int) -> None:
    """Where the work stands, for somebody who waits at a terminal."""
    if sys.stderr.isatty():
        of_rows = f" ({rows} baris)" if rows else ""
        print(f"  {_STEPS[step]}{of_rows} …", file=sys.stderr)


def describe(diagnosis: Diagnosis) -> str:
    """The diagnosis for a person at a terminal, in Bahasa Indonesia."""
    verdict = "DIHENTIKAN" if diagnosis.stopped else "DAPAT DIAMBIL"
    if diagnosis.can_be_confirmed:
        verdict += " sampai dikonfirmasi"
    lines = [f"{diagnosis.file}: {verdict}", ""]
    facts = {
        "Profil": diagnosis.profile,
        "Lembar": diagnosis.sheet,
        "Pengodean": diagnosis.encoding,
        "Pemisah": {"\t": "tab"}.get(diagnosis.delimiter or "", diagnosis.delimiter),
        "Baris judul": diagnosis.header_row,
        "Urutan tanggal": diagnosis.date_order,
    }
    lines += [f"  {label:15} {value}" for label, value in facts.items() if value is not None]
    lines += _counts(diagnosis) if diagnosis.rows else []
    lines.append("")
    lines += [f"  {_MARKS[message.severity]} {message.text_id}" for message in diagnosis.messages]
    return "\n".join(lines)


def _counts(diagnosis: Diagnosis) -> list[str]:
    labels = {
        "taken": "diambil",
        "repaired": "diperbaiki",
        "quarantined": "ditahan",
        "duplicate": "ganda",
        "blank": "kosong",
    }
    lines = ["", f"  Baris           {diagnosis.rows}"]
    lines += [f"    {label:13} {diagnosis.counts[name]}" for name, label in labels.items()]
    lines += ["", "  Uji ulang z-score resmi"]
    for index, tally in diagnosis.recompute.items():
        share = f" ({100 * tally['equal'] / tally['checked']:.1f} %)".replace(".", ",") if tally["checked"] else ""
        lines.append(f"    {index:13} {tally['equal']} dari {tally['checked']} cocok{share}")
    return lines
