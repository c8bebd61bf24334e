"""`chat-server`, also `python -m server`: the headless server, and its other commands."""

import importlib
import sys
from collections.abc import Callable

from common import streams

SERVE = "server.admin.serve:serve"

COMMANDS = {
    "check-config": "server.config.check:check_config",
    "pin": "server.admin.pin:main",
    "user": "server.admin.users:main",
    "invite": "server.admin.invites:main",
    "ban": "server.admin.bans:main",
    "room": "server.admin.rooms:main",
    "audit": "server.admin.audit:main",
    "backup": "server.admin.store:backup",
    "restore": "server.admin.store:restore",
    "export": "server.admin.store:export",
    "prune": "server.admin.store:prune",
}
"""What the first argument may be instead of a flag, and who does it: called with the other arguments, gives
the exit status. Each is loaded when asked for: what serves takes longer to load than most commands to run."""


def main() -> None:
    """Run a command, or serve."""
    streams.open_closed()
    command, arguments = SERVE, sys.argv[1:]
    if arguments and arguments[0] in COMMANDS:
        command, arguments = COMMANDS[arguments[0]], arguments[1:]
    module, function = command.split(":")
    sys.exit(streams.status_of("chat-server", lambda: _load(module, function)(arguments)))


def _load(module: str, function: str) -> Callable[[list[str]], int]:
    loaded: Callable[[list[str]], int] = getattr(importlib.import_module(module), function)
    return loaded


if __name__ == "__main__":
    main()
