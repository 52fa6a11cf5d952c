"""Figures → the tables of a file (`tables.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import COUNTS, RATES
from services.reporting.formats.export_words import definitions, words
from services.reporting.formats.tables import HIDDEN, Coded, Column, Sort, Table, Value
from shared.problems import Language

Row = Mapping[str, Any]
_SHARES: Final[Mapping[str, tuple[str, str]]] = {
    "coverage": ("measured_children", "target_children"),
    "coverage_both": ("both_measured", "target_children"),
    "gained_share": ("gained", "gain_assessed"),
}  # beside the rates, which have an interval
_OF_COUNTS: Final = frozenset({"quality_grade", "flagged_share", "whole_cm_share"})  # go wherever a count is hidden


def figure_tables(data: Row, language: Language) -> list[Table]:
    """The tables of collected figures: summary, a table a level, puskesmas, trend, cascade, definitions."""
    told = words(language)
    tables = [_summary(data["summary"], told, language)]
    for level, rows in data["levels"].items():
        tables.append(_areas(level, rows, told, language))
    if data["puskesmas"]:
        tables.append(_areas("puskesmas", data["puskesmas"], told, language))
    tables += [_trend(data["trend"], told, language), _cascade(data["cascade"], told)]
    tables += [_indicators(data["indicators"], told, language), _doubts(data["doubts"], told, language)]
    tables.append(_definitions(told, language))
    return tables


def value_of(row: Row, key: str) -> Value:
    """A figure of a row; HIDDEN where it is a hidden count or rests on one."""
    value: Value = row.get(key)
    if value is not None:
        return value
    hidden = row.get("suppressed") or ()
    if not hidden:
        return None
    if key in _OF_COUNTS or key in hidden:
        return HIDDEN
    rests_on = _SHARES.get(key) or RATES.get(key.rpartition("_")[0]) or ()
    return HIDDEN if set(rests_on) & set(hidden) else None


def _label(row: Row, language: Language) -> Value:
    if "coverage_both" in row and value_of(row, "coverage_both") is HIDDEN:
        return HIDDEN
    return Coded(row["label"]["code"], row["label"][f"text_{language}"])


def _summary(row: Row, told: Mapping[str, str], language: Language) -> Table:
    columns = _columns(
        told,
        ("indicator", "text"), ("numerator", "count"), ("denominator", "count"), ("share", "share"), ("low", "share"),
        ("high", "share"), ("coverage_both", "share"), ("label", "text"), ("quality_grade", "text"),
    )  # fmt: skip
    about = (value_of(row, "coverage_both"), _label(row, language), value_of(row, "quality_grade"))
    rows: list[tuple[Value, ...]] = []
    for share, (above, below) in _SHARES.items():
        name = Coded(share, told[share])
        rows.append((name, value_of(row, above), value_of(row, below), value_of(row, share), None, None, *about))
    for rate, (above, below) in RATES.items():
        reach = (value_of(row, f"{rate}_{part}") for part in ("share", "low", "high"))
        rows.append((Coded(rate, told[rate]), value_of(row, above), value_of(row, below), *reach, *about))
    in_rates = {name for pair in (*_SHARES.values(), *RATES.values()) for name in pair}
    rows += [
        (Coded(name, told[name]), value_of(row, name), None, None, None, None, None, None, None)
        for name in COUNTS
        if name not in in_rates and not (name == "pending" and row[name] is None)
    ]
    return Table("summary", told["table_summary"], columns, tuple(rows))


def _figure_columns() -> list[tuple[str, Sort]]:
    found: list[tuple[str, Sort]] = [
        ("target_children", "count"), ("measured_children", "count"), ("coverage", "share"),
        ("both_measured", "count"), ("coverage_both", "share"), ("label", "text"), ("quality_grade", "text"),
    ]  # fmt: skip
    for rate, (above, below) in RATES.items():
        if not any(key == below for key, _ in found):
            found.append((below, "count"))
        if not any(key == above for key, _ in found):
            found.append((above, "count"))
        found += [(f"{rate}_{part}", "share") for part in ("share", "low", "high")]
    found += [(name, "count") for name in COUNTS if name != "pending" and not any(key == name for key, _ in found)]
    return [*found, ("gained_share", "share"), ("flagged_share", "share"), ("whole_cm_share", "share")]


def _heads(told: Mapping[str, str], columns: Iterable[tuple[str, Sort]]) -> tuple[Column, ...]:
    found = []
    for key, sort in columns:
        rate, _, part = key.rpartition("_")
        head = f"{told[rate]}: {told[part]}" if rate in RATES and part in {"share", "low", "high"} else told[key]
        found.append(Column(key, head, sort))
    return tuple(found)


def _columns(told: Mapping[str, str], *columns: tuple[str, Sort]) -> tuple[Column, ...]:
    return _heads(told, columns)


def _figures(row: Row, columns: Sequence[tuple[str, Sort]], language: Language) -> tuple[Value, ...]:
    return tuple(_label(row, language) if key == "label" else value_of(row, key) for key, _ in columns)


def _hidden_names(row: Row, told: Mapping[str, str]) -> str | None:
    names = row.get("suppressed") or ()
    return Coded(" ".join(names), ", ".join(told[name] for name in names)) if names else None


def _areas(level: str, rows: Sequence[Row], told: Mapping[str, str], language: Language) -> Table:
    figures = _figure_columns()
    columns = _columns(
        told, ("code", "code"), ("name", "text"), ("parent_name", "text"), ("official_target", "count"), *figures,
        ("stunted_shrunk", "share"), ("stunted_standing", "text"), ("suppressed", "text"),
    )  # fmt: skip
    return Table(
        level,
        told[f"table_{level}"],
        columns,
        tuple(
            (
                None if row["code"] == UNMAPPED else row["code"],
                row["name"],
                row["parent_name"],
                row["official_target"],
                *_figures(row, figures, language),
                *_standing(row, told),
                _hidden_names(row, told),
            )
            for row in rows
        ),
    )


def _standing(row: Row, told: Mapping[str, str]) -> tuple[Value, Value]:
    """The shrunk rate of stunted children, and whether the area stands out among its siblings; not of puskesmas."""
    if "shrunk" not in row:
        return None, None
    shrunk, standing = row["shrunk"]["stunted"], row["standing"]["stunted"]
    return None if shrunk is None else shrunk["rate"], None if standing is None else Coded(standing, told[standing])


def _trend(points: Sequence[Row], told: Mapping[str, str], language: Language) -> Table:
    figures = _figure_columns()
    columns = _columns(told, ("period", "code"), *figures, ("suppressed", "text"))
    rows = tuple((point["period"], *_figures(point, figures, language), _hidden_names(point, told)) for point in points)
    return Table("trend", told["table_trend"], columns, rows)


def _cascade(cascade: Row, told: Mapping[str, str]) -> Table:
    columns = _columns(
        told, ("step", "text"), ("count", "count"), ("share_of_suspected", "share"), ("median_days", "count")
    )
    hidden = set(cascade.get("suppressed") or ())
    rows = []
    for step in cascade["steps"]:
        name = "measured_children" if step["step"] == "measured" else step["step"]
        gone = bool(hidden & {name, "suspected"}) and step["step"] != "measured"
        share = HIDDEN if gone and step["share"] is None else step["share"]
        count = HIDDEN if name in hidden else step["count"]
        rows.append((Coded(step["step"], told[name]), count, share, HIDDEN if gone else step["median_days"]))
    return Table("cascade", told["table_cascade"], columns, tuple(rows))


def _indicators(indicators: Sequence[Row], told: Mapping[str, str], language: Language) -> Table:
    """Each by its own rule over the months; a mean of months need not be a whole number."""
    columns = _columns(
        told, ("code", "code"), ("indicator", "text"), ("numerator", "score"), ("denominator", "score"),
        ("share", "share"), ("low", "share"), ("high", "share"), ("reason", "text"), ("coverage_both", "share"),
        ("quality_grade", "text"),
    )  # fmt: skip
    rows = []
    for one in indicators:
        values = (one[name] for name in ("numerator", "denominator", "share", "low", "high"))
        shown = tuple(HIDDEN if one["suppressed"] and value is None else value for value in values)
        reason = one["reason"][f"text_{language}"] if one["reason"] is not None else None
        about = (reason, one["coverage_both"], one["quality_grade"])
        rows.append((one["code"], one[f"name_{language}"], *shown, *about))
    return Table("indicators", told["table_indicators"], columns, tuple(rows))


def _doubts(doubts: Sequence[Row], told: Mapping[str, str], language: Language) -> Table:
    """What makes measurements doubtful, and what to do next; known to those who see exact figures."""
    columns = _columns(
        told,
        ("finding", "text"),
        ("quality_grade", "text"),
        ("posyandu", "count"),
        ("count", "count"),
        ("next", "text"),
    )
    rows = tuple(
        (one[f"text_{language}"], one["grade"], one.get("posyandu"), one.get("children"), one[f"next_{language}"])
        for one in doubts
    )
    return Table("doubts", told["table_doubts"], columns, rows)


def _definitions(told: Mapping[str, str], language: Language) -> Table:
    columns = _columns(told, ("term", "text"), ("meaning", "text"))
    rows = tuple((told[term], text_id if language == "id" else text_en) for term, text_id, text_en in definitions())
    return Table("definitions", told["table_definitions"], columns, rows)


def children_table(rows: Sequence[Row], language: Language) -> Table:
    """A work list: ids and judgements, never who the child is."""
    told = words(language)
    columns = _columns(
        told,
        ("child_id", "code"), ("sex", "text"), ("age_months", "count"), ("desa_code", "code"),
        ("posyandu_code", "code"), ("tier", "text"), ("priority", "text"), ("reasons", "count"),
        ("measured_on", "date"), ("haz", "score"), ("waz", "score"), ("whz", "score"), ("baz", "score"),
    )  # fmt: skip
    listed = tuple(
        (
            str(row["child_id"]),
            Coded(row["sex"], told[f"sex_{row['sex']}"]) if row["sex"] else None,
            row["age_months"],
            row["desa_code"],
            row["posyandu_code"],
            Coded(row["tier"], told[f"tier_{row['tier']}"]),
            Coded("true", told["yes"]) if row["priority"] else Coded("false", told["no"]),
            *(row[name] for name in ("reasons", "measured_on", "haz", "waz", "whz", "baz")),
        )
        for row in rows
    )
    return Table("children", told["table_children"], columns, listed)
