"""The rules of data quality as a page for people: every reason with its limits, test, source and what to do next.

`python -m services.reporting.formats.quality_page > docs/data-quality.md` writes it; a test compares the two.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from services.reporting.domain.quality_ruleset import ACTIVE, FOLDER, read

STATUS: Final = {"S": "read in the source", "S2": "secondary source", "P": "provisional, unconfirmed"}
INTRODUCTION: Final = """\
Made from the rules by `python -m services.reporting.formats.quality_page`; not edited by hand. Each posyandu and month
is judged by its visits, those of the month before, and what the posyandu of its kecamatan add up to; again after each
change. A reason stands where its value is beyond a limit **and** an exact test finds that chance does not explain it.
The grade of a posyandu-month is that of its worst reason. Fewer than {fewest} children without any reason are **not
judged**: too few to judge is no good grade. An area has the worst of three: the best grade that {share:.0%} of the
children in judged posyandu reach or exceed; that of what **all its children together** show, small posyandu included,
by the reasons marked "and pooled"; that of its coverage (A from {cover[0]:.0%}, B from {cover[1]:.0%}, C from
{cover[2]:.0%}). Fewer than {fewest} children of whom nothing is judged have no grade. An answer tells how many children
and posyandu-months are judged and how many are not.

An alert is raised from the grade named, for a month that ended at most {days} days ago, once per posyandu and reason
while one is open. People acknowledge it, tell what they did, and close it with what shows that it may be closed; what
still stands when it is closed is raised again by a later month only, and names the former alert.

`GET /v1/areas/{{code}}/quality?as_of=` tells what was judged by the end of that day, by the rules of that day (`basis`
= `judgements`), and so does a published report, for good; measures are of now only. Of days before judgements were kept
the grade is by coverage, flagged scores and whole centimetres alone (`basis` = `versions`)."""
TESTED: Final = """\
## How often it is wrong, how often right

False alarms are held below {rate:.0%} of posyandu-months over all {count} reasons together: p of a single one must be
below {alpha:.2g}, however many posyandu there are. `tests/unit/reporting/test_quality_simulation.py` plants each fault
in every ninth posyandu of the simulated district (450 posyandu, 50 children each, heights to 0.1 cm, weights to 0.1 kg)
and counts among posyandu with at least 20 children, in the first month of the fault (no stunted child: in the third):

| planted | reason | found | asked by the test |
| --- | --- | --- | --- |
| nothing (2,285 posyandu-months) | any | 1 (0.04 %) | at most 1 % |
| scale 0.4 kg heavy | `scale_bias` | 50 of 51 | 90 % |
| scale 0.3 kg heavy | `scale_bias` | 39 of 51 | 60 % |
| half of the values copied from the last visit | `copied` | 51 of 51 | 90 % |
| 30 % of the values copied from the last visit | `copied` | 46 of 51 | 70 % |
| half of the children with another child's values | `identical` | 50 of 51 | 90 % |
| every stunted child written as normal | `improbable_zero` | 32 of 51 | 45 % |
| heights in whole centimetres | `whole_cm` | 51 of 51 | 95 % |

A small posyandu can have no stunted child by chance, so the last but one is found where there are enough children.
These are figures of simulated children whose posyandu differ less than real ones may: the limits are provisional."""
HEAD: Final = (
    "| reason | limits for B, C, D | expected | at least | alert from, closes by itself | what to do next | source |"
)

RULE: Final = "| --- | --- | --- | --- | --- | --- | --- |"


def page(content: bytes) -> str:
    """The page of rules (TOML). QualityRulesError when they are broken."""
    rules, data = read(content), tomllib.loads(content.decode())
    introduction = INTRODUCTION.format(
        share=rules.area_share, cover=rules.coverage_at_least, days=rules.alert_days, fewest=rules.judged_from
    )
    rows = "\n".join(_row(code, table, data["sources"]) for code, table in data["reason"].items())
    tested = TESTED.format(rate=rules.alpha * len(rules.reasons), count=len(rules.reasons), alpha=rules.alpha)
    chances = "\n".join(
        f"- {words}: " + ", ".join(f"{name} {value:g}" for name, value in table.items())
        for words, table in (
            ("A child has both values of its last visit again", rules.same_values),
            ("Two children of a posyandu-day have both values in common", rules.same_pair),
        )
    )
    return (
        "\n\n".join(
            (
                f"# Data quality, rules {rules.version}",
                introduction,
                f"## Reasons\n\n{HEAD}\n{RULE}\n{rows}",
                f"Chances by the steps of scale and board (kg, cm: tenth, half, whole), all provisional:\n\n{chances}",
                tested,
            )
        )
        + "\n"
    )


def _row(code: str, table: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    limits = ", ".join(f"{limit:g}" for limit in table.get("limits", ())) or "by the test alone"
    good = table.get("good_months", 0)
    alert = table.get("alert_from")
    closes = f"{alert}; " + (f"after {good} good months" if good else "only by a person") if alert else "no alert"
    expected = f"{table['expected']:g}" if "expected" in table else "by steps"
    source = f"{sources[table['source']]} ({STATUS[table['status']]})"
    what = f"`{code}`: {table['text']['en']}"
    fewest = f"{table['fewest']}{', and pooled' if table.get('pooled') else ''}"
    return f"| {what} | {limits} | {expected} | {fewest} | {closes} | {table['next']['en']} | {source} |"


if __name__ == "__main__":
    sys.stdout.write(page((FOLDER / f"{ACTIVE}.toml").read_bytes()))
