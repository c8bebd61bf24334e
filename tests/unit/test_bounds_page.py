"""`docs/bounds.md` names what there is: constants, settings and tests; and each setting of `[limits]`."""

import importlib
import re
from pathlib import Path

import msgspec

from server.config import Limits
from server.config.fields import SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bounds.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([^`]+)`", PAGE)


def test_every_constant_is_there() -> None:
    named = [name.split(":") for name in NAMED if re.fullmatch(r"[a-z_/]+\.py:[A-Z_]+", name)]
    assert len(named) > 40
    for path, constant in named:
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        there = getattr(module, constant)
        assert isinstance(there, int | float | tuple | dict), f"{path} has no number {constant}"


def test_every_test_is_there() -> None:
    named = [name.split("::") for name in NAMED if "::" in name]
    assert len(named) > 40
    for path, test in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"def {test}\(", text), f"{path} has no {test}"


def test_every_file_is_there() -> None:
    for name in NAMED:
        if re.fullmatch(r"[a-z_/]+\.py", name):
            assert (ROOT / name).is_file(), name


def test_every_row_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| what |")]
    assert len(rows) > 25
    for row in rows:
        assert "::test_" in row.rsplit("|", 2)[1], f"what fills this? {row[:60]}"


def test_every_limit_is_there() -> None:
    named = {name for name in NAMED if re.fullmatch(r"limits\.[a-z_]+", name)}
    assert named == {f"limits.{field.name}" for field in msgspec.structs.fields(Limits)}
    assert named <= set(SETTINGS)
