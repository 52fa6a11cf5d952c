"""What the README promises is there."""

import re
from pathlib import Path

import pytest

from deploy.local.cli import available

CHECKOUT = Path(__file__).resolve().parents[3]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_every_command_it_names_exists() -> None:
    named = set(re.findall(r"\./tumbuh ([a-z][a-z-]*)", README)) - {"help"}
    table = README.partition("| to do | command |")[2].partition("\n\n")[0]
    named |= set(re.findall(r"`([a-z][a-z-]*)[ `]", table))
    assert named <= set(available())


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md"])
def test_every_path_it_names_exists(document: str) -> None:
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    paths = re.findall(r"[`( ]((?:shared|services|deploy|tests|docs)/[\w./*-]+?)[`)\s]", text)
    assert paths
    assert [path for path in paths if not list(CHECKOUT.glob(path.rstrip("/")))] == []


def test_the_tree_it_draws_is_the_tree() -> None:
    drawn = README.partition("## The tree")[2].partition("```\n")[2].partition("```")[0]
    top = re.findall(r"^([\w./-]+?)/? ", drawn, flags=re.MULTILINE)
    services = re.findall(r"^  (\w+)/ ", drawn, flags=re.MULTILINE)
    assert all((CHECKOUT / name).exists() for name in top)
    assert set(services) == {path.parent.name for path in CHECKOUT.glob("services/*/app.py")}


def test_the_environment_it_draws_for_containers_is_that_of_the_example() -> None:
    """The recipe stands in two places: they are the same words."""
    recipe = [line.strip() for line in code_blocks("sh")[2].splitlines()[:3]]
    example = (CHECKOUT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
    assert all(line in example for line in recipe)
