"""Names of emoji: `:tada:` is 🎉.

Knows the table of the `emoji` library, which is loaded when the first name is looked up: it takes longer than
any other import of the program, and most messages have none.
"""

import re
from functools import cache

NAME = "[a-z0-9_+-]{1,80}"
"""What a name looks like. The few others of the table (`st._lucia`) would not be told from text."""


def emoji_of(name: str) -> str | None:
    """The emoji with this name, which stands without its colons."""
    return _table().get(name)


def complete_emoji(prefix: str) -> list[tuple[str, str]]:
    """The names that begin with `prefix` and their emoji, the shortest and so best known first."""
    found = [(name, emoji) for name, emoji in _table().items() if name.startswith(prefix)]
    return sorted(found, key=lambda entry: (len(entry[0]), entry[0]))


def reaction_of(text: str) -> str | None:
    """What a person means who reacts with `text`: an emoji, or the name of one; None if it is neither."""
    text = text.strip()
    name = text.strip(":").lower()
    if not text.isascii():
        return text
    return emoji_of(name) if re.fullmatch(NAME, name) else None


def load() -> None:
    """Load the table, if it is not: for who has the time to wait for it."""
    _table()


def loaded() -> bool:
    """Whether the others will answer at once."""
    return _table.cache_info().currsize > 0


@cache
def _table() -> dict[str, str]:
    from emoji import EMOJI_DATA, STATUS

    table: dict[str, str] = {}
    for emoji, known in EMOJI_DATA.items():
        if known["status"] == STATUS["fully_qualified"]:
            for name in (known["en"], *known.get("alias", ())):
                if re.fullmatch(NAME, name := name.strip(":").lower()):
                    table.setdefault(name, emoji)
    return table
