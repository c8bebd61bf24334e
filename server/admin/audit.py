"""`chat-server audit`: who did what to whom."""

import argparse
import json
import sys
import time

import msgspec

from protocol import frames, limits
from protocol.frames import AuditInfo
from protocol.text import clean_line
from server.admin import command
from server.admin.connection import Administration


def main(arguments: list[str]) -> int:
    """Run the command; gives the exit status."""
    parser = command.parser("audit", "See who did what to whom, the newest last.")
    parser.add_argument("--since", type=command.age, metavar="AGE", help="only so far back, as 12h, 7d or 2w")
    parser.add_argument(
        "--user", default="", metavar="NAME", help="only what this one did, or had done to them"
    )
    parser.add_argument("--room", type=command.room, metavar="NAME", help="only in this room")
    parser.add_argument("--action", default="", metavar="WHAT", help="only this, as 'login refused' or kick")
    parser.add_argument(
        "--limit", type=command.positive, default=100, metavar="N", help="the newest so many (default: 100)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return command.run(_print, parser.parse_args(arguments))


async def _print(connection: Administration, given: argparse.Namespace) -> None:
    records, complete = await _ask(connection, given)
    if given.json:
        for one in records:
            print(json.dumps(msgspec.structs.asdict(one), ensure_ascii=False))
        return
    rows = [("TIME", "WHO", "WHAT", "TO WHOM", "ROOM", "MORE")]
    rows += [
        (
            command.when(one.time),
            clean_line(one.by) or "-",
            one.action,
            clean_line(one.target) or "-",
            clean_line(one.room) or "-",
            clean_line(one.detail),
        )
        for one in records
    ]
    command.table(rows)
    if not complete:
        print(f"… there are older ones: --limit {given.limit * 10} shows more", file=sys.stderr)


async def _ask(connection: Administration, given: argparse.Namespace) -> tuple[list[AuditInfo], bool]:
    """The newest that were asked for, and whether these are all."""
    since = int(time.time() - given.since) * 1000 if given.since is not None else 0
    found: list[AuditInfo] = []
    while True:
        before = found[0].n if found else None
        wanted = min(limits.PAGE, given.limit - len(found))
        page = await connection.ask(
            frames.Audit(1, since, before, given.user, given.room or "", given.action, wanted)
        )
        found[:0] = page.records
        if page.complete or len(found) >= given.limit or not page.records:
            return found, page.complete
