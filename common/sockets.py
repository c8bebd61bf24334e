"""Unix sockets: making one, looking at the place of another's, and who is at the other end.

The system says whose process that is, and nobody can forge it, so neither side needs a secret. Knows sockets
and paths, nothing of what is said over them. Every failure is an `OSError`.
"""

import errno
import os
import socket
import stat
import struct
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.private_files import FILE_MODE, foreign

AVAILABLE = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
"""Where there are none, a connection on loopback has to prove itself by TLS and a pin."""

LONGEST = 103
"""Bytes of a path, at most: `sun_path` has 108 on Linux and 104 on macOS, one of them for the end."""

EVERYBODY = 0o666
"""For a socket to which all users of this computer may connect; who they are the system says."""

_DESCRIPTORS = Path("/proc/self/fd")
_UCRED = struct.Struct("iII")  # Linux: process, user, group
_XUCRED = struct.Struct("IIh16I")  # macOS, the BSDs: version, user, groups
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


def peer_user(descriptor: int) -> int:
    """The id of the user whose process is at the other end of a connected Unix socket."""
    copy = socket.socket(fileno=os.dup(descriptor))
    with copy:
        if sys.platform == "linux":
            credentials = copy.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
            return int(_UCRED.unpack(credentials)[1])
        credentials = copy.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        return int(_XUCRED.unpack(credentials)[1])


def own_user() -> int:
    """The id of the user whose process this is."""
    return os.geteuid() if AVAILABLE else 0


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """The path as `bind` and `connect` take it: a long one, by way of its open folder, where that can be."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    if not _DESCRIPTORS.is_dir():
        raise OSError(errno.ENAMETOOLONG, f"a socket's path has at most {LONGEST} bytes", str(path))
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_DESCRIPTORS}/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening(path: Path, mode: int = FILE_MODE) -> socket.socket:
    """A socket that is bound to `path` and does not listen yet.

    What a server that was killed has left behind there goes; one that lives does not, and nothing else does.
    """
    with reachable(path) as short:
        _clear(path, short)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.bind(short)
            path.chmod(mode)  # nobody can have connected before it listens
        except BaseException:
            made.close()
            raise
    made.setblocking(False)  # noqa: FBT003  # socket's signature
    return made


def _clear(path: Path, short: str) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "it is there already, and is no socket", str(path))
    if found.st_uid != os.geteuid():
        raise foreign(path, found)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(short)
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError(errno.EADDRINUSE, "another server listens there", str(path))


def remove(path: Path) -> None:
    """Take a socket away that we have made."""
    with suppress(OSError):  # its folder may be gone
        path.unlink(missing_ok=True)


def check_place(path: Path, trusted: Collection[int]) -> None:
    """Raise unless nobody but root, us and the `trusted` could have put the socket there.

    In a folder where everybody may make files, as /tmp is, it is the peer alone that says whose it is.
    """
    folder = path.parent.stat()
    if folder.st_uid not in (0, os.geteuid(), *trusted):
        raise foreign(path.parent, folder)
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise PermissionError(
            errno.EPERM, "everybody may write to that folder, and put another socket there", str(path.parent)
        )
    if stat.S_ISLNK(path.lstat().st_mode):
        raise OSError(errno.ELOOP, "it is a link: give the socket's own path", str(path))
