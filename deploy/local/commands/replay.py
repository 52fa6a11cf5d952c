"""Judge all history by another rule set, see what would change, then switch it on or drop it.

./tumbuh replay --ruleset FILE             judge everything beside what is live; nothing live changes
./tumbuh replay --ruleset FILE --switch    the same (or what was replayed before), verified, then in force
./tumbuh replay --drop                     forget what was replayed

FILE is a rule set in TOML, or the version of one that is kept. Exit 1: not switched, because the shares of the tiers
lie outside the limits of the rule set, or because the new judgements are not those of the facts. Exit 3: a broken rule
set, with every problem named.
"""

from __future__ import annotations

import argparse
import getpass
import json
from pathlib import Path
from typing import Any, Final

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import running_stack, through_door
from deploy.local.errors import CommandError, MissingError

Json = dict[str, Any]
OF_DOOR: Final = (0, 1, 2, 3)
REFUSED: Final = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--ruleset FILE [--switch|--drop] [--json]`."""
    parser.add_argument("--ruleset", metavar="FILE", help="a rule set in TOML, or a version that is kept")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--switch", action="store_true", help="let it judge from now on, if it may")
    what.add_argument("--drop", action="store_true", help="forget what was replayed")
    parser.add_argument("--json", action="store_true", help="the whole answer on one line")


def run(arguments: argparse.Namespace) -> int:
    """Ask the service's own door."""
    if arguments.ruleset is None and not arguments.drop:
        raise MissingError("say which rule set: --ruleset FILE")
    words = ["--by", getpass.getuser()]
    if arguments.ruleset is not None:
        path = Path(arguments.ruleset)
        words += ["--ruleset", str(path.resolve()) if path.is_file() else arguments.ruleset]
    words += [f"--{name}" for name in ("switch", "drop") if getattr(arguments, name)]
    stack = running_stack(default_data_dir())
    code, answer = _answer(through_door(stack, "scoring", "replay", *words, codes=OF_DOOR))
    if "error" in answer:
        raise MissingError(answer["error"])
    print(json.dumps(answer) if arguments.json else "\n".join(told(answer)))
    return code


def _answer(printed: str) -> tuple[int, Json]:
    try:
        answer: Json = json.loads(printed)
    except ValueError:
        raise CommandError("scoring replay gave no answer (its log says why)") from None
    if "problems" in answer:
        return REFUSED, answer
    return (1 if answer.get("refused") else 0), answer


def told(answer: Json) -> list[str]:
    """The answer in lines for people."""
    if "problems" in answer:
        return ["this rule set cannot be used:", *(f"  {problem}" for problem in answer["problems"])]
    if "dropped" in answer:
        return ["dropped" if answer["dropped"] else "nothing was replayed"]
    head = (
        f"rule set {answer['version']} beside {answer['against']}: {answer['children']} children, "
        f"{answer['measurements']} measurements, hash {answer['hash']}"
    )
    changed = (
        f"  another verdict: {answer['children_changed']} children ({answer['raised']} to a higher tier, "
        f"{answer['lowered']} to a lower one), {answer['assessments_changed']} measurements"
    )
    lines = [head, changed, *_shares(answer["tier_shares"])]
    if "refused" in answer:
        return lines + _switched(answer)
    lines += [f"  {_tier(move['was_tier'])} → {_tier(move['tier'])}: {move['children']}" for move in answer["moves"]]
    lines += [f"  reason {each['reason']}: +{each['gained']} -{each['lost']}" for each in answer["reasons"]]
    lines += [_month(each) for each in answer["orders_by_month"][-12:]]
    lines += [_desa(each) for each in answer["by_desa"] if each["statuses_changed"]]
    return [*lines, f"by child: GET /v1/rulesets/replays/{answer['replay_id']}/by-child; then --switch or --drop"]


def _switched(answer: Json) -> list[str]:
    verified = answer["verified"]
    lines = [f"  verified: {verified['checked']} families judged again, {verified['differences']} differences"]
    if answer["refused"]:
        return [*lines, f"NOT switched: {', '.join(answer['refused'])}; what judged before goes on"]
    return [*lines, f"{answer['version']} judges since {answer['switched_at']}; changed verdicts are being published"]


def _shares(shares: Json) -> list[str]:
    return [
        f"  {each['tier']}: {each['children']} of {shares['judged']} ({_percent(each['share'])}), {each['state']}"
        for each in shares["tiers"]
    ]


def _month(each: Json) -> str:
    return (
        f"  {each['month']}: {each['cases_before']} → {each['cases']} cases, "
        f"{each['tests_before']} → {each['tests']} tests of the panel"
    )


def _desa(each: Json) -> str:
    return (
        f"  desa {each['desa_code'] or '?'}: {each['statuses_changed']} of {each['children']} children, "
        f"suspected {each['was_suspected']} → {each['suspected']}, urgent {each['was_urgent']} → {each['urgent']}"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _tier(tier: str | None) -> str:
    return tier or "no verdict"
