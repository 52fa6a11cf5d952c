"""A waterfall as CSV: a line for each step of each area, for whoever draws it in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.spreadsheet_text import neutralised

COLUMNS: Final = ("code", "name", "step", "text_id", "text_en", "stunted", "measured")


def waterfall_csv(groups: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8; first their figure, then the bars that move something, then ours: each group adds up downwards."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for group in groups:
        steps = [
            {"code": "theirs", "text_id": "angka e-PPGBM", "text_en": "figure of e-PPGBM", **group["theirs"]},
            *group["bars"],
            {"code": "ours", "text_id": "angka di sini", "text_en": "figure here", **group["ours"]},
        ]
        for step in steps:
            named = (group["code"] or "", neutralised(group["name"] or ""))
            texts = (step["code"], step["text_id"], step["text_en"])
            writer.writerow((*named, *texts, step["stunted"], step["measured"]))
    return text.getvalue().encode()
