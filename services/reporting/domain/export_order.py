"""What somebody wants as a file: which kinds there are, in which forms, and how a file is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.reporting.domain.periods import Period

Kind = Literal["figures", "report", "exchange", "open-data", "children"]
Form = Literal["xlsx", "csv", "csv-machine", "pdf", "adx", "dhis2", "json"]
Language = Literal["id", "en"]
FORMS: Final[Mapping[Kind, tuple[Form, ...]]] = {
    "figures": ("xlsx", "csv", "csv-machine"),
    "report": ("pdf",),
    "exchange": ("adx", "dhis2"),
    "open-data": ("json",),
    "children": ("xlsx", "csv", "csv-machine"),
}
_ENDINGS: Final[Mapping[Form, str]] = {"csv-machine": "csv", "adx": "xml", "dhis2": "json"}


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """A file of an area and a period, as known on a day (None = now). `exact` = without suppression.

    `asked_on` is what the file calls today, so that the same order of the same facts always gives the same bytes.
    """

    kind: Kind
    form: Form
    language: Language
    area_code: str
    period: Period
    as_of: date | None
    asked_on: date
    exact: bool

    @property
    def known_on(self) -> date:
        """The day that the file names as that of its data."""
        return self.as_of or self.asked_on


def is_zipped(order: ExportOrder) -> bool:
    """Whether the file is an archive: figures are several tables, and a text file holds one."""
    return order.kind == "figures" and order.form != "xlsx"


def file_name(order: ExportOrder) -> str:
    """`tumbuh-figures-12.19-2026-Q2-id.xlsx`, with `-as-of-2026-07-01` where that was asked for."""
    form = "-machine" if order.form == "csv-machine" else f"-{order.form}" if order.kind == "exchange" else ""
    known = f"-as-of-{order.as_of}" if order.as_of is not None else ""
    period = order.asked_on if order.kind == "children" else order.period
    ending = "zip" if is_zipped(order) else _ENDINGS.get(order.form, order.form)
    return f"tumbuh-{order.kind}{form}-{order.area_code}-{period}{known}-{order.language}.{ending}"
