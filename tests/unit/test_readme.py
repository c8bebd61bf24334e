"""The README's tables are those of the registry; run as a program, this writes them."""

import re
from pathlib import Path

from chat_tui.commands import keymap, registry
from chat_tui.config import fields

README = Path(__file__).parents[2] / "README.md"


def with_tables(text: str) -> str:
    """The README with its tables made anew."""
    tables = {
        "keys": keymap.key_table(),
        "message keys": keymap.message_key_table(),
        "commands": registry.command_table(),
        "settings": fields.setting_table(),
    }
    for name, table in tables.items():
        block = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text, count = block.subn(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
        assert count == 1, f"README.md has no block for {name}"
    return text


def test_tables_are_those_of_the_registry() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_tables(text), "run: python3 -m tests.unit.test_readme"


def test_every_command_and_key_is_told() -> None:
    text = README.read_text(encoding="utf-8")
    for command in registry.COMMANDS:
        assert command.help in text
        if command.slash:
            assert f"`{command.usage}`" in text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
