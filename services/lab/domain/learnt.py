"""What a person decided once about a laboratory's own words: its codes of tests, its spellings of units, its findings.

A missing unit is never learnt: whoever leaves it out today may print another tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.findings import read_findings, spelling
from services.lab.domain.reports import Reported
from services.lab.domain.units import plain

Kind = Literal["test", "unit", "finding"]


@dataclass(frozen=True, slots=True)
class Word:
    """One decision. `test_code`: of which test, empty for a test itself; `word` is compared, `shown` as it was written.

    `meaning`: a test's code, a unit, or codes of findings joined by commas.
    """

    kind: Kind
    test_code: str
    word: str
    shown: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """All words of a laboratory: (kind, test's code, word) → meaning."""

    meanings: Mapping[tuple[str, str, str], str]

    def applied(self, row: Reported, catalogue: Catalogue) -> Reported:
        """The row with what is known of its words; what the catalogue understands by itself is left alone."""
        if not self.meanings:
            return row
        code = (catalogue.code_of_loinc(row.test) if row.loinc else None) or row.test
        if code not in catalogue.rows and (meant := self.meanings.get(("test", "", plain(row.test)))):
            row, code = replace(row, test=meant, loinc=False), meant
        analytes = catalogue.rows.get(code, ())
        unit = plain(row.unit or "")
        if unit and not any(analyte.unit(unit) for analyte in analytes):
            row = replace(row, unit=self.meanings.get(("unit", code, unit), row.unit))
        return replace(row, findings=tuple(self._finding(code, ways, analytes) for ways in row.findings))

    def _finding(self, code: str, ways: tuple[str, ...], analytes: Iterable[Analyte]) -> tuple[str, ...]:
        known = next((analyte.findings for analyte in analytes if analyte.findings), ())
        if any(not read_findings(known, [way])[1] for way in ways):
            return ways
        meant = [found for way in ways if (found := self.meanings.get(("finding", code, spelling(way))))]
        return (*ways, *meant)


def words_of(
    written: tuple[str, str, tuple[str, ...]], test_code: str, unit: str | None, findings: tuple[str, ...]
) -> list[Word]:
    """What a decision teaches: `written` are test, unit and findings of the rows, the rest is what they mean."""
    test, written_unit, said = written
    words = []
    if plain(test) != plain(test_code):
        words.append(Word("test", "", plain(test), test, test_code))
    if unit and plain(written_unit) not in {"", plain(unit)}:
        words.append(Word("unit", test_code, plain(written_unit), written_unit, unit))
    if findings and len(said) == 1:
        words.append(Word("finding", test_code, spelling(said[0]), said[0], ",".join(findings)))
    return words
