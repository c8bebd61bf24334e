"""The walk-throughs of CONTRIBUTING.md, followed to the letter in a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("chat_tui", "common", "docs", "protocol", "server", "tests", "pyproject.toml")
BLOCK = re.compile(
    r"(?:(?:In `(?P<path>\S+)`, before `(?P<line>[^\n]+)`|At the end of `(?P<end>\S+)`):\n\n)?"
    r"```(?P<kind>python|sh)\n(?P<text>.*?)```",
    re.DOTALL,
)


def _apply(copy: Path, step: re.Match[str]) -> None:
    path = copy / (step["path"] or step["end"])
    text = path.read_text(encoding="utf-8")
    if step["end"]:
        path.write_text(text + step["text"], encoding="utf-8")
        return
    assert text.count("\n" + step["line"]) == 1, f"{path} has no line, or several, that begins {step['line']}"
    path.write_text(text.replace("\n" + step["line"], f"\n{step['text']}{step['line']}"), encoding="utf-8")


@pytest.mark.parametrize("title", ["add a slash command", "add a request"])
def test_a_walk_through_leads_where_it_says(title: str, tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.split(f"## Walk-through: {title}\n")[1].split("\n## ")[0]
    for name in COPIED:
        source, ignored = ROOT / name, shutil.ignore_patterns("__pycache__", "__snapshots__")
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    ran = 0
    for step in BLOCK.finditer(section):
        if step["kind"] == "python":
            _apply(tmp_path, step)
            continue
        for line in step["text"].splitlines():
            command = [sys.executable, *line.split()[1:]]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            ran += 1
    assert ran
