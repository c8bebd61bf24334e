"""Private folders and files: the one way in which the server and the client make them.

Whatever the umask is, a folder is 0700 and a file 0600. A file is never opened through a link that somebody
laid there, and one that belongs to somebody else is refused. What is written takes the place of what was
there as a whole, on the disk, or not at all. Knows the file system, nothing of what is in the files.
Every failure is an `OSError`, with the path in it.
On Windows a person's folders are private by themselves; there the modes and owners are not looked at.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_POSIX = os.name == "posix"
_ROOT = 0

# Non-blocking, so that a pipe which somebody laid there can't hang us. Windows has none of the three.
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def make_folder(path: Path) -> None:
    """Make a folder, with those above it that are missing; one that is there stays as it is.

    It has to be ours or root's, and not everybody's to write to.
    """
    _make_missing(path)
    if not _POSIX:
        return
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder", str(path))
    if found.st_uid not in (os.geteuid(), _ROOT):
        raise foreign(path, found)
    if found.st_mode & stat.S_IWOTH:
        raise PermissionError(
            errno.EPERM, "everybody may write to that folder: use one of its own, or chmod o-w it", str(path)
        )


def make_own_folder(path: Path) -> None:
    """The same for a folder that is this program's alone: nobody else may look into it either."""
    make_folder(path)
    if _POSIX:
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o077:
            path.chmod(FOLDER_MODE)


def make_strict_folder(path: Path) -> None:
    """The same for one in a place where everybody may make folders, as in /tmp: no link, ours, 0700.

    Such a folder is only as trustworthy as its owner, so root's is not good enough either.
    """
    _make_missing(path)
    if not _POSIX:
        return
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder: remove it", str(path))
    if found.st_uid != os.geteuid():
        raise foreign(path, found)
    if found.st_mode & 0o077:
        path.chmod(FOLDER_MODE)


def _make_missing(path: Path) -> None:
    """`Path.mkdir` makes the folders above with whatever mode the umask leaves."""
    missing = []
    at = path
    while not os.path.lexists(at):
        missing.append(at)
        if at.parent == at:
            break
        at = at.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            continue  # another program of ours was quicker; what it is, is looked at afterwards
        if _POSIX:
            folder.chmod(FOLDER_MODE)  # a umask may have taken even our own rights away


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole: after a crash or a power cut there is the old one or the new one."""
    with draft(path) as new:
        with open(_checked(new, os.O_WRONLY), "wb") as file:  # of a descriptor
            file.write(content)
        place(new, path)


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A new, empty file beside `target`, to be filled and put in its place by `place`; else it goes."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        os.close(_create(path))  # in here: a signal may end the program as soon as the file is there
        yield path
    finally:
        path.unlink(missing_ok=True)


def place(path: Path, target: Path) -> None:
    """Give a finished file its name, so that a power cut leaves the old one or the new one."""
    descriptor = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.replace(target)
    sync_folder(target.parent)


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk."""
    if _POSIX:  # Windows can't open folders
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_file(path: Path) -> None:
    """Make an empty file if there is none, for what others open by its name, as SQLite does.

    One that is there has to be ours, and becomes private.
    """
    os.close(_open_or_create(path, os.O_RDWR))


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file, which is made if there is none."""
    with open(open_to_append(path), "ab") as file:
        file.write(content)


def open_to_append(path: Path) -> int:
    """A descriptor that writes to the end of a file, which is made if there is none."""
    return _open_or_create(path, os.O_WRONLY | os.O_APPEND)


def read(path: Path) -> bytes:
    """What is in a file that has to be ours, or root's, and no link."""
    with open(_checked(path, os.O_RDONLY, root=True), "rb") as file:
        return file.read()


def _open_or_create(path: Path, flags: int) -> int:
    while True:
        try:
            return _checked(path, flags)
        except FileNotFoundError:
            pass
        try:
            return _create(path, flags)
        except FileExistsError:
            continue  # made at this moment, by another program of ours or by somebody else: look at it


def _create(path: Path, flags: int = os.O_RDWR) -> int:
    descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL | _CAREFUL | _BINARY, FILE_MODE)
    if _POSIX:
        os.fchmod(descriptor, FILE_MODE)  # a umask may have taken even our own rights away
    return descriptor


def _checked(path: Path, flags: int, *, root: bool = False) -> int:
    """Open a file that is there. `root`: it may be root's as well. If it is ours, it becomes private."""
    try:
        descriptor = os.open(path, flags | _CAREFUL | _BINARY)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link: put the file itself there", str(path)) from error
        if error.errno == errno.ENXIO:  # a pipe without a reader
            raise OSError(errno.ENXIO, "it is no regular file: remove it", str(path)) from error
        raise
    try:
        if _POSIX:
            _check_open(path, descriptor, root=root)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_open(path: Path, descriptor: int, *, root: bool) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file: remove it", str(path))
    mine = found.st_uid == os.geteuid()
    if not mine and not (root and found.st_uid == _ROOT):
        raise foreign(path, found)
    if mine and found.st_mode & 0o077:
        os.fchmod(descriptor, FILE_MODE)


def foreign(path: Path, found: os.stat_result) -> PermissionError:
    """It belongs to somebody else."""
    return PermissionError(
        errno.EPERM,
        f"it belongs to {user_name(found.st_uid)}, and this program runs as {user_name(os.geteuid())}",
        str(path),
    )


def user_number(name: str) -> int | None:
    """The id of the user whom the system calls that; None if it knows no such user."""
    try:
        import pwd
    except ImportError:  # Windows
        return None
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError, UnicodeError):
        return None


def user_name(uid: int) -> str:
    """What the system calls that user, or the number of one that it does not know."""
    try:
        import pwd
    except ImportError:  # Windows
        return str(uid)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
