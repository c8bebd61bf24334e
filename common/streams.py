"""The three streams that every program is started with: some may be closed, and the output may fail.

A closed one is replaced at the very start: else the next file that is opened would get its number, and what
is meant for a person would be written into a database. Imports next to nothing.
"""

import io
import os
import sys
from collections.abc import Callable

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


def status_of(program: str, run: Callable[[], int]) -> int:
    """Run a program; its status, which is 1, after a line that says why, if its output can't be written."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # no letter that it can't show shall end this
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            status = run()
        except SystemExit as end:  # argparse has said all, as of --help
            status = end.code if isinstance(end.code, int) else int(bool(end.code))
        sys.stdout.flush()  # else a full disk is noticed when it is too late to say so
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()
        return 0  # whoever read our output has gone (`| head`): no error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{program}: cannot go on: {where}{error.strerror or repr(error)}", file=sys.stderr)
        _drop_output()
        return 1
    return status


def _drop_output() -> None:
    """Python would try once more to write it, at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
