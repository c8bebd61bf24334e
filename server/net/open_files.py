"""How many files the system lets this process have open: each connection is one.

Past that, connections would not be accepted, the store could not open what it needs, and nobody would be
told. So as many as may be are asked for at the start, and connections leave some to the rest.
"""

import sys

RESERVE = 64
"""For everything but connections: the store has some ten, the port for machines at most 32."""

if sys.platform != "win32":
    import resource


def raise_limit() -> int | None:
    """Ask for as many as may be had; how many that is, None if nobody counts them."""
    if sys.platform == "win32":
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS says that there is no limit, and takes no such number
        hard, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else hard
