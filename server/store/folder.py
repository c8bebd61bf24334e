"""The data folder: one process at a time works in it. Knows files and locks, nothing of what is in it."""

from pathlib import Path

import filelock

from common import private_files
from server.errors import StartError

LOCK_NAME = "server.lock"
LOCK_SECONDS = 2
"""A client that looks whether a server lives holds the lock for a moment; wait that out."""


def take(data: Path) -> filelock.BaseFileLock:
    """Make the data folder and lock it for this process; raises `StartError` if another one has it."""
    lock = filelock.FileLock(data / LOCK_NAME, LOCK_SECONDS, 0o600)
    try:
        private_files.make_folder(data)
        lock.acquire()
    except filelock.Timeout as error:
        raise StartError(
            f"another chat-server uses the data folder {data}: stop it, or give --data"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"cannot write to the data folder {data}: {reason}; give another with --data"
        ) from error
    return lock
