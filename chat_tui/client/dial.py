"""Opening a connection: to the network, over TLS where it is asked for, to the server that is meant.

Knows asyncio's ways to connect and what goes wrong there; whether a server is the right one is `trust`'s.
"""

import asyncio
import ssl
from collections.abc import Callable

from chat_tui.client.connection import CONNECT_SECONDS, Connection, Target
from chat_tui.client.errors import ClientError, LostError
from chat_tui.client.trust import Check, Question, SocketOwner, Trust
from common import sockets
from protocol.frames import Frame

SHUTDOWN_SECONDS = 1.0
"""For the other side's last word in TLS when all is said; it says nothing that we need."""


async def connect(target: Target, on_frame: Callable[[Frame], None]) -> Connection:
    """Open a connection. Raises `LostError` with what is wrong; `StoppedError` if it is the wrong server,
    `UnknownServerError` if nobody knows."""
    if target.owner is not None:
        return await _open_unix(target, target.owner, on_frame)
    if target.trust is None:
        return await _open(target, on_frame, None)
    check = target.trust.begin()
    try:
        return await _open(target, on_frame, check)
    except ssl.SSLCertVerificationError as error:
        return await _open(
            target, on_frame, check.refused(error)
        )  # to see its key; raises what is to be asked


async def _open(
    target: Target, on_frame: Callable[[Frame], None], check: Check | Question | None
) -> Connection:
    """Raises `SSLCertVerificationError` besides what `connect` does."""
    context = check.context() if check is not None else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(on_frame, check.examine if check is not None else None),
                target.host,
                target.port,
                ssl=context,
                # The zone of an IPv6 address names a network of this computer: it stands in no certificate.
                server_hostname=target.host.partition("%")[0] if context is not None else None,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS if context is not None else None,
            )
    except TimeoutError as error:
        raise LostError(f"{target} does not answer") from error
    except ssl.SSLCertVerificationError:
        raise
    except (OSError, UnicodeError) as error:
        raise _explained(target, error) from error
    if connection.refused is not None:
        raise connection.refused
    return connection


async def _open_unix(target: Target, owner: SocketOwner, on_frame: Callable[[Frame], None]) -> Connection:
    """To a Unix socket. Before a byte is said: who could have put it there, and whose process is it?"""
    try:
        owner.check_place()
        async with asyncio.timeout(CONNECT_SECONDS):
            with sockets.reachable(owner.path) as short:
                transport, connection = await asyncio.get_running_loop().create_unix_connection(
                    lambda: Connection(on_frame), short
                )
    except TimeoutError as error:
        raise LostError(f"{target} does not answer") from error
    except OSError as error:
        raise _explained(target, error) from error
    try:
        owner.check_peer(sockets.peer_user(transport.get_extra_info("socket").fileno()))
    except BaseException:
        transport.abort()
        raise
    return connection


def _explained(target: Target, error: OSError | UnicodeError) -> ClientError:
    if isinstance(error, ssl.SSLError) and target.trust is not None:
        return _tls_failed(target, target.trust, error)
    if isinstance(error, ConnectionError) and not str(error):  # as asyncio says that a handshake was cut off
        return LostError(f"{target} broke off before the connection was encrypted")
    return LostError(f"no server at {target}: {_reason(error)}")


def _tls_failed(target: Target, trust: Trust, error: ssl.SSLError) -> ClientError:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "access denied" in reason:  # how our servers send those away who are too many
        return LostError(f"{target} takes no connection from here now: it stops, or has too many from here")
    if "alert" in reason:
        return LostError(f"{target} and this program found no way to encrypt the connection ({reason})")
    if "eof" in reason:
        return LostError(f"{target} broke off before the connection was encrypted")
    return trust.unencrypted(reason)


def _reason(error: OSError | UnicodeError) -> str:
    # asyncio's text for a refused connection repeats the address and an errno; people need neither.
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, UnicodeError):  # of IDNA, whose text names a codec
        return "no host can be called that"
    return (error.strerror or str(error)).lower()
