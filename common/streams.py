"""The three streams that every program is started with; whoever starts this one may have closed some.

A closed one is replaced at the very start: else the next file that is opened would get its number, and what
is meant for a person would be written into a database. Imports next to nothing.
"""

import os
import sys

_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""What is printed to a closed output can't be, and fails; nothing comes from a closed input; what is wrong
can't be said where nobody listens, and the status says it all the same."""


def open_closed() -> None:
    """Have all three."""
    for number, (name, flags, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
