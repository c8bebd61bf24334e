"""Makes the tables in docs/ from the code: keys, commands and settings from their registries, the list of
modules from their docstrings. With `--check` it writes nothing and fails if a page is out of date."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from chat_tui.commands import keymap, registry
from chat_tui.config import fields
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry

ROOT = Path(__file__).parents[1]
PACKAGES = ("protocol", "common", "server", "chat_tui")


def summary(source: str) -> str:
    """The first sentence of a module's docstring."""
    paragraph = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0]


def modules() -> Iterator[str]:
    """The list of modules: a table for each folder."""
    for package in PACKAGES:
        folders = sorted({path.parent for path in (ROOT / package).rglob("*.py")})
        for folder in folders:
            about = summary((folder / "__init__.py").read_text(encoding="utf-8"))
            yield f"\n**`{folder.relative_to(ROOT).as_posix()}/`** {about}\n\n| module | |\n|---|---|"
            for path in sorted(folder.glob("*.py")):
                if path.name != "__init__.py":
                    text = summary(path.read_text(encoding="utf-8")).replace("|", "\\|")
                    yield f"| `{path.name}` | {text} |"


def tables() -> dict[str, dict[str, str]]:
    """By page, the tables that are made, by name."""
    return {
        "docs/keys.md": {
            "keys": keymap.key_table(),
            "message keys": keymap.message_key_table(),
            "commands": registry.command_table(),
        },
        "docs/settings.md": {"settings": fields.setting_table()},
        "docs/architecture.md": {"modules": "\n".join(modules()) + "\n"},
    }


def made() -> Iterator[tuple[Path, str]]:
    """Each page, and what should be in it."""
    for page, blocks in tables().items():
        text = (ROOT / page).read_text(encoding="utf-8")
        for name, table in blocks.items():
            start, end = f"<!-- {name}: made by docs/make.py -->\n", f"<!-- /{name} -->"
            before, found, rest = text.partition(start)
            _, closed, after = rest.partition(end)
            if not found or not closed:
                raise SystemExit(f"{page} has no block for {name}")
            text = f"{before}{start}{table}\n{end}{after}"
        yield ROOT / page, text


def main() -> None:
    """Write the pages, or check them."""
    stale = [(path, text) for path, text in made() if path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv and stale:
        raise SystemExit(
            f"out of date: {', '.join(path.name for path, _ in stale)}: run python3 docs/make.py"
        )
    for path, text in stale:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
