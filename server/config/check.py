"""`chat-server check-config`: are the settings right? For those who deploy, before they restart a server."""

import os
import sys

from common.arguments import Parser
from server.config.settings import APP
from server.config.sources import add_config, gather, settings_file
from server.errors import SettingsError


def check_config(arguments: list[str]) -> int:
    """Check the settings file and the environment: 0, or 1 with a line for each mistake."""
    parser = Parser(
        f"{APP} check-config",
        description="Check the settings file and the environment as a start would; nothing is started.",
        epilog="Ends with 0 if they are right, with 1 and one line for each mistake if not.",
    )
    add_config(parser)
    given = parser.parse_args(arguments)
    try:
        gather(given)
    except SettingsError as error:
        for problem in error.problems:
            print(f"{APP}: {problem}", file=sys.stderr)
        return 1
    path = settings_file(given.config, os.environ)
    print(f"{path} is right" if path is not None else "there is no settings file: the defaults count")
    return 0
