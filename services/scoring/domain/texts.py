"""Words for codes, in Bahasa Indonesia and English: what the `texts*.toml` hold.

A code without a word is shown as it is: rule sets and laboratories grow faster than texts, and an explanation with one
raw code in it is better than none. A test compares the files with the codes of the rule set and of the code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.problems import Language

FILES: Final = (
    "texts.toml",
    "texts_growth.toml",
    "texts_lab.toml",
    "texts_hints.toml",
    "texts_risk.toml",
    "texts_interventions.toml",
)
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # group → code → language


@cache
def texts() -> Texts:
    """All texts; a group may be spread over several files, a code may not."""
    groups: dict[str, dict[str, dict[str, str]]] = {}
    for name in FILES:
        data: dict[str, Any] = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
        for group, entries in data.items():
            known = groups.setdefault(group, {})
            if twice := known.keys() & entries.keys():
                raise ValueError(f"{name}: [{group}] says again what was said: {sorted(twice)}")
            known.update(entries)
    return groups


class Words:
    """The texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = texts()

    def knows(self, group: str, code: str) -> bool:
        """Whether there is a text for the code."""
        return code in self._texts[group]

    def say(self, group: str, code: str, /, **parts: object) -> str:
        """The text with its parts filled in; the code itself where there is none. KeyError for a part not given."""
        entry = self._texts[group].get(code)
        return code if entry is None else entry[self.language].format_map(parts)

    def name(self, code: str, *groups: str) -> str:
        """The text of the code in the first group that has one; the code itself otherwise."""
        return next((self.say(group, code) for group in groups if self.knows(group, code)), code)

    def begin(self, code: str, *groups: str) -> str:
        """As `name`, with a capital in front: it begins a sentence. A raw code stays as it is."""
        text = self.name(code, *groups)
        return text if text == code else text[:1].upper() + text[1:]

    def glossary(self, text: str) -> list[tuple[str, str]]:
        """(word, what it means) for every word of the trade that occurs in `text`."""
        spoken = set("".join(char if char.isalnum() else " " for char in text).split())
        spoken |= {word.lower() for word in spoken}
        return [
            (word, self.say("glossary", word))
            for word in self._texts["glossary"]
            if word in spoken and not (word == "T" and "2T" in spoken)
        ]
