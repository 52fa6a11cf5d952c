"""Who may import whom (.importlinter): the contracts hold, and each one fails when its rule is broken."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"
CONTRACT = "importlinter:contract:"

# Contract → a file that breaks it. Every contract has at least one.
VIOLATIONS = [
    ("services-are-strangers", "services/lab/use_cases/planted.py", "import services.scoring.app"),
    ("services-are-strangers", "services/reporting/domain/planted.py", "import services.scoring.domain.ages"),
    ("shared-knows-no-service", "shared/ledger/planted.py", "from services.lab.store import holding"),
    ("shared-knows-no-service", "shared/planted.py", "import deploy.local.stack"),
    ("services-know-no-deployment", "services/lab/planted.py", "import deploy.local.stack"),
    ("rooms", "services/scoring/domain/planted.py", "import services.scoring.store.evidence"),
    ("rooms", "services/lab/store/planted.py", "import services.lab.use_cases.hold_facts"),
    ("rooms", "services/lab/use_cases/planted.py", "import services.lab.consumers.facts"),
    ("rooms", "services/scoring/consumers/planted.py", "import services.scoring.http.children"),
    ("rooms", "services/measurement/formats/planted.py", "import services.measurement.store.vault"),
    ("rooms", "services/lab/utils.py", ""),
    ("domain-is-pure", "services/measurement/domain/planted.py", "import asyncpg"),
    ("domain-is-pure", "services/reporting/domain/planted.py", "from shared.postgres import pool"),
    ("domain-is-pure", "services/scoring/domain/planted.py", "import time"),
    ("growth-is-arithmetic", "shared/growth/planted.py", "import shared.postgres.pool"),
    ("formats-are-bytes-and-rows", "services/measurement/formats/planted.py", "import shared.postgres.pool"),
    ("store-is-sql", "services/lab/store/planted.py", "import shared.messaging.kafka"),
    ("use-cases-know-no-edge", "services/measurement/use_cases/planted.py", "import services.measurement.formats.rows"),
    ("use-cases-know-no-edge", "services/lab/use_cases/planted.py", "import fastapi"),
    ("consumers-are-a-door", "services/lab/consumers/planted.py", "import shared.http.app"),
    ("contracts-know-nobody", "shared/contracts/planted.py", "import shared.postgres.pool"),
]


def contracts() -> dict[str, str]:
    """Contract → the name that a report gives it."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / ".importlinter", encoding="utf-8")
    return {
        name.removeprefix(CONTRACT): config[name]["name"] for name in config.sections() if name.startswith(CONTRACT)
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files of the checkout, to break rules in."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("services", "shared", "deploy"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=_only_python)
    shutil.copy(CHECKOUT / ".importlinter", root)
    return root


def _only_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


def lint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the linter of our own environment
        [LINT_IMPORTS, "--no-cache", *arguments], cwd=root, capture_output=True, text=True, check=False
    )


def test_every_contract_holds_in_the_tree(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


def test_no_contract_is_without_a_proof_that_it_can_fail() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} == set(contracts())


@pytest.fixture(scope="module")
def broken(copy: Path) -> dict[str, str]:
    """What the linter says of each contract with all violations planted at once; contract → its part of the report."""
    planted = [copy / _planted(number) for number in range(len(VIOLATIONS))]
    for path, (_, _, line) in zip(planted, VIOLATIONS, strict=True):
        path.write_text(f'"""Planted."""\n{line}\n', encoding="utf-8")
    try:
        report = lint(copy).stdout.partition("Broken contracts")[2]
    finally:
        for path in planted:
            path.unlink()
    names = {name: contract for contract, name in contracts().items()}
    parts = re.split(rf"^({'|'.join(map(re.escape, names))})\n-+\n", report, flags=re.MULTILINE)[1:]
    return {names[name]: part for name, part in zip(parts[::2], parts[1::2], strict=True)}


def _planted(number: int) -> str:
    return VIOLATIONS[number][1].replace("planted", f"planted_{number}")


@pytest.mark.parametrize("number", range(len(VIOLATIONS)), ids=[f"{name}-{file}" for name, file, _ in VIOLATIONS])
def test_a_broken_rule_is_named(broken: dict[str, str], number: int) -> None:
    module = _planted(number).removesuffix(".py").replace("/", ".")
    assert re.search(rf"{re.escape(module)}\b|\b{module.rpartition('.')[2]}\b", broken[VIOLATIONS[number][0]])
