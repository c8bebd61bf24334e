"""Putting a backup in the place of the store. Who calls it has locked the data folder.

What comes back is another store than the one that clients know, for what was said since the backup is not in
it and others will get the same numbers: so it gets a new epoch, and clients drop what they hold and
fetch anew.
"""

import os
import secrets
import time
from contextlib import closing
from pathlib import Path

from common import database, private_files
from server.errors import OperatorError
from server.store import schema
from server.store.backup import copying


def restore(backup: Path, current: Path) -> tuple[copying.Summary, Path | None]:
    """Replace the database `current` by the one in `backup`, brought up to this program's schema.

    Returns what is there now, and under which name what was there before is kept. Raises `OperatorError`;
    nothing was changed then.
    """
    with copying.reading(backup) as source, copying.draft(current) as path:
        schema.check(source, backup)
        copying.fill(path, source)
        copying.inspect(path, backup)
        _make_ours(path, backup)
        summary = copying.inspect(path, backup)
        kept = _keep(current)
        private_files.place(path, current)
    return summary, kept


def _make_ours(path: Path, backup: Path) -> None:
    with closing(database.connect(path)) as ours:
        schema.step(ours, schema.check(ours, path))
        sql = (
            "INSERT INTO audit (time, actor, action, target, room, detail) "
            "VALUES (?, 0, 'restore', '', '', ?)"
        )
        ours.execute(sql, (time.time_ns() // 1_000_000, f"from {backup.name}"))
        ours.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (secrets.token_hex(8),))


def _keep(current: Path) -> Path | None:
    """Give what is there another name, its write-ahead log included, which would spoil what comes instead."""
    if current.exists():
        _fold(current)
    there = [end for end in ("", "-wal", "-shm") if current.with_name(current.name + end).exists()]
    if not there:
        return None
    kept = _free_name(current)
    if there == [""]:
        try:
            os.link(current, kept)  # so that there is a database at every moment
        except OSError:
            pass  # a file system without links
        else:
            return kept
    for end in there:
        current.with_name(current.name + end).rename(kept.with_name(kept.name + end))
    return kept


def _fold(current: Path) -> None:
    """Put what is in the write-ahead log into the file; closing it removes the log."""
    try:
        with closing(database.connect(current)) as folded:
            database.empty_log(folded)
    except database.Error:
        pass  # damaged, which may be why there is a restore: what is left of its log goes with it


def _free_name(current: Path) -> Path:
    now = time.strftime("%Y-%m-%dT%H%M%S")
    name = f"{current.name}.before-restore-{now}"
    for number in range(2, 1000):
        if not current.with_name(name).exists():
            return current.with_name(name)
        name = f"{current.name}.before-restore-{now}-{number}"
    raise OperatorError(f"{name} is there already")
