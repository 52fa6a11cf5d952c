"""What holds for the tree as a whole: packages say what they are, nothing of a builder's machine is in it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
TEXT = {".py", ".md", ".toml", ".txt", ".lock", ".yml", ".yaml", ".json", ".sql", ".sh", ".css", ".js", ".html", ".xml"}
NAMELESS = {"tumbuh", "Dockerfile", "NOTICE", "LICENSE", ".importlinter", ".gitignore", ".dockerignore", "run"}
MADE = {name.strip("/") for name in (CHECKOUT / ".gitignore").read_text(encoding="utf-8").split()}
# Spelt apart, so that this file does not find itself.
MACHINE = re.compile("|".join(["/wo" + r"rk/\w", "/ho" + r"me/(?!tumbuh)\w", "index-" + "url"]))
HOSTS = re.compile(
    "|".join([r"\bregistry\." + r"\w+\.\w+", r"\bpy" + r"pi\.org", "python" + "hosted", r"repo1?\." + "maven"])
)


def tracked() -> list[Path]:
    """What is in the repository; where only its files came along, all that nothing has made since."""
    git = shutil.which("git")
    if git is None or not (CHECKOUT / ".git").exists():
        files = (file for file in CHECKOUT.rglob("*") if file.is_file())
        return [file for file in files if not MADE.intersection(file.relative_to(CHECKOUT).parts)]
    done = subprocess.run([git, "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    return [CHECKOUT / name for name in done.stdout.split("\0") if name and (CHECKOUT / name).exists()]


def texts() -> list[Path]:
    return [file for file in tracked() if file.suffix in TEXT or file.name in NAMELESS]


def test_no_text_names_a_machine_path_or_a_package_host() -> None:
    found = []
    for file in texts():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINE.search(line) or HOSTS.search(line):
                found.append(f"{file.relative_to(CHECKOUT)}:{number}")
    assert found == []


@pytest.mark.parametrize("line", ["--index-" + "url https://x", "cd /wo" + "rk/main", "https://registry." + "npm.org"])
def test_a_planted_machine_path_is_seen(line: str) -> None:
    assert MACHINE.search(line) or HOSTS.search(line)


def test_every_package_folder_says_what_it_is() -> None:
    """Its `__init__.py` holds a docstring; only `shared.*` and data folders may hold more."""
    folders = {file.parent for file in tracked() if file.suffix == ".py"}
    silent = []
    for folder in sorted(folders):
        path = folder.relative_to(CHECKOUT)
        if path.parts and path.parts[0] in {"services", "shared", "deploy"}:
            start = folder / "__init__.py"
            if not start.exists() or not start.read_text(encoding="utf-8").startswith('"""'):
                silent.append(str(path))
    assert silent == []


def test_the_root_is_no_package() -> None:
    assert not (CHECKOUT / "__init__.py").exists()


def test_migrations_of_a_service_have_different_numbers_and_names() -> None:
    """They run in the order of their names, and a number given twice would run in the order of chance."""
    doubled = []
    for folder in [CHECKOUT / "shared" / "postgres" / "migrations", *CHECKOUT.glob("services/*/store/migrations")]:
        files = sorted(file.name for file in folder.glob("*.sql"))
        numbers = [name.partition("_")[0] for name in files]
        assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in files), files
        doubled += [f"{folder.name}: {number}" for number in set(numbers) if numbers.count(number) > 1]
    assert doubled == []


def test_a_shared_table_is_made_once_and_by_no_service() -> None:
    made = re.compile(r"CREATE TABLE (\w+)")
    shared = (CHECKOUT / "shared" / "postgres" / "migrations").glob("*.sql")
    ours = {name for file in shared for name in made.findall(file.read_text(encoding="utf-8"))}
    for folder in CHECKOUT.glob("services/*/store/migrations"):
        names = [name for file in folder.glob("*.sql") for name in made.findall(file.read_text(encoding="utf-8"))]
        assert len(names) == len(set(names)), folder
        assert not ours & set(names), folder


def test_the_compose_file_fits_its_schema() -> None:
    check = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(  # noqa: S603 - a checker of our own environment
        [check, "--builtin-schema", "vendor.compose-spec", CHECKOUT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_secret_of_the_compose_file_is_in_the_example_and_none_has_a_value() -> None:
    wanted = re.findall(r"\$\{(\w+)(:\?)?\}", (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert all(refuses_to_start_without for _, refuses_to_start_without in wanted)
    example = (CHECKOUT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    assert set(given) == {name for name, _ in wanted}
    assert set(given.values()) == {""}
