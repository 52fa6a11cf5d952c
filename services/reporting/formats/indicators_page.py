"""The indicators as a page for people: what each means, of whom, by which rule, from where.

`python -m services.reporting.formats.indicators_page > docs/indicators.md` writes it; `--check FILE` compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from services.reporting.domain.indicator_set import ActKind, Count, Indicator, IndicatorSet
from services.reporting.domain.read_indicators import load

STATUS: Final = {"S": "read in the source", "S2": "secondary source", "P": "provisional, unconfirmed"}
RULES: Final = {
    "latest_of_child": "each child once, by its latest state in the period",
    "mean_of_months": "the mean of the months' counts; a share is the sum over the sum",
    "cumulative": "counted from January on; the value of the last month",
    "sum": "the sum of the months",
    "point_in_time": "the value of the last month, or of the last month of a round",
}
BETTER: Final = {True: "higher", False: "lower", None: ""}
INTRODUCTION: Final = """\
Made from `services/reporting/domain/indicators/` by `python -m services.reporting.formats.indicators_page`; not edited
by hand. `GET /v1/indicators?on=` serves the same, `GET /v1/areas/{code}/indicators?period=&as_of=&codes=` the values:
each with numerator, denominator, 95 % interval, the coverage it rests on, label, quality grade, and the reason where
there is no value. Coverage, label and grade are of all children of the area over the months that the value looks at
(`periods`): of several months the sum over the sum, and the worst grade. A definition holds from a day on; an older
period keeps the one of its last day. Outside the district values are those of the period's release, and of its months'
releases where the rule looks at months; what is not released has only S and D. Who was due and not reached:
`GET /v1/areas/{code}/missing?service=&period=`."""


def page(known: IndicatorSet) -> str:
    """The page of a set of indicators."""
    states = "; ".join(f"**{code}** {words}" for code, words in STATUS.items())
    rules = "\n".join(f"- `{rule}`: {words}." for rule, words in RULES.items())
    parts = [
        "# Indicators",
        INTRODUCTION,
        f"Status: {states}. What a quarter, semester or year says of its months:\n\n{rules}",
    ]
    parts.append(
        _table(
            "indicator | Indonesia | English | counted | rule | better | from | source | status",
            map(_row, known.indicators),
        )
    )
    parts.append(
        "## What may be said of a child\n\n" + _table("act | what counts | ages | when", map(_act, known.acts))
    )
    lists = (f"`{one.name}` | {one.title['id']} | {one.title['en']} | {_counted(one.count)}" for one in known.lists)
    parts.append("## Who did not come\n\n" + _table("service | Indonesia | English | due, and not counted", lists))
    return "\n\n".join(parts) + "\n"


def _table(head: str, rows: Iterator[str]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", f"|{' --- |' * columns}", *(f"| {row} |" for row in rows)])


def _row(one: Indicator) -> str:
    since = f"{one.since}" if one.until is None else f"{one.since} to before {one.until}"
    cells = [f"`{one.code}`", *(f"**{one.name[word]}**<br>{one.definition[word]}" for word in ("id", "en"))]
    cells += [_counted(one.count), f"`{one.rule}`", BETTER[one.higher_is_better], since, one.source]
    return " | ".join([*cells, f"{one.status}: {STATUS[one.status]}"])


def _counted(count: Count) -> str:
    if count.kind == "not_recorded":
        return "not recorded"
    if count.kind == "figures":
        of = f" of `{count.denominator}`" if count.denominator else ""
        return f"`{count.numerator}`{of}" + (", 0-23 months" if count.under_two else "")
    due = [f"{count.age_from}-{count.age_before - 1} months"]
    due += [f"`{flag}`" for flag in count.among]
    if count.among_one_of:
        due.append(" or ".join(f"`{flag}`" for flag in count.among_one_of))
    has = [f"`{flag}`" for flag in count.counted] + [f"no `{flag}`" for flag in count.without]
    when = "" if count.window == "month" else ", since January"
    rounds = f", in months {' and '.join(map(str, count.round_months))}" if count.round_months else ""
    known = f"; nothing while `{'`, `'.join(count.known_by)}` is nobody" if count.known_by else ""
    return f"{', '.join(has)} of {', '.join(due)}{when}{rounds}{known}"


def _act(act: ActKind) -> str:
    what = f"{'every one' if act.all_of else 'any'} of {', '.join(f'`{subject}`' for subject in act.subjects)}"
    if act.or_one_of:
        what += f", or {', '.join(f'`{subject}`' for subject in act.or_one_of)}"
    ages = "<br>".join(f"{dose}: {first}-{before - 1} months" for dose, (first, before) in act.doses.items())
    return f"`{act.name}` | `{act.type}`: {what} | {ages} | {'ever' if act.lifetime else 'in the months counted'}"


def main(arguments: Sequence[str]) -> int:
    """Writes the page; with `--check FILE` 1 if the file says something else."""
    told = page(load())
    if arguments[:1] != ["--check"]:
        sys.stdout.write(told)
        return 0
    if Path(arguments[1]).read_text(encoding="utf-8") == told:
        return 0
    sys.stderr.write(
        f"{arguments[1]} is stale: python -m services.reporting.formats.indicators_page > {arguments[1]}\n"
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
