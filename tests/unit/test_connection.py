"""The client's connection under a flood: keys get their turn, and nothing is lost or turned round."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from chat_tui.client.connection import FRAMES, Connection
from chat_tui.client.errors import ClientError
from protocol import codec, frames
from protocol.frames import Frame

COUNT = 5 * FRAMES


class Peer:
    """The other end: a plain socket, so that what it does is done at once."""

    def __init__(self) -> None:
        ours, self.socket = socket.socketpair()
        self.ours = ours

    def flood(self, *more: Frame) -> None:
        """Many small frames, and these, in one piece."""
        flood = [frames.Ping(number) for number in range(COUNT)]
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        self.socket.sendall(b"".join(map(codec.encode, [*flood, *more])))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    yield peer
    peer.socket.close()


async def connect(peer: Peer, on_frame: Callable[[Frame], None]) -> Connection:
    """Our end."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(on_frame), sock=peer.ours)
    return connection


def numbers(received: list[Frame]) -> list[int]:
    """Which frames came."""
    return [frame.n for frame in received if isinstance(frame, frames.Ping)]


async def test_a_flood_is_handled_in_turns_and_in_order(peer: Peer) -> None:
    received: list[Frame] = []
    connection = await connect(peer, received.append)
    turns: list[int] = []
    peer.flood()
    while len(received) < COUNT:
        before = len(received)
        await asyncio.sleep(0)
        turns.append(len(received) - before)
    assert max(turns) <= FRAMES
    assert numbers(received) == list(range(COUNT))
    connection.fail(ClientError("done"))


async def test_what_came_before_the_end_of_the_stream_is_handled(peer: Peer) -> None:
    received: list[Frame] = []
    connection = await connect(peer, received.append)
    peer.flood(frames.Bye("shutdown", "until tomorrow"))
    peer.socket.close()
    reason = await connection.closed
    assert numbers(received) == list(range(COUNT))
    assert "until tomorrow" in str(reason)


async def test_what_came_before_the_connection_broke_is_handled() -> None:
    received: list[Frame] = []
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    peer = Peer()
    peer.ours.close()
    peer.socket.close()
    peer.socket, _ = listener.accept()
    listener.close()

    def breaks(frame: Frame) -> None:
        received.append(frame)
        if len(received) == 1:  # the peer resets it, and we notice it as we write
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.socket.close()
            connection.tell(frames.Ping())

    peer.flood()
    peer.ours = ours
    ours.settimeout(0)
    connection = await connect(peer, breaks)
    reason = await connection.closed
    assert len(received) > FRAMES
    assert numbers(received) == list(range(len(received)))
    assert "broke" in str(reason)


async def test_after_we_have_closed_no_further_turn_is_taken(peer: Peer) -> None:
    received: list[Frame] = []

    def closes(frame: Frame) -> None:
        received.append(frame)
        if len(received) == 1:
            connection.close()

    connection = await connect(peer, closes)
    peer.flood()
    await connection.closed
    assert len(received) <= FRAMES
