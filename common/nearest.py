"""What somebody may have meant who wrote a name that there is not."""

import difflib
from collections.abc import Iterable

ALIKE = 0.65
"""One slip in a word of three letters, two in one of six. With less, most guesses are wrong: at a half,
`foo` was taken for `rooms`."""


BEGINNING = 4
"""Letters at the beginning by which one that looks otherwise may be meant: `notify` for `notifications`."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The one that looks most like it, or the only one that begins like it; empty if there is none."""
    known = list(names)
    if alike := difflib.get_close_matches(name, known, n=1, cutoff=ALIKE):
        return alike[0]
    begins = [one for one in known if len(name) >= BEGINNING and one.startswith(name[:BEGINNING])]
    return begins[0] if len(begins) == 1 else ""
