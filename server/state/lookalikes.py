"""Which names look the same: the skeletons of UTS #39, from Unicode's data on confusable characters.

The packages that could do this were made for old versions of Unicode, bring a megabyte of data and give no
skeletons; so the table beside this module has the characters that a name can have, and nothing else. Pure.
"""

from functools import cache

from protocol.text import normalize
from server.state.lookalike_table import TABLE


def skeletons(name: str) -> frozenset[str]:
    """Names that look the same have one of these in common, whatever the case of their letters.

    Both the name as it is written counts and as it is folded: a capital I is an l to the eye, an i is not;
    and there are letters that look like others' in only one case.
    """
    return frozenset((_skeleton(name), _skeleton(name.casefold())))


def _skeleton(name: str) -> str:
    shown = normalize("NFD", name).translate(_prototypes())
    return normalize("NFD", normalize("NFD", shown).casefold())


@cache
def _prototypes() -> dict[int, str]:
    found: dict[int, str] = {}
    for entry in TABLE.split(";"):
        prototype, *others = (
            "".join(chr(int(code, 16)) for code in part.split("+")) for part in entry.split()
        )
        found |= {ord(other): prototype for other in others}
    return found


def table(confusables: str) -> str:
    """The table from Unicode's `confusables.txt`, of the characters that a name can have."""
    from protocol.names import BadNameError, check_new_user_name

    def possible(character: str) -> bool:
        for neighbour in ("a", "\u05d0"):  # marks stand behind a letter, right-to-left ones between such
            try:
                return check_new_user_name(neighbour + character + neighbour)[1] == character
            except BadNameError:
                continue
        return False

    found: dict[str, list[str]] = {}
    for line in confusables.splitlines():
        fields = line.removeprefix("\ufeff").partition("#")[0].split(";")
        if len(fields) > 2 and possible(character := chr(int(fields[0], 16))):
            # `rn` looks like `m` in print, and not in a terminal, where it takes two cells.
            prototype = "+".join(fields[1].split()).replace("0072+006E", "006D")
            if prototype != f"{ord(character):04X}":
                found.setdefault(prototype, []).append(f"{ord(character):04X}")
    return ";".join(" ".join((prototype, *others)) for prototype, others in sorted(found.items()))
