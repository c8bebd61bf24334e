"""What an operator does with the store: `chat-server backup`, `restore`, `export`, `prune`.

Each command has a parser of its own and is called with the arguments behind its name; it returns the exit
status: 0, or 1 with one line on standard error, while argparse ends the program with 2 if it was called
wrongly. Knows the store's file and the folder's lock; nothing of sessions or the wire.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from common import private_files
from protocol import names
from server.config import sources
from server.config.retention import parse_age
from server.delivery import retention
from server.errors import OperatorError, SettingsError, StorageError
from server.net.certificate import KEY_NAME
from server.state.entries import AuditRecord
from server.store import folder
from server.store.backup import copying, exporting, restoring, snapshot
from server.store.sqlite import FILE_NAME, SqliteLog


def backup(arguments: list[str]) -> int:
    """`chat-server backup FILE`: a copy of everything, also while a server runs."""
    parser = _parser(
        "backup",
        "Copy everything that a server keeps into one file, also while it runs. The copy is verified before "
        f"it gets its name. The key that the server is known by, if it made one, goes to FILE.{KEY_NAME}.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it; only you can read it")
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    given = _parsed(parser, arguments)

    def work() -> None:
        database = given.data / FILE_NAME
        key, kept = given.data / KEY_NAME, _key_beside(given.file)
        _check_free(given.file, database, force=given.force)
        if key.exists():
            _check_free(kept, key, force=given.force)
        with copying.reading(database) as source:
            summary = copying.copy(source, given.file)
        print(f"backed up to {given.file}: {summary}")
        if key.exists():
            copying.copy_file(key, kept)
            print(f"the server's key is in {kept}")
        elif given.force:
            kept.unlink(missing_ok=True)  # that of another backup

    return _carried_out(work)


def restore(arguments: list[str]) -> int:
    """`chat-server restore FILE`: go back to a backup."""
    parser = _parser(
        "restore",
        "Put a backup in the place of what a server keeps. The server must be stopped; what was there is "
        "kept beside it. Clients drop what they hold and fetch anew; what they have not sent yet, they send. "
        f"The key in FILE.{KEY_NAME} becomes the server's, unless it has one.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that `chat-server backup` has made")
    given = _parsed(parser, arguments)

    def work() -> None:
        with folder.take(given.data):
            summary, kept = restoring.restore(given.file, given.data / FILE_NAME)
            told = _restore_key(_key_beside(given.file), given.data / KEY_NAME)
        print(f"restored from {given.file}: {summary}")
        if kept is not None:
            print(f"what was there is kept in {kept}")
        if told:
            print(told)

    return _carried_out(work)


def _key_beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.{KEY_NAME}")


def _restore_key(backup: Path, current: Path) -> str:
    """Put the key of a backup where there is none; what there is to say. One that is there may have been made
    because the other one had become known, so it stays."""
    if not backup.exists() or (current.exists() and current.read_bytes() == backup.read_bytes()):
        return ""
    if current.exists():
        return f"the server keeps the key that it has now; the one of the backup is in {backup}"
    copying.copy_file(backup, current)
    return "the server has its key again: clients know it by the same pin"


def export(arguments: list[str]) -> int:
    """`chat-server export`: all events as JSON lines."""
    parser = _parser(
        "export",
        "Write all events as lines of JSON, also while a server runs: room, seq, user, from, kind, time (ms "
        "since 1970), cid, and text; target (of edits, deletions and reactions), reply, emoji and on where "
        "there are any; a body that can't be read as text is there as body, in base64.",
    )
    parser.add_argument("--room", metavar="NAME", type=_room, help="only this room")
    parser.add_argument(
        "--output", metavar="FILE", default="-", help="where to write it; - is standard output (default: -)"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    given = _parsed(parser, arguments)

    def work() -> None:
        database = given.data / FILE_NAME
        with snapshot.opened(database) as store:
            lines = exporting.lines(store, given.room)
            if given.output == "-":
                _print(lines)
                return
            target = Path(given.output)
            _check_free(target, database, force=given.force)
            with copying.draft(target) as path:
                with path.open("w", encoding="utf-8", newline="\n") as file:
                    file.writelines(f"{line}\n" for line in lines)
                private_files.place(path, target)

    return _carried_out(work)


def prune(arguments: list[str]) -> int:
    """`chat-server prune`: remove old events for good."""
    parser = _parser(
        "prune",
        "Remove the events that are older than an age, for good, and make the file smaller. The server must "
        "be stopped; one that shall do it by itself while it runs is started with --retention.",
    )
    parser.add_argument(
        "--older-than", metavar="AGE", type=_age, required=True, help="as in 90d; m, h, d, w or y"
    )
    parser.add_argument("--room", metavar="NAME", type=_room, help="only in this room")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    given = _parsed(parser, arguments)
    before = int(time.time() - given.older_than) * 1000

    def work() -> None:
        database = given.data / FILE_NAME
        if given.dry_run:
            _tell_old(database, given.room, before)
        else:
            with folder.take(given.data):
                _remove_old(database, given.room, before)

    return _carried_out(work)


def _tell_old(database: Path, room: str | None, before: int) -> None:
    with snapshot.opened(database) as store:
        rooms = {one.name: one for one in store.rooms()}
        counts = {name: store.older(rooms[name], before) for name in _chosen(list(rooms), room)}
    _tell("would remove", counts)


def _remove_old(database: Path, room: str | None, before: int) -> None:
    if not database.is_file():
        raise OperatorError(f"there is no database {database}")
    with closing(SqliteLog(database.parent)) as log:
        counts = dict.fromkeys(_chosen(sorted(log.load().rooms), room), 0)
        for name in counts:
            while count := log.prune(name, before, retention.STEP):
                counts[name] += count
        while log.tidy():
            pass
        if any(counts.values()):
            detail = f"{sum(counts.values())} events"
            log.append([AuditRecord(time.time_ns() // 1_000_000, 0, "prune", room=room or "", detail=detail)])
    _tell("removed", counts)
    if any(counts.values()):
        copying.compact(database)


def _chosen(rooms: list[str], room: str | None) -> list[str]:
    if room is None:
        return rooms
    if room not in rooms:
        raise OperatorError(f"there is no room {room}")
    return [room]


def _tell(done: str, counts: dict[str, int]) -> None:
    for room, count in counts.items():
        if count:
            print(f"{room}: {count:,}")
    print(f"{done}: {sum(counts.values()):,} events")


# --- what the commands share


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    return sources.command_parser(command, description, "data")


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """What the command line says, `data` from the settings if it says nothing of it."""
    given = parser.parse_args(arguments)
    try:
        given.data = sources.gather(given).data
    except SettingsError as error:
        for problem in error.problems:
            print(f"chat-server: {problem}", file=sys.stderr)
        sys.exit(1)
    return given


def _room(text: str) -> str:
    try:
        return names.check_room_name(text)
    except names.BadNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _age(text: str) -> int:
    try:
        return parse_age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _check_free(target: Path, database: Path, *, force: bool) -> None:
    if not target.exists():
        return
    if database.exists() and target.samefile(database):
        raise OperatorError(f"{target} is the database itself: name another file")
    if not force:
        raise OperatorError(f"{target} is there already: name another file, or give --force to replace it")


def _print(lines: Iterator[str]) -> None:
    """Write to standard output; who stops reading (`| head`) ends it."""
    try:
        for line in lines:
            sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _carried_out(work: Callable[[], None]) -> int:
    signal.signal(signal.SIGTERM, _stop)  # what is half done shall be removed
    signal.signal(signal.SIGINT, _stop)
    try:
        work()
    except (OperatorError, StorageError) as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    return 0


def _stop(number: int, _: object) -> NoReturn:
    for again in (signal.SIGTERM, signal.SIGINT):  # nothing shall disturb the removing
        signal.signal(again, signal.SIG_IGN)
    sys.exit(128 + number)
