"""The pages for people say what the code does: their tables are made from it, and what they name is there."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chat_tui.commands import registry
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
HTTP = {"metrics", "healthz", "readyz"}


def test_tables_are_those_of_the_code() -> None:
    subprocess.run([sys.executable, "docs/make.py", "--check"], cwd=ROOT, check=True)


def test_every_command_and_key_is_told() -> None:
    text = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    for command in registry.COMMANDS:
        assert command.help in text
        if command.slash:
            assert f"`{command.usage}`" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_a_page_names_is_one(page: Path) -> None:
    commands = {name for command in registry.COMMANDS for name in (command.name, *command.aliases)}
    named = set(re.findall(r"`/([a-z]+)\b(?!/)", page.read_text(encoding="utf-8")))
    assert named - HTTP - {"shrug"} <= commands  # the walk-through adds that one


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|…)([^)#\s]+)", text):
        assert (page.parent / target).exists() or "…" in target, target


def test_the_readme_is_what_one_needs_first() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


Step = tuple[str, str, str]
"""A file, a function in it, and the name by which the step before it knows it."""


def _walks() -> Iterator[list[Step]]:
    """The lists of calls in docs/architecture.md."""
    walk: list[Step] = []
    for line in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\d+\. `(\S+\.py)` `([\w.]+)`(?: \(`(\w+)`\))?", line):
            path, name, alias = found.groups()
            walk.append((path, name, alias or name.rpartition(".")[2]))
        elif walk:
            yield walk
            walk = []


def _function(path: str, name: str) -> ast.AST:
    node: ast.AST = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for part in name.split("."):
        named = [one for one in ast.iter_child_nodes(node) if getattr(one, "name", None) == part]
        assert named, f"{path} has no {name}"
        node = named[0]
    return node


def _mentions(function: ast.AST) -> set[str]:
    attributes = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def test_the_way_of_a_message_is_the_way_of_the_code() -> None:
    walks = list(_walks())
    assert sum(map(len, walks)) > 30
    for walk in walks:
        for (path, name, _), (_, follower, known_as) in pairwise(walk):
            assert known_as in _mentions(_function(path, name)), f"{name} does not call {follower}"
        _function(*walk[-1][:2])
