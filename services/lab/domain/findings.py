"""What a qualitative test finds: a closed list of codes, and the many ways laboratories write them.

`read_findings` is the one way from text or code to finding, for every door. A word that is none of the test's is never
dropped and never guessed: it is told back, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.units import plain

SEPARATORS: Final = re.compile(r"[,;/\n]|\s\+\s|\s(?:dan|and|&)\s", re.IGNORECASE)
IGNORED: Final = str.maketrans("", "", "().:'\"_")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a test may find. `alone`: it excludes every other (nothing seen, not readable)."""

    code: str
    name_id: str
    name_en: str
    aliases: tuple[str, ...] = ()
    alone: bool = False
    spellings: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = (self.code, self.name_id, self.name_en, *self.aliases)
        object.__setattr__(self, "spellings", frozenset(map(spelling, names)))


def spelling(text: str) -> str:
    """A word as it is compared: no blanks, case, brackets or full stops; signs (`+`, `-`) count."""
    return plain(text).translate(IGNORED)


def finding_of(known: Sequence[Finding], text: str) -> Finding | None:
    """The finding that `text` (a code, a name or an alias) means."""
    written = spelling(text)
    return next((finding for finding in known if written in finding.spellings), None)


def read_findings(known: Sequence[Finding], said: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of what was `said`, in the test's order and each once, and the words that are none of its findings.

    One text may name several: `Ascaris, Trichuris`, `Giardia dan Ascaris`.
    """
    found: set[str] = set()
    strange: list[str] = []
    for text in said:
        whole = finding_of(known, text)
        parts = [text] if whole else [part for part in SEPARATORS.split(text) if part.strip()] or [text]
        for part in parts:
            finding = finding_of(known, part)
            if finding is None:
                strange.append(part.strip())
            else:
                found.add(finding.code)
    return tuple(finding.code for finding in known if finding.code in found), tuple(dict.fromkeys(strange))


def understood(known: Sequence[Finding], ways: Sequence[str]) -> str:
    """Of several ways in which one thing is said (code, display, text) the first that is understood, else the first."""
    return next((way for way in ways if not read_findings(known, [way])[1]), ways[0])


def contradiction(known: Sequence[Finding], codes: Sequence[str], *, several: bool) -> bool:
    """Whether the codes cannot be true together."""
    alone = {finding.code for finding in known if finding.alone}
    return len(codes) > 1 and (not several or bool(alone & set(codes)))


def finding_problems(known: Sequence[Finding]) -> Iterator[ResultProblem]:
    """What is wrong with a list of findings of the catalogue."""
    written = [word for finding in known for word in finding.spellings]
    if len(set(written)) < len(written):
        yield ResultProblem("findings_alike", "findings")
    if len({finding.code for finding in known}) < len(known):
        yield ResultProblem("findings_one_code", "findings")
