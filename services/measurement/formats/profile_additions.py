"""What a district adds to the shipped profiles: heads, words, a kind of export, which date order it writes.

A head has one meaning in every file, so additions are merged into one catalogue; an added profile is what a file is
called that uses one of its heads, or whose required fields are there where no shipped profile fits.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from services.measurement.domain.file_row import FileRow
from services.measurement.formats.profiles import Catalogue, build_catalogue, comparable

_SHIPPED: Final = Path(__file__).with_name("eppgbm.toml")
DATE_ORDERS: Final = ("D/M/Y", "M/D/Y")
Addition = Mapping[str, Any]  # name, title, heads, words, needs, lacks, date_order


class AdditionProblem(NamedTuple):
    """What is wrong with an addition: where, and with which word or field."""

    code: Literal["unknown_field", "unknown_meaning", "alias_clash", "nothing_required", "effective_in_past"]
    field: str
    value: str
    other: str = ""  # the meaning that a word has already, or what may be named instead


@cache
def shipped() -> Mapping[str, Any]:
    """The tables of `eppgbm.toml`: version 1 of every profile in it."""
    return tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))


def catalogue_with(additions: Sequence[Addition]) -> Catalogue:
    """The shipped catalogue with additions. ValueError where they contradict it (`problems_of` says how)."""
    return _built(orjson.dumps(list(additions)))


@lru_cache(maxsize=8)
def _built(additions: bytes) -> Catalogue:
    source = copy.deepcopy(dict(shipped()))
    hints: dict[str, Any] = {}
    for addition in orjson.loads(additions):
        for field, heads in addition["heads"].items():
            source["heads"].setdefault(field, []).extend(heads)
            if addition["date_order"] is not None:
                hints |= {comparable(head): addition["date_order"] for head in heads}
        for field, meanings in addition["words"].items():
            for meaning, spellings in meanings.items():
                source["words"].setdefault(field, {}).setdefault(meaning, []).extend(spellings)
        entry = {
            "code": addition["name"],
            "name": addition["title"],
            "needs": addition["needs"],
            "lacks": addition["lacks"],
        }
        at = next((n for n, known in enumerate(source["profiles"]) if known["code"] == entry["code"]), None)
        if at is None:
            source["profiles"].append(entry)
        else:
            source["profiles"][at] = {**source["profiles"][at], **entry}
    return build_catalogue(source, date_hints=hints)


def profile_used(diagnosed: str | None, heads: Sequence[str], additions: Sequence[Addition]) -> str | None:
    """The name of a file's profile: an added one whose own head it has, else the one that was `diagnosed`."""
    there = {comparable(head) for head in heads}
    named = [
        addition["name"]
        for addition in additions
        if there & {comparable(head) for own in addition["heads"].values() for head in own}
    ]
    return named[0] if diagnosed is not None and named and diagnosed not in named else diagnosed


def problems_of(addition: Addition, others: Sequence[Addition]) -> list[AdditionProblem]:
    """Everything wrong with an addition beside the shipped catalogue and `others`, at once."""
    known = set(FileRow._fields) - {"row_number"}
    problems = [
        AdditionProblem("unknown_field", f"{part}.{name}" if part in {"heads", "words"} else part, name, "")
        for part in ("heads", "words", "needs", "lacks")
        for name in addition[part]
        if name not in known
    ]
    if not addition["needs"]:
        problems.append(AdditionProblem("nothing_required", "needs", ""))
    base = catalogue_with(others)
    heads = [(field, head) for field, own in addition["heads"].items() if field in known for head in own]
    problems += _clashes("heads", heads, {**base.aside, **base.heads})
    for field, meanings in addition["words"].items():
        if field not in known:
            continue
        words = base.words.get(field)
        if words is None:
            problems.append(AdditionProblem("unknown_field", f"words.{field}", field, ", ".join(sorted(base.words))))
            continue
        allowed = sorted(set(words.values()))
        problems += [
            AdditionProblem("unknown_meaning", f"words.{field}.{meaning}", meaning, ", ".join(allowed))
            for meaning in meanings
            if meaning not in allowed
        ]
        pairs = [(meaning, spelling) for meaning, own in meanings.items() for spelling in own]
        problems += _clashes(f"words.{field}", pairs, words)
    return problems


def _clashes(part: str, pairs: Sequence[tuple[str, str]], known: Mapping[str, str]) -> list[AdditionProblem]:
    """Words that mean something else already, there or in the addition itself."""
    seen = dict(known)
    found = []
    for meaning, word in pairs:
        other = seen.setdefault(comparable(word), meaning)
        if other != meaning:
            found.append(AdditionProblem("alias_clash", f"{part}.{meaning}", word, other))
    return found
