"""Where the reader of a log is."""

import msgspec


class ScrollAnchor(msgspec.Struct):
    """The reader's place: at the bottom (`following`), or `line` lines into row `row` at the top.

    `line` may be negative (lines of earlier rows above this one) and out of the row's range: whoever
    knows the heights puts it right. `char` and `width` say for which wrapping `line` was meant. `lowered`:
    the row shall stand below a third of the screen instead.
    """

    following: bool = True
    row: int = 0
    line: int = 0
    char: int = 0
    width: int = 0
    lowered: bool = False
