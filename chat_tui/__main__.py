"""`chat-tui`: shows that it starts, and only then loads the program, which takes ten times as long as Python.

Whatever is imported here stands before the first picture.
"""

import gc
import sys

from chat_tui import splash
from common import streams


def main() -> None:
    """Run `main.main`."""
    streams.open_closed()
    picture = splash.Splash() if splash.fits(sys.argv[1:]) else None
    gc.disable()  # nothing that is imported is garbage
    try:
        if picture is not None:
            picture.show()
        from chat_tui.cli import main

        gc.enable()
        main.main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if picture is not None:
            picture.end()


if __name__ == "__main__":
    main()
